"""Tests of reading matrices."""

import numpy as np
import pytest

from spikejax.formats import FormatError
from spikejax.formats.matrices import read_matrix


@pytest.fixture
def matrix(rng):
    return rng.normal(size=(3, 3))


def test_files_written_by_numpy_are_read(tmp_path, matrix):
    np.savetxt(tmp_path / "a.txt", matrix, header="photograph to spikes")
    np.savetxt(tmp_path / "a.csv", matrix, delimiter=",")
    np.save(tmp_path / "a.npy", np.asfortranarray(matrix))
    (tmp_path / "a.json").write_text(str(matrix.tolist()))
    for name in ("a.txt", "a.csv", "a.npy", "a.json"):
        np.testing.assert_array_equal(read_matrix(tmp_path / name), matrix)
    np.save(tmp_path / "whole.npy", np.eye(3, dtype=np.int32))
    np.testing.assert_array_equal(read_matrix(tmp_path / "whole.npy"), np.eye(3))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "3x3 numbers, got 0"),
        (b"1 0 0\n0 1 0\n0 0", "3x3 numbers, got 8"),
        (b"1 0 0 0 1 0 0 0 one", "3x3 numbers, got 'one'"),
        (b"1 0 0 0 1 0 0 0 inf", "not finite"),
        (b"1 0 0 0 1 0 0 0 nan", "not finite"),
        (b"\xff\xfe\x00", "no text and no .npy"),
        (b"1 " * 100_000, "more than 65536 bytes"),
        (b"\x93NUMPY\x01\x00", "no readable .npy"),
        (b"\x93NUMPY\x09\x09 what", "no readable .npy"),
    ],
)
def test_other_files_raise_one_line(tmp_path, content, message):
    (tmp_path / "bad").write_bytes(content)
    with pytest.raises(FormatError, match=message) as error:
        read_matrix(tmp_path / "bad")
    assert "\n" not in str(error.value)


def test_arrays_of_other_shapes_or_types_are_refused(tmp_path):
    cases = {"got an array of shape": np.eye(4), "values of type": np.full((3, 3), "a")}
    cases["no readable .npy"] = np.array([[None] * 3] * 3)
    for message, array in cases.items():
        np.save(tmp_path / "bad.npy", array)
        with pytest.raises(FormatError, match=message):
            read_matrix(tmp_path / "bad.npy")
    with pytest.raises(IsADirectoryError, match="expected a matrix"):
        read_matrix(tmp_path)
