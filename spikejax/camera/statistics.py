"""Statistics of a recording's pixels: firing rates, hot, dead and weak pixels.

Spikes are counted chunk by chunk, so a recording of any length needs the memory of a few readouts.
"""

import dataclasses
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from spikejax.formats.errors import FormatError
from spikejax.formats.recording import Recording

MIN_SPIKES = 10
"""Spikes by which a pixel must differ from its neighbours to count as hot, dead or weak."""

OUTLIER_FACTOR = 2.0
"""Ratio to the neighbours' rate from which a pixel is hot; below its inverse a pixel is weak."""

SATURATED_RATE = 0.99
"""Spikes per readout from which a pixel counts as saturated."""

_CHUNK_BYTES = 32 << 20
_CHUNK_READOUTS = 255  # the largest count that fits into a byte
_NEIGHBOURS = [(dy, dx) for dy in range(3) for dx in range(3) if (dy, dx) != (1, 1)]


@dataclasses.dataclass(frozen=True)
class Statistics:
    """Spike counts of a recording and the statistics that follow from them.

    Attributes:
        readouts: T.
        counts: (H, W) int64, spikes of each pixel.
        darkest: the lowest mean of a single readout, in spikes per pixel.
        brightest: the highest mean of a single readout, in spikes per pixel.
        empty_readouts: number of readouts without a spike.
    """

    readouts: int
    counts: npt.NDArray[np.int64]
    darkest: float
    brightest: float
    empty_readouts: int

    @property
    def rates(self) -> npt.NDArray[np.float64]:
        """(H, W) spikes per readout, 0 to 1."""
        return self.counts / self.readouts

    @property
    def mean_rate(self) -> float:
        """Spikes per readout and pixel."""
        return float(self.counts.mean()) / self.readouts

    @property
    def hot(self) -> npt.NDArray[np.bool_]:
        """(H, W), pixels that fire much more than their neighbours.

        They have more than `OUTLIER_FACTOR` times the spikes of the median of their eight
        neighbours, and at least `MIN_SPIKES` more. A small static lamp also counts as hot.
        """
        around = self._neighbours()
        return (self.counts > OUTLIER_FACTOR * around) & (self.counts - around >= MIN_SPIKES)

    @property
    def dead(self) -> npt.NDArray[np.bool_]:
        """(H, W), pixels without a spike although their neighbours fire.

        The median of their eight neighbours has at least `MIN_SPIKES` spikes. Darker areas do not
        allow a decision.
        """
        return (self.counts == 0) & (self._neighbours() >= MIN_SPIKES)

    @property
    def weak(self) -> npt.NDArray[np.bool_]:
        """(H, W), pixels that fire much less than their neighbours, often because of dust.

        They have less than 1 / `OUTLIER_FACTOR` of the spikes of the median of their eight
        neighbours, and at least `MIN_SPIKES` fewer, but are not dead.
        """
        around = self._neighbours()
        low = (OUTLIER_FACTOR * self.counts < around) & (around - self.counts >= MIN_SPIKES)
        return low & (self.counts > 0)

    @property
    def silent(self) -> npt.NDArray[np.bool_]:
        """(H, W), pixels without a spike, either dead or in the dark."""
        return self.counts == 0

    @property
    def saturated(self) -> npt.NDArray[np.bool_]:
        """(H, W), pixels that fire at `SATURATED_RATE` of the readouts or more."""
        return self.rates >= SATURATED_RATE

    def histogram(self, bins: int = 20) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
        """Returns the histogram of the pixels' rates.

        Args:
            bins: maximum number of equal bins from rate 0 to the highest rate. The bin width is
                rounded up to 1, 2 or 5 times a power of ten.

        Returns:
            Number of pixels per bin (n,), n at most `bins`, and the edges (n + 1,) in spikes per
            readout. A bin includes its lower edge; the last bin includes both edges.

        Raises:
            ValueError: if `bins` is less than 1.
        """
        if bins < 1:
            raise ValueError(f"bins: expected at least 1, got {bins}")
        highest = max(float(self.counts.max()) / self.readouts, 1 / self.readouts)
        step = _round_up(highest / bins)
        edges = step * np.arange(int(np.ceil(highest / step - 1e-9)) + 1)
        edges[-1] = max(edges[-1], highest)
        return np.histogram(self.rates, edges)[0].astype(np.int64), edges.astype(np.float64)

    def _neighbours(self) -> npt.NDArray[np.float64]:
        """Returns the (H, W) median count of eight neighbours, reflected at the border."""
        height, width = self.counts.shape
        padded = np.pad(self.counts, 1, mode="symmetric" if min(height, width) == 1 else "reflect")
        around = [padded[y : y + height, x : x + width] for y, x in _NEIGHBOURS]
        return np.median(around, axis=0)


def measure(chunks: Iterable[npt.NDArray[np.uint8]]) -> Statistics:
    """Counts the spikes of a recording.

    Args:
        chunks: arrays (n, H, W) of 0 and 1, all with the same H and W, such as
            `recording.chunks(chunk_size(recording))`.

    Returns:
        The statistics.

    Raises:
        FormatError: if there are no readouts, or the chunks differ in H or W.
    """
    counts: npt.NDArray[np.int64] | None = None
    readouts, empty = 0, 0
    least, greatest = np.inf, 0.0
    for chunk in chunks:
        counts = np.zeros(chunk.shape[1:], np.int64) if counts is None else counts
        if chunk.shape[1:] != counts.shape:
            raise FormatError(f"a chunk of {chunk.shape[1:]} follows chunks of {counts.shape}")
        if not len(chunk):
            continue
        for part in range(0, len(chunk), _CHUNK_READOUTS):
            counts += chunk[part : part + _CHUNK_READOUTS].sum(axis=0, dtype=np.uint8)
        means = np.count_nonzero(chunk.reshape(len(chunk), -1), axis=1) / counts.size
        readouts += len(chunk)
        empty += int(np.count_nonzero(means == 0))
        least, greatest = min(least, float(means.min())), max(greatest, float(means.max()))
    if counts is None or not readouts:
        raise FormatError("expected at least one readout, got none")
    return Statistics(readouts, counts, least, greatest, empty)


def chunk_size(recording: Recording) -> int:
    """Returns the number of readouts per chunk for `measure`, about 32 MB of pixels."""
    pixels = recording.height * recording.width
    return min(_CHUNK_READOUTS, max(1, _CHUNK_BYTES // pixels))


def _round_up(value: float) -> float:
    """Rounds up to 1, 2 or 5 times a power of ten."""
    power = 10.0 ** np.floor(np.log10(value))
    return float(power * next(m for m in (1, 2, 5, 10) if m * power >= value * (1 - 1e-9)))
