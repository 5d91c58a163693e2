"""The readouts at which images are made, and windows beyond the ends of a recording."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from spikejax.camera.conventions import STRIDE

_VIDEO_STRIDES = (20, 10, 5, 4, 2, 1)  # divisors of 20, so that windows of STIR share blocks
_VIDEO_FRAMES = 48  # fewer are hardly a video


def resolve_centres(centres: Any, readouts: int, window: int, stride: int = STRIDE) -> np.ndarray:
    """Returns the readouts whose images are wanted.

    Args:
        centres: readout indices in any order; None for every `stride`-th of those whose window lies
            inside the recording (the middle readout if the recording is shorter than a window).
        readouts: T, the recording's length.
        window: readouts that an image needs.
        stride: readouts between two centres.

    Returns:
        (K,) int64, ascending, each once.

    Raises:
        ValueError: if a centre is no readout of the recording, or the stride is not positive.
    """
    stride = as_count("stride", stride)
    if centres is None:
        inside = np.arange(window // 2, readouts - (window - 1) // 2, stride)
        return inside if len(inside) else np.array([readouts // 2])
    wanted = np.atleast_1d(np.asarray(centres))
    if wanted.ndim != 1 or not np.issubdtype(wanted.dtype, np.integer) or not len(wanted):
        raise ValueError(f"centres: expected a list of readout indices, got {centres!r}")
    wanted = np.unique(wanted)
    outside = wanted[(wanted < 0) | (wanted >= readouts)]
    if len(outside):
        raise ValueError(
            f"centres: {outside[0]} is not among the recording's readouts 0 to {readouts - 1}"
        )
    return wanted.astype(np.int64)


def video_centres(readouts: int, window: int) -> np.ndarray:
    """Returns the centres of a video: every 20 readouts, or fewer in a short recording.

    Args:
        readouts: T, the recording's length.
        window: readouts that an image needs.

    Returns:
        (K,) int64, ascending; at least 48 if the recording has so many.
    """
    for stride in _VIDEO_STRIDES:
        centres = resolve_centres(None, readouts, window, stride)
        if len(centres) >= _VIDEO_FRAMES:
            break
    return centres


def as_count(name: str, value: Any) -> int:
    """Returns a whole number of at least 1; raises a ValueError that names the argument."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise ValueError(f"{name}: expected a whole number of at least 1, got {value!r}")
    return int(value)


def batches(centres: np.ndarray, size: int) -> Iterator[tuple[int, np.ndarray]]:
    """Cuts centres into batches of one size; the last is filled up with its last centre.

    Yields:
        How many of the batch count, and the batch (size,).
    """
    for start in range(0, len(centres), size):
        batch = centres[start : start + size]
        yield len(batch), np.pad(batch, (0, size - len(batch)), mode="edge")
