"""Spikes as numpy arrays: in memory, in .npy files and in .npz files.

.npy files and uncompressed members of .npz files (`np.savez`) are memory-mapped. Compressed members
are loaded. Pickled data are refused.
"""

import functools
import math
import os
import struct
import zipfile
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from spikejax.formats.errors import FormatError, first_line

MAX_LOADED_BYTES = 8 << 30  # larger compressed arrays are refused


def as_spikes(values: Any, name: str) -> npt.NDArray[np.uint8]:
    """Checks that an array holds spikes.

    Args:
        values: bool, integer or float array of any shape, every value 0 or 1.
        name: source of the array, for the message.

    Returns:
        The spikes as uint8; the result may share memory with `values`.

    Raises:
        FormatError: if the array holds other types or values.
    """
    array = np.asarray(values)
    if array.dtype == np.bool_:
        return array.view(np.uint8)
    if array.dtype.kind not in "iuf":
        raise FormatError(f"{name}: expected spikes of 0 and 1, got values of type {array.dtype}")
    if array.dtype == np.uint8:
        valid = not array.size or array.max() <= 1
    else:
        valid = ((array == 0) | (array == 1)).all()
    if not valid:
        wrong = array[(array != 0) & (array != 1)].flat[0]
        raise FormatError(f"{name}: expected spikes of 0 and 1, got the value {wrong}")
    return array.astype(np.uint8, copy=False)


class SpikeArray:
    """A (T, H, W) array as the source of a recording; values are checked when they are read."""

    def __init__(self, array: npt.NDArray[Any], name: str, reopen: Any = None) -> None:
        """Wraps an array without copying it.

        Args:
            array: (T, H, W) with values 0 and 1, in memory or memory-mapped.
            name: source of the array, for messages.
            reopen: for an array in a file, a picklable function without arguments that creates
                this object again.
        """
        self._array = array
        self._name = name
        self._reopen = reopen
        self.shape = (array.shape[0], array.shape[1], array.shape[2])

    def __reduce__(self) -> tuple[Any, ...]:
        if self._reopen is not None:
            return self._reopen, ()
        return SpikeArray, (np.asarray(self._array), self._name)

    def read(self, index: Any) -> npt.NDArray[np.uint8]:
        """Returns a copy of the readouts that a numpy index along the first axis selects."""
        return np.array(as_spikes(self._array[index], self._name), order="C")

    def read_packed(self, index: Any) -> npt.NDArray[np.uint8]:
        """Returns the same readouts as packed rows."""
        spikes = as_spikes(self._array[index], self._name)
        return np.packbits(spikes, axis=-1, bitorder="little")


def open_array(
    path: Path,
    *,
    height: int | None = None,
    width: int | None = None,
    stored_width: int | None = None,
    flip: bool = False,
    time_axis: str = "first",
    key: str | None = None,
) -> SpikeArray:
    """Opens a .npy or .npz file of spikes.

    Args:
        path: the file.
        height: expected rows, or None.
        width: expected columns, or None.
        stored_width: columns in the file, if the columns beyond `width` are padding.
        flip: whether the bottom row is stored first.
        time_axis: 'first' for (T, H, W), 'last' for (H, W, T).
        key: name of the array in a .npz; by default `spikes` or the only array.

    Returns:
        The spikes, (T, H, W), upright.

    Raises:
        FormatError: if the file is damaged, or does not contain an array of this name, size and
            type.
    """
    reopen = functools.partial(
        open_array,
        path.absolute(),
        height=height,
        width=width,
        stored_width=stored_width,
        flip=flip,
        time_axis=time_axis,
        key=key,
    )
    array = _open_npz(path, key) if path.suffix.lower() == ".npz" else _open_npy(path)
    array = _time_first(path, array, time_axis, (height, stored_width or width))
    if stored_width and width:
        array = array[:, :, :width]
    return SpikeArray(array[:, ::-1] if flip else array, str(path), reopen)


def _time_first(
    path: Path, array: npt.NDArray[Any], time_axis: str, expected: tuple[int | None, int | None]
) -> npt.NDArray[Any]:
    """Moves time to the first axis; raises with advice if the sizes do not match."""
    if time_axis not in ("first", "last"):
        raise FormatError(f"time_axis: expected 'first' or 'last', got {time_axis!r}")

    def fits(size: tuple[int, ...]) -> bool:
        return all(want in (None, got) for want, got in zip(expected, size, strict=True))

    shape = array.shape
    first, last = fits(shape[1:]), fits(shape[:2])
    if not (first if time_axis == "first" else last):
        size = "x".join("?" if n is None else str(n) for n in expected)
        if first or last:
            order, other = ("(H, W, T)", "last") if last else ("(T, H, W)", "first")
            advice = f"it looks like {order}: pass time_axis={other!r}"
        else:
            order = "(T, H, W)" if time_axis == "first" else "(H, W, T)"
            advice = f"expected {order} with readouts of {size}"
        raise FormatError(f"{path}: shape {shape} does not hold readouts of {size}; {advice}")
    return array if time_axis == "first" else array.transpose(2, 0, 1)


