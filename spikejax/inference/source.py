"""Sources of packed readouts: recordings, and rectangles of them."""

import dataclasses
from typing import Protocol

import numpy as np

from spikejax.camera.conventions import reflect_time


class Source(Protocol):
    """The input of a reconstruction: a `Recording`, or a rectangle of one."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """(T, H, W)."""

    @property
    def gain(self) -> float:
        """Spikes per readout at intensity 1."""

    def packed(self, start: int, stop: int) -> np.ndarray:
        """(stop - start, H, ceil(W / 8)) uint8, least significant bit first."""


@dataclasses.dataclass(frozen=True)
class Rectangle:
    """A rectangle of a source, itself a source.

    Attributes:
        source: the whole image.
        top: its first row.
        left: its first column, a multiple of 8, so that bytes stay whole.
        height: rows.
        width: columns.
    """

    source: Source
    top: int
    left: int
    height: int
    width: int

    def __post_init__(self) -> None:
        if self.left % 8:
            raise ValueError(f"a rectangle starts at a column divisible by 8, got {self.left}")

    @property
    def shape(self) -> tuple[int, int, int]:
        """(T, height, width)."""
        return self.source.shape[0], self.height, self.width

    @property
    def gain(self) -> float:
        """Spikes per readout at intensity 1."""
        return self.source.gain

    def packed(self, start: int, stop: int) -> np.ndarray:
        """(stop - start, height, ceil(width / 8)) uint8."""
        rows = slice(self.top, self.top + self.height)
        columns = slice(self.left // 8, -(-(self.left + self.width) // 8))
        return self.source.packed(start, stop)[:, rows, columns]


def read_reflected(source: Source, start: int, stop: int) -> np.ndarray:
    """Reads packed readouts [start, stop), which may reach beyond the ends of the recording.

    There, time runs backward: motion stays continuous and the statistics of the spikes the same.
    """
    readouts = source.shape[0]
    if start >= 0 and stop <= readouts:
        return source.packed(start, stop)
    indices = reflect_time(np.arange(start, stop), readouts)
    first = int(indices.min())
    return source.packed(first, int(indices.max()) + 1)[indices - first]
