"""Atomic writing of spikes to files, chunk by chunk."""

import contextlib
import dataclasses
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from spikejax.formats.arrays import as_spikes
from spikejax.formats.atomic import replacing
from spikejax.formats.dat import DatLayout
from spikejax.formats.errors import FormatError
from spikejax.formats.sidecar import Sidecar, encode_sidecar, read_sidecar, sidecar_path

_CHUNK_BYTES = 64 << 20  # unpacked pixels in memory
_LAYOUT = ("height", "width", "stored_width", "flip", "bit_order", "readouts")


def write_dat(
    path: str | Path,
    spikes: Any,
    *,
    flip: bool = True,
    bit_order: str = "little",
    stored_width: int | None = None,
    sidecar: Sidecar | Mapping[str, Any] | None = None,
) -> None:
    """Writes spikes as a .dat file in constant memory; an existing file is replaced at the end.

    Args:
        path: the file to write; its name ends in .dat.
        spikes: (T, H, W) array of 0 and 1 of any size, upright, or a `Recording`, or an iterable
            of (n, H, W) chunks.
        flip: whether the bottom row is stored first, as in cameras.
        bit_order: 'little' or 'big': which bit of a byte holds the first of its eight pixels.
        stored_width: columns of a row in the file; columns beyond W are zeros.
        sidecar: facts to write beside the file as NAME.json (rate_hz, gain, sensor, any other);
            the layout and the number of readouts are added. None writes no sidecar.

    Raises:
        FormatError: if a value is neither 0 nor 1, there are no chunks or they differ in size, or
            an existing sidecar contradicts the new file.
    """
    path = _named(path, ".dat")
    options = Sidecar(flip=flip, bit_order=bit_order, stored_width=stored_width)  # checks types
    layout, readouts = None, 0
    with replacing(path) as temporary, _sidecar_beside(path, sidecar) as beside:
        with temporary.open("wb") as file:
            for chunk in spike_chunks(spikes):
                if layout is None:
                    layout = DatLayout(
                        height=chunk.shape[1],
                        width=chunk.shape[2],
                        stored_width=options.stored_width or 0,
                        flip=flip,
                        bit_order=bit_order,
                    )
                    facts = Sidecar(**dataclasses.asdict(layout))
                    beside.check(facts)  # before a long simulation
                file.write(layout.pack(chunk).data)
                readouts += len(chunk)
        beside.write(dataclasses.replace(facts, readouts=readouts))


def write_array(
    path: str | Path, spikes: Any, *, sidecar: Sidecar | Mapping[str, Any] | None = None
) -> None:
    """Writes spikes as .npy or compressed .npz (key `spikes`), (T, H, W) uint8, chunk by chunk.

    Args:
        path: the file to write; its name ends in .npy or .npz.
        spikes: (T, H, W) array of 0 and 1, or a `Recording`.
        sidecar: facts to write beside the file as NAME.json. None writes no sidecar.

    Raises:
        FormatError: if a value is neither 0 nor 1, or the shape is not (T, H, W).
    """
    path = _named(path, ".npy", ".npz")
    if not hasattr(spikes, "shape"):
        raise FormatError(f"{path}: expected an array or a Recording, got {type(spikes).__name__}")
    _require_spike_shape(spikes.shape)
    readouts, height, width = map(int, spikes.shape)
    facts = Sidecar(height=height, width=width, readouts=readouts)
    header = {"descr": "|u1", "fortran_order": False, "shape": (readouts, height, width)}
    with replacing(path) as temporary, _sidecar_beside(path, sidecar) as beside:
        beside.check(facts)
        with _member_or_file(temporary, zipped=path.suffix.lower() == ".npz") as file:
            np.lib.format.write_array_header_1_0(file, header)
            for chunk in spike_chunks(spikes):
                file.write(np.ascontiguousarray(chunk).data)
        beside.write(facts)


