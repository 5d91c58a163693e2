"""Excerpts of recordings: a range of readouts, of rows and of columns."""

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

from spikejax.formats.errors import FormatError
from spikejax.formats.recording import Recording

Range = tuple[int, int]


def excerpt(
    recording: Recording,
    *,
    readouts: Range | None = None,
    rows: Range | None = None,
    columns: Range | None = None,
) -> Recording:
    """Returns a part of a recording, itself a recording, which is read when it is indexed.

    Args:
        recording: (T, H, W).
        readouts: the first readout and the one after the last; None for all.
        rows: the first row and the one after the last; None for all.
        columns: the first column and the one after the last; None for all.

    Returns:
        The part, with the rate, the gain and the other facts of the whole.

    Raises:
        FormatError: if a range is empty or not inside the recording.
    """
    ranges = tuple(
        _checked(name, chosen, length)
        for name, chosen, length in zip(
            ("readouts", "rows", "columns"),
            (readouts, rows, columns),
            recording.shape,
            strict=True,
        )
    )
    facts = dataclasses.replace(recording.sidecar, height=None, width=None)
    return Recording.described(_Part(recording, *ranges), facts)


def _checked(name: str, chosen: Range | None, length: int) -> Range:
    start, stop = (0, length) if chosen is None else chosen
    if not 0 <= start < stop <= length:
        raise FormatError(
            f"{name}: expected a range within 0 to {length}, got {start} to {stop} "
            "(the end is excluded)"
        )
    return start, stop


class _Part:
    """The readouts, rows and columns of a recording, as the source of another."""

    def __init__(self, recording: Recording, *ranges: Range) -> None:
        self._recording, self._ranges = recording, ranges
        first, second, third = (stop - start for start, stop in ranges)
        self.shape = (first, second, third)

    def read(self, index: Any) -> npt.NDArray[np.uint8]:
        readouts, rows, columns = self._ranges
        inside = range(*readouts)
        if isinstance(index, slice):
            part = inside[index]
            reverse = part.step < 0 and part.stop < 0
            chosen: Any = slice(part.start, None if reverse else part.stop, part.step)
        else:
            chosen = np.arange(*readouts)[index]
        pixels = self._recording[chosen][..., slice(*rows), slice(*columns)]
        return np.ascontiguousarray(pixels)

    def read_packed(self, index: Any) -> npt.NDArray[np.uint8]:
        return np.packbits(self.read(index), axis=-1, bitorder="little")
