import io
import struct
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spikejax.formats import FormatError, arrays, open_recording


@pytest.fixture
def spikes(rng):
    return (rng.random((7, 5, 6)) < 0.5).astype(np.uint8)


@pytest.mark.parametrize("dtype", ["?", "u1", "i1", "<i8", ">i4", "<f4"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_any_array_of_zeros_and_ones_reads(tmp_path, spikes, dtype, order):
    array = np.asarray(spikes.astype(dtype), order=order)
    np.save(tmp_path / "a.npy", array)
    np.savez(tmp_path / "b.npz", array)
    np.savez_compressed(tmp_path / "c.npz", array)
    for name in ("a.npy", "b.npz", "c.npz"):
        got = open_recording(tmp_path / name)[1:5]
        assert got.dtype == np.uint8
        np.testing.assert_array_equal(got, spikes[1:5])


@pytest.mark.parametrize("name", ["a.npy", "b.npz"])
def test_uncompressed_files_are_mapped(tmp_path, spikes, name, monkeypatch):
    mapped = []
    memmap = np.memmap
    monkeypatch.setattr(np, "memmap", lambda *a, **k: mapped.append(k) or memmap(*a, **k))
    np.save(tmp_path / "a.npy", spikes)
    np.savez(tmp_path / "b.npz", other=np.arange(3), spikes=spikes)
    np.testing.assert_array_equal(open_recording(tmp_path / name)[:], spikes)
    assert len(mapped) == 1


def test_time_last_is_an_option(tmp_path, spikes):
    np.save(tmp_path / "x.npy", spikes.transpose(1, 2, 0))
    recording = open_recording(tmp_path / "x.npy", 5, 6, time_axis="last")
    np.testing.assert_array_equal(recording[2:4], spikes[2:4])
    np.testing.assert_array_equal(recording.packed(2, 4)[:, :, 0] & 1, spikes[2:4, :, 0])


def test_wrong_time_axis_is_explained(tmp_path, spikes):
    np.save(tmp_path / "last.npy", spikes.transpose(1, 2, 0))
    np.save(tmp_path / "first.npy", spikes)
    with pytest.raises(FormatError, match=r"looks like \(H, W, T\): pass time_axis='last'"):
        open_recording(tmp_path / "last.npy", 5, 6)
    with pytest.raises(FormatError, match=r"looks like \(T, H, W\): pass time_axis='first'"):
        open_recording(tmp_path / "first.npy", 5, 6, time_axis="last")
    with pytest.raises(FormatError, match="expected 'first' or 'last', got 'middle'"):
        open_recording(tmp_path / "first.npy", time_axis="middle")


def test_npz_arrays_are_selected_by_key(tmp_path, spikes):
    np.savez(tmp_path / "one.npz", anything=spikes)
    np.savez(tmp_path / "named.npz", spikes=spikes, light=np.zeros(3))
    np.savez(tmp_path / "two.npz", a=spikes, b=1 - spikes)
    for name in ("one", "named"):
        np.testing.assert_array_equal(open_recording(tmp_path / f"{name}.npz")[:], spikes)
    np.testing.assert_array_equal(open_recording(tmp_path / "two.npz", key="b")[:], 1 - spikes)
    with pytest.raises(FormatError, match="contains no array 'spikes'; pass key= one of: 'a', 'b'"):
        open_recording(tmp_path / "two.npz")
    with pytest.raises(FormatError, match="contains no array 'c'"):
        open_recording(tmp_path / "two.npz", key="c")


def test_values_are_checked_when_they_are_read(tmp_path, spikes):
    spikes[3, 0, 0] = 255
    np.save(tmp_path / "x.npy", spikes)
    recording = open_recording(tmp_path / "x.npy")
    assert recording[:3].shape == (3, 5, 6)
    for read in (lambda: recording[2:5], lambda: recording.packed(3, 4)):
        with pytest.raises(FormatError, match=r"x\.npy: expected spikes of 0 and 1, got.* 255"):
            read()


class Bomb:
    def __reduce__(self):
        return pytest.fail, ("unpickled",)


def test_pickles_are_never_loaded(tmp_path):
    array = np.full((2, 2, 2), Bomb(), dtype=object)
    np.save(tmp_path / "a.npy", array)
    np.savez(tmp_path / "b.npz", array)
    np.savez_compressed(tmp_path / "c.npz", array)
    for name in ("a.npy", "b.npz", "c.npz"):
        with pytest.raises(FormatError, match="pickled Python objects, which are never loaded"):
            open_recording(tmp_path / name)
    import pickle

    (tmp_path / "d.npy").write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(FormatError, match="not a readable numpy header"):
        open_recording(tmp_path / "d.npy")


def npy(header, body=b"", version=(1, 0)):
    text = header.encode("latin1")
    length = struct.pack("<H" if version == (1, 0) else "<I", len(text))
    return b"\x93NUMPY" + bytes(version) + length + text + body


def header(shape, descr="'|u1'"):
    return f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n"


HOSTILE = {
    "empty": b"",
    "garbage": b"garbage" * 10,
    "magic only": b"\x93NUMPY\x01\x00",
    "header cut": npy(header("(1, 2, 2)"))[:30],
    "unknown version": npy(header("(1, 2, 2)"), bytes(4), (9, 9)),
    "header no literal": npy("__import__('os').getcwd()\n"),
    "header deep": npy("(" * 9000 + "\n"),
    "header huge": npy(" " * 20000 + header("(1, 2, 2)"), bytes(4)),
    "negative": npy(header("(-1, -2, 2)"), bytes(4)),
    "no dimensions": npy(header("()"), bytes(1)),
    "two dimensions": npy(header("(2, 2)"), bytes(4)),
    "empty array": npy(header("(0, 2, 2)")),
    "truncated": npy(header("(2, 2, 2)"), bytes(7)),
    "longer than it says": npy(header("(2, 2, 2)"), bytes(9)),
    "petabytes": npy(header("(10**9, 10**3, 10**3)".replace("10**9", "1" + "0" * 9)), bytes(8)),
    "overflow": npy(header("(4294967296, 4294967296, 1)"), bytes(8)),
    "overflow to the size": npy(header(f"({2**61 + 1}, 8, 1)"), bytes(8)),
    "strings": npy(header("(1, 2, 2)", "'|S1'"), bytes(4)),
    "structured": npy(header("(1, 2, 2)", "[('a', '|u1')]"), bytes(4)),
    "dates": npy(header("(1, 1, 1)", "'<M8[s]'"), bytes(8)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_npy_raises_one_line(tmp_path, name):
    (tmp_path / "x.npy").write_bytes(HOSTILE[name])
    with pytest.raises(FormatError, match=r"x\.npy: ") as error:
        open_recording(tmp_path / "x.npy")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_npz_member_raises_one_line(tmp_path, name, compression):
    with zipfile.ZipFile(tmp_path / "x.npz", "w", compression) as archive:
        archive.writestr("spikes.npy", HOSTILE[name])
    with pytest.raises(FormatError, match=r"x\.npz: ") as error:
        open_recording(tmp_path / "x.npz")
    assert "\n" not in str(error.value)


def test_zip_bomb_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(arrays, "MAX_LOADED_BYTES", 1 << 20)
    np.savez_compressed(tmp_path / "x.npz", np.zeros((2, 1024, 1024), np.uint8))
    assert (tmp_path / "x.npz").stat().st_size < 10_000
    with pytest.raises(
        FormatError, match=r"2097152 bytes, too many to load.*convert it to \.dat or \.npy"
    ):
        open_recording(tmp_path / "x.npz")


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(data=st.data())
def test_a_damaged_npz_is_refused_or_read(tmp_path, save, data):
    """Any change or loss of bytes raises a FormatError or nothing."""
    buffer = io.BytesIO()
    save(buffer, (np.arange(2 * 9 * 8).reshape(2, 9, 8) % 3 == 0).astype(np.uint8))
    contents = bytearray(buffer.getvalue())
    for _ in range(data.draw(st.integers(1, 3))):
        contents[data.draw(st.integers(0, len(contents) - 1))] = data.draw(st.integers(0, 255))
    contents = contents[: data.draw(st.integers(0, len(contents)))]
    (tmp_path / "x.npz").write_bytes(bytes(contents))
    try:
        open_recording(tmp_path / "x.npz")[:]
    except FormatError as error:
        assert "\n" not in str(error)