@contextlib.contextmanager
def _member_or_file(path: Path, *, zipped: bool) -> Iterator[IO[bytes]]:
    if not zipped:
        with path.open("wb") as file:
            yield file
        return
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("spikes.npy", "w", force_zip64=True) as member,
    ):
        yield member


def spike_chunks(spikes: Any) -> Iterator[npt.NDArray[np.uint8]]:
    """Yields spikes in checked (n, H, W) uint8 chunks of one size.

    Args:
        spikes: (T, H, W) array or `Recording`, or an iterable of (n, H, W) chunks.

    Yields:
        (n, H, W) uint8, with n at least 1.

    Raises:
        FormatError: if a shape or a value is wrong, or there are no readouts.
    """
    size = None
    for chunk in _slices(spikes) if hasattr(spikes, "shape") else _iterable(spikes):
        checked = as_spikes(chunk, "spikes")
        if checked.ndim != 3 or 0 in checked.shape[1:]:
            raise FormatError(f"spikes: expected chunks of shape (n, H, W), got {checked.shape}")
        if size is not None and checked.shape[1:] != size:
            raise FormatError(f"spikes: a chunk of {checked.shape[1:]} follows chunks of {size}")
        if len(checked):
            size = checked.shape[1:]
            yield checked
    if size is None:
        raise FormatError("spikes: expected at least one readout, got none")


def _slices(spikes: Any) -> Iterator[Any]:
    _require_spike_shape(spikes.shape)
    readouts, height, width = spikes.shape
    step = max(1, _CHUNK_BYTES // (height * width))
    for start in range(0, readouts, step):
        yield spikes[start : start + step]


def _require_spike_shape(shape: tuple[int, ...]) -> None:
    if len(shape) != 3 or 0 in shape:
        raise FormatError(f"spikes: expected the shape (T, H, W), got {tuple(shape)}")


def _iterable(spikes: Any) -> Iterable[Any]:
    if not isinstance(spikes, Iterable):
        raise FormatError(f"spikes: expected an array or chunks, got {type(spikes).__name__}")
    return spikes


def _named(path: str | Path, *suffixes: str) -> Path:
    path = Path(path)
    if path.suffix.lower() not in suffixes:
        raise FormatError(f"{path}: expected a name that ends in {' or '.join(suffixes)}")
    return path


class _SidecarBeside:
    """The sidecar to write with a recording, or the existing one."""

    def __init__(self, path: Path, sidecar: Sidecar | None, temporary: Path | None) -> None:
        self._path = path
        self._temporary = temporary
        self._remedy = "leave it out of sidecar="
        self._sidecar = sidecar
        if sidecar is None and sidecar_path(path).exists():
            self._remedy = f"pass sidecar= to replace {sidecar_path(path).name}"
            self._sidecar = read_sidecar(path)

    def check(self, written: Sidecar) -> None:
        """Checks that the sidecar does not contradict the layout of the new file."""
        for name in _LAYOUT if self._sidecar is not None else ():
            theirs, ours = getattr(self._sidecar, name), getattr(written, name)
            if None not in (theirs, ours) and theirs != ours:
                raise FormatError(
                    f"{self._path}: the sidecar says {name} {theirs}, "
                    f"but the spikes have {ours}; {self._remedy}"
                )

    def write(self, written: Sidecar) -> None:
        """Checks again, with the number of readouts, and writes the sidecar of the caller."""
        self.check(written)
        if self._temporary is not None and self._sidecar is not None:
            text = encode_sidecar(written.over(self._sidecar))
            self._temporary.write_text(text, encoding="utf-8")


@contextlib.contextmanager
def _sidecar_beside(
    path: Path, sidecar: Sidecar | Mapping[str, Any] | None
) -> Iterator[_SidecarBeside]:
    if sidecar is None:
        yield _SidecarBeside(path, None, None)
        return
    encode_sidecar(sidecar)  # fails before other files are written
    facts = sidecar if isinstance(sidecar, Sidecar) else Sidecar.from_dict(sidecar)
    with replacing(sidecar_path(path)) as temporary:
        yield _SidecarBeside(path, facts, temporary)
