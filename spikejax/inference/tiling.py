"""Sensors too big for memory: overlapping tiles, each a recording of its own."""

import dataclasses
import itertools

import numpy as np

from spikejax.inference.method import Method
from spikejax.inference.source import Rectangle, Source
from spikejax.inference.windows import Pairs

ALIGNMENT = 16
"""Tiles start at multiples of this, so that bytes stay whole and coarse grids coincide."""

TOGETHER = 8
"""Images put together at a time: windows of a tile share what they can, and memory is bounded."""


@dataclasses.dataclass(frozen=True)
class Span:
    """A tile along one axis.

    Attributes:
        start: its first pixel.
        size: pixels, the same for all tiles.
        first: the first pixel whose result is used, in the whole image.
        last: one past the last.
    """

    start: int
    size: int
    first: int
    last: int


def tile_axis(length: int, size: int, overlap: int) -> list[Span]:
    """Covers an axis with tiles of one size.

    Args:
        length: pixels of the axis.
        size: least pixels of a tile; up to 15 are added so that the tiles end with the image.
        overlap: pixels of a tile, beside each inner border, whose results are not used.

    Returns:
        The tiles; what they use covers the axis once.

    Raises:
        ValueError: if the tile is too small for the overlap.
    """
    if size >= length:
        return [Span(0, length, 0, length)]
    size += (length - size) % ALIGNMENT
    step = (size - 2 * overlap) // ALIGNMENT * ALIGNMENT
    if step <= 0:
        raise ValueError(
            f"tile: {size} pixels are too few beside an overlap of {overlap} on either side; "
            f"take at least {2 * overlap + ALIGNMENT}"
        )
    starts = [*range(0, length - size, step), length - size]
    firsts = [0, *(s + overlap for s in starts[1:])]
    return [
        Span(start, size, first, last)
        for start, first, last in zip(starts, firsts, [*firsts[1:], length], strict=True)
    ]


def from_tiles(
    source: Source,
    centres: np.ndarray,
    method: Method,
    *,
    tile: tuple[int, int],
    overlap: int,
    batch_size: int,
    gain: float,
) -> Pairs:
    """Puts images together from overlapping tiles, one tile in memory at a time.

    Args:
        source: the recording.
        centres: (K,) ascending.
        method: the method.
        tile: height and width of a tile, overlap included.
        overlap: pixels beside each inner border that are computed but not used.
        batch_size: images per batch.
        gain: spikes per readout at intensity 1.

    Yields:
        Each centre with its image (H, W) float32.
    """
    _, height, width = source.shape
    rows, columns = tile_axis(height, tile[0], overlap), tile_axis(width, tile[1], overlap)
    together = max(batch_size, TOGETHER)
    for start in range(0, len(centres), together):
        some = centres[start : start + together]
        images = np.empty((len(some), height, width), np.float32)
        for row, column in itertools.product(rows, columns):
            part = Rectangle(source, row.start, column.start, row.size, column.size)
            inner = (
                slice(row.first - row.start, row.last - row.start),
                slice(column.first - column.start, column.last - column.start),
            )
            tiles = method.images(part, some, batch_size, gain=gain)
            for image, (_, tile_image) in zip(images, tiles, strict=True):
                image[row.first : row.last, column.first : column.last] = tile_image[inner]
        yield from zip(some.tolist(), images, strict=True)
