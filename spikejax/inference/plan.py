"""`plan`: everything about a reconstruction that is decided before the first image."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np

from spikejax.camera.conventions import STRIDE
from spikejax.formats import Recording
from spikejax.inference.centres import as_count, resolve_centres
from spikejax.inference.method import Method
from spikejax.inference.methods import create_method
from spikejax.inference.tiling import from_tiles, tile_axis
from spikejax.inference.windows import Pairs

GLOBAL_OVERLAP = 32
"""Pixels that tiles share, on either side, for a network that sees the whole image."""


class Images(Iterator[tuple[int, np.ndarray]]):
    """An iterator over centres and images whose length is known."""

    def __init__(self, pairs: Pairs, count: int) -> None:
        self._pairs, self._count = pairs, count

    def __len__(self) -> int:
        """Returns the number of images, those already taken included."""
        return self._count

    def __next__(self) -> tuple[int, np.ndarray]:
        return next(self._pairs)

    def close(self) -> None:
        """Ends the iteration: no further image is computed."""
        self._pairs = iter(())


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Plan:
    """A recording with the method, the centres and the tiles that were decided for it.

    Attributes:
        recording: spikes (T, H, W).
        method: the method, its weights loaded.
        centres: (K,) ascending.
        gain: spikes per readout at intensity 1.
        batch_size: images per batch.
        tile: height and width of the tiles; None for whole images.
        overlap: pixels of a tile beside each inner border whose results are not used.
    """

    recording: Recording
    method: Method
    centres: np.ndarray
    gain: float
    batch_size: int
    tile: tuple[int, int] | None
    overlap: int

    def __len__(self) -> int:
        return len(self.centres)

    @property
    def stride(self) -> int | None:
        """Readouts from one image to the next; None if it varies, or there is one image."""
        steps = {int(s) for s in np.diff(self.centres)}
        return steps.pop() if len(steps) == 1 else None

    def images(self) -> Images:
        """Makes the images.

        Returns:
            A sized iterator over pairs of a centre and its image (H, W) float32, intensity, not
            clipped; ascending.
        """
        if self.tile is None:
            pairs = self.method.images(
                self.recording, self.centres, self.batch_size, gain=self.gain
            )
        else:
            pairs = from_tiles(
                self.recording,
                self.centres,
                self.method,
                tile=self.tile,
                overlap=self.overlap,
                batch_size=self.batch_size,
                gain=self.gain,
            )
        return Images(pairs, len(self.centres))


def plan(
    recording: Recording,
    method: str | Method = "stir",
    weights: Any = None,
    centres: Any = None,
    stride: int = STRIDE,
    batch_size: int | None = None,
    tile: int | tuple[int, int] | None = None,
    *,
    overlap: int | None = None,
    gain: float | None = None,
    window: int | None = None,
    dtype: Any = None,
) -> Plan:
    """Decides how to reconstruct a recording: `plan(...).images()` makes the images.

    Args:
        recording: spikes (T, H, W).
        method: the name of a method, or a `Method` from `create_method`, which has its weights,
            window and dtype already.
        weights: of a network, as for `reconstruct`.
        centres: readouts whose images are wanted; None for every `stride`-th.
        stride: readouts between centres.
        batch_size: images per batch.
        tile: height and width of the tiles, one number for both; None for whole images.
        overlap: pixels of a tile beside each inner border whose results are not used.
        gain: spikes per readout at intensity 1; None for the recording's own.
        window: of 'tfp' and 'tfi'.
        dtype: of a network's activations.

    Returns:
        The plan.

    Raises:
        ValueError: if an argument does not fit the recording or the method.
    """
    if not hasattr(recording, "packed"):
        raise ValueError(
            "recording: expected the result of open_recording(path) or "
            f"Recording.from_array(spikes), got {type(recording).__name__}"
        )
    gain = recording.gain if gain is None else gain
    if not 0 < gain < float("inf"):
        raise ValueError(f"gain: expected a positive number of spikes per readout, got {gain}")
    if batch_size is not None:
        batch_size = as_count("batch_size", batch_size)
    if isinstance(method, str):
        method = create_method(method, weights=weights, window=window, dtype=dtype)
    elif (weights, window, dtype) != (None, None, None):
        raise ValueError("method: a Method has its weights, window and dtype already")
    wanted = resolve_centres(centres, recording.shape[0], method.window, stride)
    size, overlap = _tiles(recording, method, tile, overlap)
    return Plan(
        recording=recording,
        method=method,
        centres=wanted,
        gain=float(gain),
        batch_size=method.batch_size if batch_size is None else batch_size,
        tile=size,
        overlap=overlap,
    )


def _tiles(
    recording: Recording,
    method: Method,
    tile: int | tuple[int, int] | None,
    overlap: int | None,
) -> tuple[tuple[int, int] | None, int]:
    """Returns the size of tiles, None for whole images, and their overlap."""
    if overlap is None:
        overlap = GLOBAL_OVERLAP if method.reach is None else method.reach
    if tile is None:
        return None, overlap
    if method.stateful:
        if method.variables is None:
            return None, overlap  # it keeps a few numbers per pixel: there is nothing to save
        raise ValueError(f"tile: {method.name} carries a state over whole images and takes none")
    height, width = (tile, tile) if np.ndim(tile) == 0 else tile  # type: ignore[misc]
    size = as_count("tile", height), as_count("tile", width)
    if overlap < 0:
        raise ValueError(f"overlap: expected at least 0 pixels, got {overlap}")
    for length, part in zip(recording.shape[1:], size, strict=True):
        tile_axis(length, part, overlap)  # raises for what does not fit, before any work
    return size, overlap
