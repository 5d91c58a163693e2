"""Reading of .dat files by system calls."""

import pickle

import numpy as np
import pytest

import spikejax as sj
from spikejax.formats import FormatError, unmapped, write_dat


@pytest.fixture
def file(tmp_path, rng):
    spikes = (rng.random((30, 9, 24)) < 0.4).astype(np.uint8)
    write_dat(tmp_path / "a.dat", spikes)
    return tmp_path / "a.dat", spikes


@pytest.mark.parametrize(
    "index",
    [3, -1, slice(None), slice(2, 5), slice(4, 4), slice(None, None, -3), [4, 0, -2]],
    ids=str,
)
def test_the_readouts_are_those_of_the_mapped_file(file, index):
    path, spikes = file
    recording = unmapped(sj.open_recording(path, 9, 24))
    np.testing.assert_array_equal(recording[index], spikes[index])
    again = pickle.loads(pickle.dumps(recording))
    np.testing.assert_array_equal(again[index], spikes[index])


def test_packed_readouts_too(file):
    path, spikes = file
    packed = unmapped(sj.open_recording(path, 9, 24)).packed(3, 9)
    expected = np.packbits(spikes[3:9], axis=-1, bitorder="little")
    np.testing.assert_array_equal(packed, expected)


def test_a_file_that_is_cut_meanwhile_is_an_error_and_not_the_end(file):
    path, spikes = file
    recording = unmapped(sj.open_recording(path, 9, 24))
    with path.open("r+b") as opened:
        opened.truncate(27 * 10 + 5)
    np.testing.assert_array_equal(recording[9], spikes[9])
    with pytest.raises(FormatError, match="ends within readout 10: the file was cut"):
        recording[8:12]


def test_a_deleted_file_stays_readable(file):
    path, spikes = file
    recording = unmapped(sj.open_recording(path, 9, 24))
    path.unlink()
    np.testing.assert_array_equal(recording[:], spikes)


def test_arrays_stay_as_they_are():
    recording = sj.Recording.from_array(np.zeros((2, 3, 4), np.uint8))
    assert unmapped(recording) is recording
