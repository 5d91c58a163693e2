import json
import os

import numpy as np
import pytest

from spikejax.formats import FormatError, open_recording, write_array, write_dat


@pytest.fixture
def spikes(rng):
    return (rng.random((6, 18, 24)) < 0.3).astype(np.uint8)


def test_golden_file_reads_as_the_spikes_it_was_written_from(golden):
    from pathlib import Path

    path = Path(__file__).parents[1] / "golden" / "spikes_60x18x24.dat"
    recording = open_recording(path, height=18, width=24)
    np.testing.assert_array_equal(recording[:], golden("simulate")["circuit_spikes"])


def test_public_function_accepts_all_options(tmp_path, spikes):
    import spikejax as sj

    sj.write_dat(tmp_path / "x.dat", spikes)
    recording = sj.open_recording(
        str(tmp_path / "x.dat"),
        height=18,
        width=24,
        rate_hz=20000.0,
        gain=1.0,
        flip=True,
        bit_order="little",
    )
    np.testing.assert_array_equal(recording[:], spikes)


def test_defaults(tmp_path, spikes):
    write_dat(tmp_path / "x.dat", spikes)
    recording = open_recording(tmp_path / "x.dat", 18, 24)
    assert (recording.rate_hz, recording.gain, recording.sensor) == (20000.0, 1.0, None)


def test_argument_beats_sidecar_beats_config_beats_default(tmp_path, spikes):
    path = tmp_path / "x.dat"
    write_dat(path, spikes)
    (tmp_path / "config.yaml").write_text("filename: x\nspike_h: 9\nspike_w : 24  # pixels\n")
    assert open_recording(path).shape == (12, 9, 24)
    (tmp_path / "x.json").write_text('{"height": 18, "gain": 0.4, "rate_hz": 1000}')
    recording = open_recording(path)
    assert recording.shape == (6, 18, 24)
    assert (recording.rate_hz, recording.gain) == (1000.0, 0.4)
    recording = open_recording(path, 36, gain=0.6)
    assert recording.shape == (3, 36, 24)
    assert (recording.rate_hz, recording.gain) == (1000.0, 0.6)


def test_flip_and_bit_order_come_from_the_sidecar(tmp_path, spikes):
    path = tmp_path / "x.dat"
    write_dat(path, spikes, flip=False, bit_order="big", sidecar={})
    np.testing.assert_array_equal(open_recording(path)[:], spikes)
    np.testing.assert_array_equal(open_recording(path, flip=True)[:], spikes[:, ::-1])
    assert not np.array_equal(open_recording(path, bit_order="little")[:], spikes)


def test_raw_rows_are_cropped(tmp_path, rng):
    raw = (rng.random((4, 10, 32)) < 0.5).astype(np.uint8)
    write_dat(tmp_path / "x.dat", raw)
    write_array(tmp_path / "x.npy", raw)
    for name in ("x.dat", "x.npy"):
        recording = open_recording(tmp_path / name, 10, 21, stored_width=32)
        np.testing.assert_array_equal(recording[:], raw[:, :, :21])


def test_missing_size_names_the_arguments_and_the_sizes_that_fit(tmp_path):
    (tmp_path / "x.dat").write_bytes(bytes(2_500_000))
    with pytest.raises(FormatError) as error:
        open_recording(tmp_path / "x.dat")
    message = str(error.value)
    assert "\n" not in message
    for part in ("height= and width=", "x.json", "250x400 (200 readouts)", "500x800 (50 readouts)"):
        assert part in message
    assert "180x320" not in message
    with pytest.raises(FormatError, match="does not contain its size"):
        open_recording(tmp_path / "x.dat", height=250)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"height": 0}, "height: expected a whole number of at least 1, got 0"),
        ({"height": 2.5}, "height: expected a whole number"),
        ({"width": "400"}, "width: expected a whole number"),
        ({"width": True}, "width: expected a whole number"),
        ({"height": 10**40}, "not a whole number of"),
        ({"rate_hz": -1}, "rate_hz: expected a positive number, got -1"),
        ({"gain": float("nan")}, "gain: expected a positive number, got nan"),
        ({"gain": float("inf")}, "gain: expected a positive number"),
        ({"flip": 1}, "flip: expected true or false, got 1"),
        ({"bit_order": "msb"}, "bit_order: expected 'little'.*'big', got 'msb'"),
        ({"stored_width": 3}, "stored_width: expected at least the width"),
    ],
)
def test_wrong_options_are_named(tmp_path, spikes, options, message):
    write_dat(tmp_path / "x.dat", spikes)
    with pytest.raises(FormatError, match=message):
        open_recording(tmp_path / "x.dat", **{"height": 18, "width": 24, **options})