def _open_npy(path: Path) -> npt.NDArray[Any]:
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size == 0:
            raise FormatError(f"{path}: the file is empty")
        return _map_array(path, file, size)


def _open_npz(path: Path, key: str | None) -> npt.NDArray[Any]:
    with path.open("rb") as file:
        try:
            with zipfile.ZipFile(file) as archive:
                info = _member(path, archive, key)
                if info.compress_type == zipfile.ZIP_STORED and not info.flag_bits & 1:
                    file.seek(info.header_offset + 26)  # the lengths of name and extra field
                    file.seek(sum(struct.unpack("<HH", file.read(4))), os.SEEK_CUR)
                    return _map_array(path, file, info.file_size)
                return _load_member(path, archive, info)
        except FormatError:
            raise
        except Exception as error:  # damaged archives raise many types: zlib.error, EOFError, ...
            raise FormatError(f"{path}: not a readable .npz file ({first_line(error)})") from None


def _load_member(path: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> npt.NDArray[Any]:
    with archive.open(info) as member:
        nbytes = _checked_header(path, member, info.file_size)[-1]
    if nbytes > MAX_LOADED_BYTES:
        raise FormatError(
            f"{path}: the compressed array has {nbytes} bytes, too many to load; "
            "convert it to .dat or .npy, which are memory-mapped"
        )
    with archive.open(info) as member:
        return np.lib.format.read_array(member, allow_pickle=False)


def _member(path: Path, archive: zipfile.ZipFile, key: str | None) -> zipfile.ZipInfo:
    names = [n.removesuffix(".npy") for n in archive.namelist() if n.endswith(".npy")]
    if key is None:
        key = "spikes" if "spikes" in names or len(names) != 1 else names[0]
    if key not in names:
        choices = ", ".join(map(repr, names[:8])) or "none"
        raise FormatError(f"{path}: contains no array {key!r}; pass key= one of: {choices}")
    return archive.getinfo(f"{key}.npy")


def _map_array(path: Path, file: IO[bytes], size: int) -> npt.NDArray[Any]:
    """Maps the array of `size` bytes, including its header, at the current position of `file`."""
    shape, fortran, dtype, nbytes = _checked_header(path, file, size)
    offset = file.tell()
    if offset + nbytes > os.fstat(file.fileno()).st_size:
        raise FormatError(f"{path}: the file is truncated")
    order: Any = "F" if fortran else "C"
    mapped: npt.NDArray[Any] = np.memmap(
        file, dtype=dtype, mode="r", offset=offset, shape=shape, order=order
    )
    return mapped.view(np.ndarray)


def _checked_header(
    path: Path, file: IO[bytes], size: int
) -> tuple[tuple[int, ...], bool, np.dtype[Any], int]:
    """Reads a .npy header and checks that it describes spikes and `size` bytes in total."""
    start = file.tell()
    try:
        version = np.lib.format.read_magic(file)
        if version == (1, 0):
            shape, fortran, dtype = np.lib.format.read_array_header_1_0(file)
        elif version == (2, 0):
            shape, fortran, dtype = np.lib.format.read_array_header_2_0(file)
        else:
            raise ValueError(f"version {version}")
    except Exception as error:  # numpy raises many types on a malformed header
        raise FormatError(f"{path}: not a readable numpy header ({first_line(error)})") from None
    if dtype.hasobject:
        raise FormatError(f"{path}: holds pickled Python objects, which are never loaded")
    if dtype.kind not in "biuf":
        raise FormatError(f"{path}: expected spikes of 0 and 1, got values of type {dtype}")
    if len(shape) != 3 or min(shape) < 1:
        raise FormatError(f"{path}: expected an array of shape (T, H, W), got {shape}")
    nbytes = math.prod(shape) * dtype.itemsize
    if nbytes != size - (file.tell() - start):
        raise FormatError(
            f"{path}: an array {shape} of {dtype} takes {nbytes} bytes, "
            f"but the file holds {size - (file.tell() - start)} (truncated?)"
        )
    return shape, fortran, dtype, nbytes
