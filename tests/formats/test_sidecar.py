import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikejax.formats import FormatError, Sidecar, read_sidecar, sidecar_path, write_sidecar
from spikejax.formats.sidecar import read_spikecv_config

names = st.text(min_size=1, max_size=8).filter(lambda n: n not in Sidecar().__dict__)
values = st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.integers())


@given(extra=st.dictionaries(names, values), gain=st.floats(1e-6, 1e6))
def test_round_trip_keeps_unknown_names(tmp_path_factory, extra, gain):
    path = tmp_path_factory.mktemp("s") / "x.json"
    sidecar = Sidecar(height=250, width=400, gain=gain, flip=False, sensor="vidar", extra=extra)
    write_sidecar(path, sidecar)
    assert read_sidecar(path) == sidecar
    write_sidecar(path, sidecar.to_dict())
    assert read_sidecar(path) == sidecar


def test_the_sidecar_is_beside_the_recording(tmp_path):
    assert sidecar_path("a/b.c.dat").as_posix() == "a/b.c.json"
    write_sidecar(tmp_path / "x.dat", {"gain": 0.6})
    assert json.loads((tmp_path / "x.json").read_text()) == {"gain": 0.6}
    assert read_sidecar(tmp_path / "x.dat").gain == 0.6


def test_numpy_numbers_and_nulls_are_accepted(tmp_path):
    sidecar = Sidecar(height=np.int64(3), gain=np.float32(0.5), flip=np.bool_(True))
    write_sidecar(tmp_path / "x.json", sidecar)
    assert read_sidecar(tmp_path / "x.json") == Sidecar(height=3, gain=0.5, flip=True)
    (tmp_path / "x.json").write_text('{"height": null}')
    assert read_sidecar(tmp_path / "x.json") == Sidecar()


def test_merging_prefers_the_first_sidecar():
    first = Sidecar(height=1, extra={"a": 1})
    second = Sidecar(height=2, width=3, extra={"a": 2, "b": 3})
    assert first.over(second) == Sidecar(height=1, width=3, extra={"a": 1, "b": 3})


def test_missing_sidecar(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_sidecar(tmp_path / "x.json")


HOSTILE = {
    b"": "not valid JSON",
    b"{": "not valid JSON",
    b"null": "expected a JSON object, got NoneType",
    b"[" * 100_000: "not valid JSON",
    b"\xff\xfe\x00": "not a text file",
    b" " * (2 << 20): "expected at most 1048576 bytes, got more",
    b'{"height": 2.0}': "height: expected a whole number",
    b'{"height": true}': "height: expected a whole number",
    b'{"height": -5}': "height: expected a whole number of at least 1, got -5",
    b'{"readouts": 0}': "readouts: expected a whole number",
    b'{"gain": "1"}': "gain: expected a positive number, got '1'",
    b'{"gain": 1e999}': "gain: expected a positive number, got inf",
    b'{"gain": 1' + b"0" * 400 + b"}": "gain: expected a positive number, got 1000",
    b'{"gain": 1' + b"0" * 5000 + b"}": "not valid JSON",
    b'{"flip": "yes"}': "flip: expected true or false, got 'yes'",
    b'{"bit_order": ["little"]}': "bit_order: expected 'little'",
    b'{"sensor": {"name": 1}}': "sensor: expected a string",
}


@pytest.mark.parametrize(("contents", "message"), HOSTILE.items(), ids=list(HOSTILE.values()))
def test_malformed_sidecar_raises_one_line(tmp_path, contents, message):
    (tmp_path / "x.json").write_bytes(contents)
    with pytest.raises(FormatError, match=message) as error:
        read_sidecar(tmp_path / "x.json")
    assert "x.json" in str(error.value)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 300 + len(str(tmp_path))


@pytest.mark.parametrize("extra", [{"a": object()}, {"a": float("nan")}, {"a": {1, 2}}])
def test_values_outside_json_are_refused_and_nothing_is_written(tmp_path, extra):
    with pytest.raises(FormatError, match="cannot be written as JSON"):
        write_sidecar(tmp_path / "x.json", extra)
    assert not list(tmp_path.iterdir())


def test_byte_order_mark_is_skipped(tmp_path):
    (tmp_path / "x.json").write_bytes(b'\xef\xbb\xbf{"gain": 2}')
    assert read_sidecar(tmp_path / "x.json").gain == 2.0


def test_spikecv_config(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text(
        "base:\n  filepath: a.dat\n  spike_h: 250   # rows\n  spike_w: 400\nspike_width: 7\n"
    )
    assert read_spikecv_config(path) == Sidecar(height=250, width=400)
    path.write_text("other: 1\n")
    assert read_spikecv_config(path) == Sidecar()


@pytest.mark.parametrize("text", ["0", "-3", "1.5", "", "[250]", "9" * 5000, "२५०"])
def test_malformed_spikecv_config_is_named(tmp_path, text):
    (tmp_path / "config.yaml").write_text(f"spike_h: {text}\nspike_w: 400\n", encoding="utf-8")
    with pytest.raises(FormatError, match=r"config\.yaml: spike_h: expected a positive"):
        read_spikecv_config(tmp_path / "config.yaml")