@pytest.mark.parametrize("suffix", [".dat", ".npy", ".npz"])
def test_unreadable_files(tmp_path, suffix):
    path = tmp_path / f"x{suffix}"
    with pytest.raises(FileNotFoundError, match=path.name):
        open_recording(path, 18, 24)
    path.mkdir()
    with pytest.raises(IsADirectoryError, match=f"{path.name}: is a directory"):
        open_recording(path, 18, 24)
    path.rmdir()
    os.mkfifo(path)
    with pytest.raises(OSError, match="a device or a pipe"):
        open_recording(path, 18, 24)
    path.unlink()
    path.write_bytes(b"")
    with pytest.raises(FormatError, match=r"empty|not a readable"):
        open_recording(path, 18, 24)


@pytest.mark.skipif(os.geteuid() == 0, reason="root can read all files")
def test_no_permission(tmp_path, spikes):
    write_dat(tmp_path / "x.dat", spikes)
    (tmp_path / "x.dat").chmod(0)
    with pytest.raises(PermissionError, match=r"x\.dat"):
        open_recording(tmp_path / "x.dat", 18, 24)


def test_unknown_suffix(tmp_path):
    (tmp_path / "x.raw").write_bytes(b"1")
    with pytest.raises(FormatError, match=r"x\.raw: expected a name that ends in \.dat, \.npy or"):
        open_recording(tmp_path / "x.raw", 1, 8)


def test_truncation_is_noticed(tmp_path, spikes):
    path = tmp_path / "x.dat"
    write_dat(path, spikes, sidecar={})
    data = path.read_bytes()
    path.write_bytes(data[:-1])
    with pytest.raises(FormatError, match=r"not a whole number.*270 \(5\) or 324 \(6\)"):
        open_recording(path)
    path.write_bytes(data[:-54])
    with pytest.raises(FormatError, match=r"holds 5 readouts, but x\.json says 6 \(truncated\?\)"):
        open_recording(path)
    assert len(open_recording(path, height=9)) == 10  # another size ignores the sidecar's count


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", r"x\.json: not valid JSON"),
        ("[]", r"x\.json: expected a JSON object, got list"),
        ('{"height": "18"}', r"x\.json: height: expected a whole number.*'18'"),
        ('{"gain": NaN}', r"x\.json: gain: expected a positive number, got nan"),
    ],
)
def test_malformed_sidecar_is_named(tmp_path, spikes, text, message):
    write_dat(tmp_path / "x.dat", spikes)
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(FormatError, match=message):
        open_recording(tmp_path / "x.dat", 18, 24)


def test_malformed_config_is_named(tmp_path, spikes):
    write_dat(tmp_path / "x.dat", spikes)
    (tmp_path / "config.yaml").write_text("spike_h: tall\nspike_w: 24\n")
    with pytest.raises(FormatError, match=r"config\.yaml: spike_h: expected a positive.*'tall'"):
        open_recording(tmp_path / "x.dat")
    assert len(open_recording(tmp_path / "x.dat", 18, 24)) == 6  # the config is not read


def test_array_size_comes_from_the_file_and_is_checked(tmp_path, spikes):
    for name in ("x.npy", "x.npz"):
        write_array(tmp_path / name, spikes)
        assert open_recording(tmp_path / name).shape == (6, 18, 24)
        with pytest.raises(FormatError, match=r"\(6, 18, 24\) does not hold readouts of 20x24"):
            open_recording(tmp_path / name, 20, 24)


def test_dat_layout_in_a_sidecar_is_ignored_for_arrays(tmp_path, spikes):
    write_array(tmp_path / "x.npy", spikes)
    (tmp_path / "x.json").write_text(json.dumps({"flip": True, "stored_width": 32, "gain": 0.5}))
    recording = open_recording(tmp_path / "x.npy")
    np.testing.assert_array_equal(recording[:], spikes)
    assert recording.gain == 0.5


def test_a_bottom_up_array_can_be_flipped(tmp_path, spikes):
    np.save(tmp_path / "x.npy", spikes[:, ::-1])
    np.testing.assert_array_equal(open_recording(tmp_path / "x.npy", flip=True)[:], spikes)
