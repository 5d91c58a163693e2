"""The spikes of one pixel around a moment, and the statistics of a region."""

from typing import Any

import numpy as np

from spikejax.classical import count_spikes
from spikejax.formats import Recording, excerpt

MAX_SPAN = 1000
MAX_WINDOWS = 16
"""Windows around a moment over which the variance of a pixel's count is estimated."""


def pixel(
    recording: Recording, row: int, column: int, *, centre: int, span: int, window: int
) -> dict[str, Any]:
    """Describes a pixel around a moment.

    Args:
        recording: spikes (T, H, W).
        row: the pixel's.
        column: the pixel's.
        centre: the moment, a readout.
        span: readouts around it, at most `MAX_SPAN`.
        window: readouts over which the rate is averaged.

    Returns:
        The first readout `start` and the end `stop`; the readouts of the `spikes`; the `intervals`
        between them; the `rate` at every readout, in spikes per readout; the `interval` around the
        centre, None if a spike on one side is missing.

    Raises:
        ValueError: if the pixel or the moment is outside the recording.
    """
    _inside("row", row, recording.height)
    _inside("column", column, recording.width)
    _inside("centre", centre, len(recording))
    start = max(0, centre - span // 2)
    stop = min(len(recording), start + span)
    readouts = (start, stop)
    part = excerpt(recording, readouts=readouts, rows=(row, row + 1), columns=(column, column + 1))
    fired = part[:][:, 0, 0]
    spikes = np.flatnonzero(fired) + start
    smooth = np.ones(min(window, len(fired)))
    rate = np.convolve(fired, smooth, "same") / np.convolve(np.ones(len(fired)), smooth, "same")
    before, after = spikes[spikes <= centre], spikes[spikes > centre]
    interval = int(after[0] - before[-1]) if len(before) and len(after) else None
    return {
        "row": row,
        "column": column,
        "start": start,
        "stop": stop,
        "spikes": spikes.tolist(),
        "intervals": np.diff(spikes).tolist(),
        "rate": np.round(rate, 4).tolist(),
        "interval": interval,
    }


def region(
    recording: Recording,
    rows: tuple[int, int],
    columns: tuple[int, int],
    *,
    centre: int,
    window: int,
) -> dict[str, Any]:
    """Compares the counts of a region with those of an ideal camera.

    A pixel of an ideal camera integrates steady light without noise. It fires n p times on average
    in n readouts, and each count is one of the two whole numbers beside n p: its variance is
    f (1 - f), where f is the fraction of n p. Noise and motion come on top of it.

    Args:
        recording: spikes (T, H, W).
        rows: the first and the one after the last.
        columns: the first and the one after the last.
        centre: the moment, a readout.
        window: readouts of a count.

    Returns:
        The `rate` in spikes per readout and the `intensity`; the mean of the `count`, its
        `variance` from window to window, the mean over the pixels, and that of an `ideal` camera;
        how many `windows` there were. The variances are None with fewer than two windows.

    Raises:
        ValueError: if the region or the moment is outside the recording.
    """
    _inside("centre", centre, len(recording))
    window = min(window, len(recording))
    windows = min(MAX_WINDOWS, len(recording) // window)
    start = max(0, min(centre - windows * window // 2, len(recording) - windows * window))
    part = excerpt(recording, rows=rows, columns=columns)
    counts = np.stack(
        [
            count_spikes(part.packed(first, first + window), part.width)
            for first in range(start, start + windows * window, window)
        ]
    )
    mean = counts.mean(0, dtype=np.float64)
    fraction = mean % 1
    rate = float(mean.mean()) / window
    several = windows > 1
    of_sample = windows / max(1, windows - 1)  # the estimate from few windows, as for the variance
    return {
        "rows": list(rows),
        "columns": list(columns),
        "window": window,
        "windows": windows,
        "start": start,
        "rate": rate,
        "intensity": rate / recording.gain,
        "count": float(mean.mean()),
        "variance": float(counts.var(0, ddof=1).mean()) if several else None,
        "ideal": float((fraction * (1 - fraction)).mean() * of_sample) if several else None,
    }


def _inside(name: str, value: int, length: int) -> None:
    if not 0 <= value < length:
        raise ValueError(f"{name}: expected 0 to {length - 1}, got {value}")
