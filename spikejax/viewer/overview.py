"""The firing rate over a whole recording, by samples that become denser while one looks."""

import threading
from collections.abc import Iterator
from typing import Any

import numpy as np

from spikejax.camera.statistics import Statistics
from spikejax.classical import count_spikes
from spikejax.formats import Recording

BINS = 1024
"""Points of the curve."""

WHOLE_BYTES = 2 << 30
"""A recording up to this size is read whole; of a larger one every bin is sampled."""

_SAMPLE = 8  # readouts of a sample: a few intervals of a bright pixel
_PASSES = 16
_STEP_BYTES = 4 << 20  # read at once; it takes about a millisecond


class Overview:
    """The rate of the readouts in bins over time, and the spikes of each pixel.

    `advance` reads a little more. Both may be called by several threads.
    """

    def __init__(self, recording: Recording) -> None:
        """Reads nothing yet.

        Args:
            recording: spikes (T, H, W).
        """
        self._recording = recording
        readouts, height, width = recording.shape
        self._edges = np.linspace(0, readouts, min(BINS, readouts) + 1).astype(np.int64)
        bins = len(self._edges) - 1
        self._sums, self._seen = np.zeros(bins), np.zeros(bins, np.int64)
        self._low, self._high = np.full(bins, np.inf), np.full(bins, -np.inf)
        self._counts = np.zeros((height, width), np.int64)
        self._empty = 0
        self._lock = threading.Lock()
        whole = readouts * height * -(-width // 8) <= WHOLE_BYTES
        self._goal = readouts if whole else min(readouts, bins * (1 + _PASSES * _SAMPLE))
        self._steps = self._samples(whole)
        self.done = False
        self.problem: str | None = None

    def advance(self) -> bool:
        """Reads the next sample; returns whether there are more."""
        if self.done:
            return False
        try:
            step = next(self._steps, None)
            if step is None:
                self.done = True
                return False
            bin, start, stop = step
            packed = self._recording.packed(start, stop)
        except (ValueError, OSError) as error:  # the file was cut or its disk is gone
            self.problem, self.done = " ".join(str(error).split()), True
            return False
        rates = readout_rates(packed, self._recording.width)
        counts = count_spikes(packed, self._recording.width)
        with self._lock:
            self._sums[bin] += rates.sum()
            self._seen[bin] += len(rates)
            self._low[bin] = min(self._low[bin], rates.min())
            self._high[bin] = max(self._high[bin], rates.max())
            self._counts += counts
            self._empty += int(np.count_nonzero(rates == 0))
        return True

    def curve(self) -> dict[str, Any]:
        """Returns the curve so far.

        Returns:
            The `edges` of the bins in readouts; `mean`, `low` and `high` rate of each in spikes per
            readout and pixel, None where nothing was read yet; the share `seen` of the readouts;
            the share `progress` of those that will be read.
        """
        with self._lock:
            known = self._seen > 0
            mean = np.divide(self._sums, self._seen, where=known, out=np.full(len(known), np.nan))
            total = int(self._seen.sum())
            whole = None if not total else round(float(self._sums.sum() / total), 6)
            return {
                "edges": self._edges.tolist(),
                "mean": _rounded(mean, known),
                "low": _rounded(self._low, known),
                "high": _rounded(self._high, known),
                "mean_rate": whole,
                "seen": total / len(self._recording),
                "progress": min(1.0, total / self._goal),
                "done": self.done,
                "problem": self.problem,
            }

    def outliers(self) -> dict[str, Any]:
        """Returns the hot, dead and weak pixels as far as the samples tell, as [row, column]."""
        with self._lock:
            seen, counts = int(self._seen.sum()), self._counts.copy()
            low, high, empty = float(self._low.min()), float(self._high.max()), self._empty
        if not seen:
            return {"readouts": 0, "hot": [], "dead": [], "weak": []}
        found = Statistics(seen, counts, low, high, empty)
        marks = {"hot": found.hot, "dead": found.dead, "weak": found.weak}
        return {
            "readouts": seen,
            **{name: np.argwhere(mask)[:4000].tolist() for name, mask in marks.items()},
        }

    def _samples(self, whole: bool) -> Iterator[tuple[int, int, int]]:
        """Yields (bin, first readout, stop), the whole curve coarsely before any part finely."""
        _, height, width = self._recording.shape
        each = height * -(-width // 8)
        most = max(1, _STEP_BYTES // each)
        order = _spread(len(self._edges) - 1)
        for bin in order:  # first one readout in the middle of every bin
            middle = int(self._edges[bin] + self._edges[bin + 1]) // 2
            yield bin, middle, middle + 1
        for turn in range(1 if whole else _PASSES):
            for bin in order:
                start, stop = int(self._edges[bin]), int(self._edges[bin + 1])
                middle = (start + stop) // 2
                if not whole:
                    start += (stop - start - _SAMPLE) * turn // _PASSES
                    stop = start + _SAMPLE
                segments = (start, min(middle, stop)), (max(start, middle + 1), stop)
                for first, last in segments:
                    for part in range(first, last, most):
                        yield bin, part, min(part + most, last)


def readout_rates(packed: np.ndarray, width: int) -> np.ndarray:
    """Returns the mean of each packed readout, (n,) float64, in spikes per pixel."""
    pixels = packed.shape[1] * width
    return np.bitwise_count(packed).reshape(len(packed), -1).sum(1, dtype=np.int64) / pixels


def _spread(count: int) -> list[int]:
    """Returns 0 to count - 1 so that any beginning covers the range evenly."""
    digits = max(1, (count - 1).bit_length())
    reversed_bits = (int(f"{n:0{digits}b}"[::-1], 2) for n in range(1 << digits))
    return [n for n in reversed_bits if n < count]


def _rounded(values: np.ndarray, known: np.ndarray) -> list[float | None]:
    return [round(float(v), 5) if k else None for v, k in zip(values, known, strict=True)]
