"""Reading of small matrices, such as the homography between two cameras."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from spikejax.formats.atomic import require_regular_file
from spikejax.formats.errors import FormatError, first_line

_MAX_BYTES = 1 << 16  # nine numbers take a few lines; a longer file is something else


def read_matrix(path: str | Path, rows: int = 3, columns: int = 3) -> npt.NDArray[np.float64]:
    """Reads a matrix from a text file or a .npy file.

    Args:
        path: the file. In a text file, blanks, commas, semicolons or line breaks separate the
            numbers; brackets and comments (# to the end of the line) are ignored.
        rows: rows of the matrix.
        columns: columns of the matrix.

    Returns:
        (rows, columns) float64, finite.

    Raises:
        FileNotFoundError: if the file does not exist.
        OSError: if it is a directory or not readable.
        FormatError: if it does not contain such a matrix.
    """
    path = require_regular_file(path, f"a matrix of {rows}x{columns} numbers")
    expected = f"{path}: expected {rows}x{columns} numbers"
    with path.open("rb") as file:
        data = file.read(_MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        raise FormatError(f"{expected}, got more than {_MAX_BYTES} bytes")
    if data.startswith(np.lib.format.MAGIC_PREFIX):
        values = _load(path, expected)
        if values.shape != (rows, columns):
            raise FormatError(f"{expected}, got an array of shape {values.shape}")
    else:
        numbers = _parse(data, expected)
        if len(numbers) != rows * columns:
            raise FormatError(f"{expected}, got {len(numbers)}")
        values = np.reshape(np.array(numbers, np.float64), (rows, columns))
    if not np.isfinite(values).all():
        raise FormatError(f"{expected}, got one that is not finite")
    return values


def _load(path: Path, expected: str) -> npt.NDArray[np.float64]:
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except Exception as error:  # numpy raises many types on a malformed header
        raise FormatError(f"{expected}, got no readable .npy ({first_line(error)})") from None
    if array.dtype.kind not in "iuf":
        raise FormatError(f"{expected}, got values of type {array.dtype}")
    return np.array(array, np.float64)


def _parse(data: bytes, expected: str) -> list[float]:
    try:
        lines = data.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise FormatError(f"{expected}, got no text and no .npy file") from None
    blanks = str.maketrans("[](),;", " " * 6)
    numbers = []
    for word in " ".join(line.split("#")[0] for line in lines).translate(blanks).split():
        try:
            numbers.append(float(word))
        except ValueError:
            raise FormatError(f"{expected}, got {word[:40]!r}") from None
    return numbers
