import pickle
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spikejax.formats import (
    FormatError,
    ReadoutIndexError,
    Recording,
    open_recording,
    write_array,
    write_dat,
)
from spikejax.ops.bits import unpack_bits

T, H, W = 12, 5, 11


@pytest.fixture(scope="module")
def spikes():
    return (np.random.default_rng(0).random((T, H, W)) < 0.4).astype(np.uint8)


@pytest.fixture(params=["dat", "aligned dat", "npy", "npz", "memory"])
def pair(request, tmp_path, spikes):
    """Returns a recording of each kind and its expected array."""
    if request.param == "memory":
        return Recording.from_array(spikes), spikes
    if request.param == "aligned dat":
        spikes = spikes[:, :, :8]
    path = tmp_path / f"x.{request.param.split()[-1]}"
    (write_dat if path.suffix == ".dat" else write_array)(path, spikes)
    return open_recording(path, *spikes.shape[1:]), spikes


indices = st.one_of(
    st.integers(-T, T - 1),
    st.slices(T),
    st.slices(3 * T),
    st.lists(st.integers(-T, T - 1), min_size=1),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(index=indices)
def test_indexing_is_numpys(pair, index):
    recording, expected = pair
    got = recording[index]
    assert got.dtype == np.uint8
    np.testing.assert_array_equal(got, expected[index])


def test_rows_and_columns_can_be_indexed_too(pair):
    recording, expected = pair
    for index in (np.s_[3, 2], np.s_[3:9, 1:3, ::-1], np.s_[-1, :, 4], np.s_[..., 2]):
        np.testing.assert_array_equal(recording[index], expected[index])


def test_unpack_bits_inverts_packed(pair):
    recording, expected = pair
    for start, stop in ((0, T), (3, 7), (5, 5)):
        packed = recording.packed(start, stop)
        assert packed.shape == (stop - start, H, -(-recording.width // 8))
        np.testing.assert_array_equal(unpack_bits(packed, recording.width), expected[start:stop])
    np.testing.assert_array_equal(recording.packed(), recording.packed(0, T))


def test_readouts_are_writable_copies(pair):
    recording, expected = pair
    before = expected.copy()
    recording[0:3][:] = 7
    recording.packed(0, 3)[:] = 7
    np.testing.assert_array_equal(recording[:], before)


def test_recordings_convert_to_numpy_arrays(pair):
    recording, expected = pair
    np.testing.assert_array_equal(np.asarray(recording), expected)
    assert np.asarray(recording, np.float32).dtype == np.float32
    assert (recording.ndim, recording.dtype) == (3, np.uint8)
    with pytest.raises(ValueError, match="copies"):
        np.asarray(recording, copy=False)


def test_chunks_and_iteration_cover_everything_in_order(pair):
    recording, expected = pair
    chunks = list(recording.chunks(5))
    assert [len(c) for c in chunks] == [5, 5, 2]
    np.testing.assert_array_equal(np.concatenate(chunks), expected)
    np.testing.assert_array_equal(np.stack(list(recording)), expected)
    with pytest.raises(ValueError, match="at least 1"):
        next(recording.chunks(0))


@pytest.mark.parametrize("index", [T, -T - 1, 10**30, [0, T], np.array([-T - 1])])
def test_a_readout_out_of_range_is_an_index_error(pair, index):
    with pytest.raises(ReadoutIndexError, match=f"out of range.*{T} readouts") as error:
        pair[0][index]
    assert isinstance(error.value, IndexError)
    assert isinstance(error.value, ValueError)


@pytest.mark.parametrize(("start", "stop"), [(-1, 3), (0, T + 1), (5, 4), (T + 1, None)])
def test_packed_does_not_clip(pair, start, stop):
    with pytest.raises(ReadoutIndexError, match=f"has {T}"):
        pair[0].packed(start, stop)


@pytest.mark.parametrize("index", ["a", 1.5, [[1]], None, [True, False]])
def test_other_indices_are_refused(pair, index):
    with pytest.raises(TypeError, match="integer, a slice or a list"):
        pair[0][index]


def test_facts(tmp_path, spikes):
    write_dat(tmp_path / "x.dat", spikes, sidecar={"sensor": "vidar", "lens": "25 mm"})
    recording = open_recording(tmp_path / "x.dat", rate_hz=40000, gain=0.6)
    assert recording.shape == (T, H, W) == (len(recording), recording.height, recording.width)
    assert (recording.rate_hz, recording.gain, recording.sensor) == (40000.0, 0.6, "vidar")
    assert recording.duration_s == pytest.approx(T / 40000)
    assert recording.path == tmp_path / "x.dat"
    assert recording.extra == {"lens": "25 mm"}
    for part in ("x.dat", "vidar", "12 readouts of 5x11", "40000 Hz", "0.0003 s", "gain 0.6"):
        assert part in repr(recording)


def test_a_copy_keeps_the_facts(tmp_path, spikes):
    write_dat(
        tmp_path / "a.dat", spikes, flip=False, bit_order="big", sidecar={"gain": 0.4, "n": 1}
    )
    first = open_recording(tmp_path / "a.dat")
    write_dat(tmp_path / "b.dat", first, sidecar=first.sidecar)
    second = open_recording(tmp_path / "b.dat")
    np.testing.assert_array_equal(second[:], spikes)
    assert (second.gain, second.extra) == (0.4, {"n": 1})


def test_recordings_are_immutable(pair):
    with pytest.raises(AttributeError):
        pair[0].gain = 2.0


def test_a_closed_recording_raises(pair):
    recording, expected = pair
    with recording as same:
        read = same[2:4]
    np.testing.assert_array_equal(read, expected[2:4])
    assert "closed" in repr(recording)
    for use in (len, lambda r: r[0], lambda r: r.packed(), lambda r: r.shape):
        with pytest.raises(ValueError, match="closed"):
            use(recording)


def test_pickling_a_file_keeps_its_name_not_its_contents(pair):
    recording, expected = pair
    pickled = pickle.dumps(recording)
    np.testing.assert_array_equal(pickle.loads(pickled)[:], expected)


def test_a_large_file_pickles_small(tmp_path):
    write_dat(tmp_path / "x.dat", np.zeros((100, 100, 80), np.uint8))
    assert len(pickle.dumps(open_recording(tmp_path / "x.dat", 100, 80))) < 2000


def test_from_array_accepts_zeros_and_ones_of_any_type(spikes):
    for dtype in (bool, np.int8, np.int64, np.float32):
        got = Recording.from_array(spikes.astype(dtype), rate_hz=1000, gain=0.5)
        np.testing.assert_array_equal(got[:], spikes)
        assert (got.path, got.rate_hz, got.gain) == (None, 1000.0, 0.5)
    assert "in memory" in repr(got)


def test_from_array_refuses_other_arrays(spikes):
    for wrong in (spikes[0], spikes[:0], spikes[None]):
        with pytest.raises(FormatError, match=r"\(T, H, W\)"):
            Recording.from_array(wrong)
    with pytest.raises(FormatError, match=r"0 and 1, got the value 2"):
        Recording.from_array(spikes * 2)
    with pytest.raises(FormatError, match=r"got the value nan"):
        Recording.from_array(np.full((1, 2, 2), np.nan))
    with pytest.raises(FormatError, match="complex"):
        Recording.from_array(spikes.astype(complex))
    with pytest.raises(FormatError, match=r"gain: expected a positive number, got 0"):
        Recording.from_array(spikes, gain=0)


@pytest.mark.parametrize("suffix", [".dat", ".npy"])
def test_a_20_gb_file_opens_at_once_and_in_little_memory(tmp_path, suffix):
    """Runs in a separate process, to measure time and memory."""
    readouts = 1_600_000 if suffix == ".dat" else 200_000
    path = tmp_path / f"large{suffix}"
    with path.open("wb") as file:
        if suffix == ".npy":
            shape = (readouts, 250, 400)
            header = {"descr": "|u1", "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(file, header)
        file.truncate(file.tell() + 20_000_000_000)  # a sparse file, without space on the disk
    code = f"""if True:
        import resource, time
        from spikejax.formats import open_recording
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        start = time.perf_counter()
        recording = open_recording({str(path)!r}, 250, 400)
        assert recording.shape == ({readouts}, 250, 400), recording.shape
        assert recording[{readouts} - 61 :].shape == (61, 250, 400)
        assert recording[-1].sum() == 0 and recording.packed(10**5, 10**5 + 61).sum() == 0
        assert time.perf_counter() - start < 2
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        assert grown < 64 << 10, grown  # kibibytes
    """
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_importing_formats_loads_no_image_library():
    code = (
        "import sys, spikejax.formats;"
        "print(sorted({'av', 'PIL', 'imageio', 'jax', 'scipy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
