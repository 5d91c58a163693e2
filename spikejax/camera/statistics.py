"""What a recording says about its pixels: rates, and which of them are hot or dead.

Counted chunk by chunk, so that a recording of any length needs the memory of a few readouts.
"""

import dataclasses
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from spikejax.formats.errors import FormatError
from spikejax.formats.recording import Recording

MIN_SPIKES = 10
"""Evidence that a verdict on a pixel needs: one spike more or less is chance."""

OUTLIER_FACTOR = 2.0
"""How many times its neighbours' rate makes a pixel hot; the inverse makes it weak."""

SATURATED_RATE = 0.99
"""Spikes a readout above which a pixel can tell no more light apart."""

_CHUNK_BYTES = 32 << 20
_CHUNK_READOUTS = 255  # so many spikes still fit into a byte
_NEIGHBOURS = [(dy, dx) for dy in range(3) for dx in range(3) if (dy, dx) != (1, 1)]


@dataclasses.dataclass(frozen=True)
class Statistics:
    """Spikes of a recording, counted.

    Attributes:
        readouts: T.
        counts: (H, W) int64, spikes of each pixel.
        darkest: the least mean rate of a single readout, spikes a pixel.
        brightest: the greatest one.
        empty_readouts: how many readouts hold no spike at all.
    """

    readouts: int
    counts: npt.NDArray[np.int64]
    darkest: float
    brightest: float
    empty_readouts: int

    @property
    def rates(self) -> npt.NDArray[np.float64]:
        """(H, W) spikes a readout, 0 to 1."""
        return self.counts / self.readouts

    @property
    def mean_rate(self) -> float:
        """Spikes a readout and pixel."""
        return float(self.counts.mean()) / self.readouts

    @property
    def hot(self) -> npt.NDArray[np.bool_]:
        """(H, W), pixels that fire by themselves.

        More than `OUTLIER_FACTOR` times as often as the median of their eight neighbours, and at
        least `MIN_SPIKES` times more often. A tiny lamp that never moves passes for one.
        """
        around = self._neighbours()
        return (self.counts > OUTLIER_FACTOR * around) & (self.counts - around >= MIN_SPIKES)

    @property
    def dead(self) -> npt.NDArray[np.bool_]:
        """(H, W), pixels that never fire, where the median of their eight neighbours did.

        At least `MIN_SPIKES` times; where it is darker than that, none can be told.
        """
        return (self.counts == 0) & (self._neighbours() >= MIN_SPIKES)

    @property
    def weak(self) -> npt.NDArray[np.bool_]:
        """(H, W), pixels that are not dead but see too little, often because of dust.

        They fire less than 1 / `OUTLIER_FACTOR` as often as the median of their eight neighbours,
        and at least `MIN_SPIKES` times less often.
        """
        around = self._neighbours()
        low = (OUTLIER_FACTOR * self.counts < around) & (around - self.counts >= MIN_SPIKES)
        return low & (self.counts > 0)

    @property
    def silent(self) -> npt.NDArray[np.bool_]:
        """(H, W), pixels that never fire, dead or in the dark."""
        return self.counts == 0

    @property
    def saturated(self) -> npt.NDArray[np.bool_]:
        """(H, W), pixels that fire at `SATURATED_RATE` of the readouts or more."""
        return self.rates >= SATURATED_RATE

    def histogram(self, bins: int = 20) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
        """How many pixels fire at which rate.

        Args:
            bins: number of equal steps from rate 0 to the highest, which is rounded up so that a
                step is 1, 2 or 5 times a power of ten.

        Returns:
            Pixels of each step (n,), n at most `bins`, and the edges (n + 1,) in spikes a readout;
            a step holds its lower edge, the last one both.
        """
        if bins < 1:
            raise ValueError(f"bins: expected at least 1, got {bins}")
        highest = max(float(self.counts.max()) / self.readouts, 1 / self.readouts)
        step = _round_up(highest / bins)
        edges = step * np.arange(int(np.ceil(highest / step - 1e-9)) + 1)
        edges[-1] = max(edges[-1], highest)
        return np.histogram(self.rates, edges)[0].astype(np.int64), edges.astype(np.float64)

    def _neighbours(self) -> npt.NDArray[np.float64]:
        """(H, W) median count of the eight pixels around each, mirrored at the border."""
        height, width = self.counts.shape
        padded = np.pad(self.counts, 1, mode="symmetric" if min(height, width) == 1 else "reflect")
        around = [padded[y : y + height, x : x + width] for y, x in _NEIGHBOURS]
        return np.median(around, axis=0)


def measure(chunks: Iterable[npt.NDArray[np.uint8]]) -> Statistics:
    """Counts the spikes of a recording.

    Args:
        chunks: (n, H, W) of 0 and 1, all of one size: `recording.chunks(chunk_size(recording))`.

    Returns:
        The statistics.

    Raises:
        FormatError: if there are no readouts, or the chunks are of different sizes.
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
    """How many readouts of a recording to give `measure` at a time: some 32 MB of pixels."""
    pixels = recording.height * recording.width
    return min(_CHUNK_READOUTS, max(1, _CHUNK_BYTES // pixels))


def _round_up(value: float) -> float:
    """The next number that is 1, 2 or 5 times a power of ten."""
    power = 10.0 ** np.floor(np.log10(value))
    return float(power * next(m for m in (1, 2, 5, 10) if m * power >= value * (1 - 1e-9)))
