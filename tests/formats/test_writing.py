import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from spikejax.formats import FormatError, Recording, open_recording, write_array, write_dat, writing

sizes = st.tuples(st.integers(1, 5), st.integers(1, 9), st.integers(1, 20))
spikes_of_any_size = sizes.flatmap(lambda s: hnp.arrays(np.uint8, s, elements=st.integers(0, 1)))


@pytest.fixture
def spikes(rng):
    return (rng.random((9, 6, 10)) < 0.5).astype(np.uint8)


@given(spikes_of_any_size, st.booleans(), st.sampled_from(["little", "big"]), st.integers(0, 9))
def test_round_trip_is_exact(tmp_path_factory, spikes, flip, bit_order, padding):
    path = tmp_path_factory.mktemp("d") / "x.dat"
    stored_width = spikes.shape[2] + padding
    options = {"flip": flip, "bit_order": bit_order, "stored_width": stored_width}
    write_dat(path, spikes, **options)
    assert path.stat().st_size == len(spikes) * -(-spikes.shape[1] * stored_width // 8)
    np.testing.assert_array_equal(open_recording(path, *spikes.shape[1:], **options)[:], spikes)
    write_dat(path, spikes, **options, sidecar={"gain": 0.6})
    np.testing.assert_array_equal(open_recording(path)[:], spikes)


def test_golden_file_is_written_bit_for_bit(tmp_path, golden):
    from pathlib import Path

    write_dat(tmp_path / "x.dat", golden("simulate")["circuit_spikes"])
    expected = Path(__file__).parents[1] / "golden" / "spikes_60x18x24.dat"
    assert (tmp_path / "x.dat").read_bytes() == expected.read_bytes()


def test_every_kind_of_input_writes_the_same(tmp_path, spikes):
    import jax.numpy as jnp

    write_dat(tmp_path / "x.dat", spikes)
    expected = (tmp_path / "x.dat").read_bytes()
    for form in (
        spikes.astype(bool),
        spikes.astype(np.float32),
        jnp.asarray(spikes),
        Recording.from_array(spikes),
        [spikes[:4], spikes[4:4], spikes[4:]],
        (chunk for chunk in np.split(spikes, 3)),
    ):
        write_dat(tmp_path / "x.dat", form)
        assert (tmp_path / "x.dat").read_bytes() == expected


def test_arrays_are_written_in_chunks(tmp_path, spikes, monkeypatch):
    monkeypatch.setattr(writing, "_CHUNK_BYTES", 150)
    slices = []

    class Lazy:
        shape = spikes.shape

        def __getitem__(self, index):
            slices.append(index)
            return spikes[index]

    write_dat(tmp_path / "x.dat", Lazy())
    write_array(tmp_path / "x.npy", Lazy())
    assert {s.stop - s.start for s in slices} == {2}
    np.testing.assert_array_equal(open_recording(tmp_path / "x.dat", 6, 10)[:], spikes)
    np.testing.assert_array_equal(np.load(tmp_path / "x.npy"), spikes)


@pytest.mark.parametrize("name", ["x.npy", "x.npz"])
def test_arrays_are_numpy_files(tmp_path, spikes, name):
    write_array(tmp_path / name, spikes.astype(bool), sidecar={"gain": 0.25})
    loaded = np.load(tmp_path / name, allow_pickle=False)
    loaded = loaded["spikes"] if name == "x.npz" else loaded
    assert loaded.dtype == np.uint8
    np.testing.assert_array_equal(loaded, spikes)
    assert open_recording(tmp_path / name).gain == 0.25


WRONG = {
    "a value of 2": (np.full((1, 2, 2), 2), "0 and 1, got the value 2"),
    "a fraction": (np.full((1, 2, 2), 0.5), "0 and 1, got the value 0.5"),
    "text": (np.full((1, 2, 2), "a"), "0 and 1, got values of type <U1"),
    "one readout": (np.zeros((2, 2)), r"expected the shape \(T, H, W\), got \(2, 2\)"),
    "a batch": (np.zeros((1, 1, 2, 2)), r"expected the shape \(T, H, W\)"),
    "nothing": (np.zeros((0, 2, 2)), r"expected the shape \(T, H, W\), got \(0, 2, 2\)"),
    "no chunks": ([], "at least one readout, got none"),
    "empty chunks": ([np.zeros((0, 2, 2))], "at least one readout, got none"),
    "images": ([np.zeros((2, 2))], r"chunks of shape \(n, H, W\), got \(2, 2\)"),
    "unlike chunks": (
        [np.zeros((1, 2, 2)), np.zeros((1, 2, 3))],
        r"a chunk of \(2, 3\) follows chunks of \(2, 2\)",
    ),
    "a number": (3, "expected an array or chunks, got int"),
    "late failure": ([np.zeros((1, 2, 2)), np.full((1, 2, 2), 7)], "got the value 7"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_spikes_are_named_and_leave_nothing(tmp_path, name):
    spikes, message = WRONG[name]
    with pytest.raises(FormatError, match=message):
        write_dat(tmp_path / "x.dat", spikes, sidecar={})
    assert not list(tmp_path.iterdir())
    with pytest.raises(FormatError):
        write_array(tmp_path / "x.npz", spikes, sidecar={})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_a_failing_source_leaves_the_old_file(tmp_path, spikes, error):
    def source():
        yield spikes
        raise error

    write_dat(tmp_path / "x.dat", spikes, sidecar={})
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    with pytest.raises(error):
        write_dat(tmp_path / "x.dat", source(), sidecar={"gain": 0.5})
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_sidecar_describes_the_file(tmp_path, spikes):
    sidecar = {"gain": 0.6, "scene": "car"}
    write_dat(tmp_path / "x.dat", spikes, flip=False, stored_width=16, sidecar=sidecar)
    assert json.loads((tmp_path / "x.json").read_text()) == {
        "height": 6,
        "width": 10,
        "stored_width": 16,
        "gain": 0.6,
        "flip": False,
        "bit_order": "little",
        "readouts": 9,
        "scene": "car",
    }


@pytest.mark.parametrize(
    "sidecar",
    [{"height": 7}, {"flip": False}, {"bit_order": "big"}, {"readouts": 3}, {"stored_width": 16}],
)
def test_a_sidecar_that_contradicts_is_refused(tmp_path, spikes, sidecar):
    (name, value), *_ = sidecar.items()
    with pytest.raises(FormatError, match=f"says {name} {value}, but the spikes have"):
        write_dat(tmp_path / "x.dat", spikes, sidecar=sidecar)
    assert not list(tmp_path.iterdir())
    (tmp_path / "x.json").write_text(json.dumps(sidecar))
    with pytest.raises(FormatError, match=r"pass sidecar= to replace x\.json"):
        write_dat(tmp_path / "x.dat", spikes)
    write_dat(tmp_path / "x.dat", spikes, sidecar={})
    np.testing.assert_array_equal(open_recording(tmp_path / "x.dat")[:], spikes)


@pytest.mark.parametrize("sidecar", [{"gain": -1}, {"a": object()}])
def test_an_impossible_sidecar_is_refused_first(tmp_path, sidecar):
    with pytest.raises(FormatError):
        write_dat(tmp_path / "x.dat", (pytest.fail("read") for _ in range(1)), sidecar=sidecar)
    assert not list(tmp_path.iterdir())


def test_names_and_options_are_checked(tmp_path, spikes):
    with pytest.raises(FormatError, match=r"x\.npy: expected a name that ends in \.dat"):
        write_dat(tmp_path / "x.npy", spikes)
    with pytest.raises(FormatError, match=r"x\.dat: expected a name that ends in \.npy or \.npz"):
        write_array(tmp_path / "x.dat", spikes)
    with pytest.raises(FormatError, match="expected an array or a Recording, got list"):
        write_array(tmp_path / "x.npy", [spikes])
    with pytest.raises(FormatError, match="bit_order"):
        write_dat(tmp_path / "x.dat", spikes, bit_order="msb")
    with pytest.raises(FormatError, match="at least the width"):
        write_dat(tmp_path / "x.dat", spikes, stored_width=8)
    with pytest.raises(FileNotFoundError, match="folder"):
        write_dat(tmp_path / "none" / "x.dat", spikes)
    assert not list(tmp_path.iterdir())
