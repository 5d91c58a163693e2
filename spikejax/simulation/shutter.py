"""Photographs of a filmed scene, as an ordinary camera beside the spike camera takes them."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np


@dataclasses.dataclass(frozen=True, kw_only=True)
class ShutterTimes:
    """The times of photographs, in readouts; the defaults are those of Spike-GOPRO.

    Attributes:
        length: the length of an exposure.
        every: readouts from the start of one exposure to the start of the next.
        margin: readouts of spikes before and after an exposure.
    """

    length: int = 97
    every: int = 104
    margin: int = 20

    def __post_init__(self) -> None:
        for name, least in (("length", 1), ("every", 1), ("margin", 0)):
            if getattr(self, name) < least:
                raise ValueError(f"{name}: expected {least} or more, got {getattr(self, name)}")

    def first(self, upsample: int) -> int:
        """Returns the first readout of the first exposure: a frame's, after the margin."""
        return -(-self.margin // upsample) * upsample

    def least_readouts(self, upsample: int) -> int:
        """Returns the number of readouts that one photograph with its spikes needs."""
        return self.first(upsample) + self.length + self.margin


@dataclasses.dataclass(frozen=True, eq=False)
class SimulatedExposure:
    """A photograph with its spikes.

    Attributes:
        number: the index of the photograph, from 0.
        blur: (H, W, 3) float32, the mean of the linear light over the exposure.
        sharp: (H, W, 3) float32, the light at its middle readout.
        spikes: (margin + length + margin, h, w) uint8.
    """

    number: int
    blur: np.ndarray
    sharp: np.ndarray
    spikes: np.ndarray


class Shutter:
    """Takes photographs of a film that arrives in pieces."""

    def __init__(self, times: ShutterTimes, upsample: int) -> None:
        """Starts before the first readout.

        Args:
            times: the times of the photographs.
            upsample: readouts from one frame to the next.
        """
        self._times = times
        self._start = times.first(upsample)
        self._seen = 0
        self._open: list[_Open] = []
        self._taken = 0

    def see(self, light: jax.Array, spikes: np.ndarray) -> list[SimulatedExposure]:
        """Adds the next readouts.

        Args:
            light: (n, H, W, 3) linear.
            spikes: (n, h, w) uint8.

        Returns:
            The photographs that these readouts complete.
        """
        times, begin, end = self._times, self._seen, self._seen + len(light)
        while (start := self._start + self._taken * times.every) - times.margin < end:
            self._open.append(_Open(self._taken, start, times, light.shape[1:]))
            self._taken += 1
        for exposure in self._open:
            exposure.see(begin, light, spikes)
        self._seen = end
        done = [x for x in self._open if end >= x.start + times.length + times.margin]
        self._open = [x for x in self._open if x not in done]
        return [x.finished() for x in done]


class _Open:
    """A photograph in progress."""

    def __init__(self, number: int, start: int, times: ShutterTimes, shape: tuple[int, ...]):
        self.number, self.start, self._times = number, start, times
        self._sum = jnp.zeros(shape)
        self._sharp: np.ndarray | None = None
        self._spikes: list[np.ndarray] = []

    def see(self, begin: int, light: jax.Array, spikes: np.ndarray) -> None:
        times, start = self._times, self.start
        readouts = begin + np.arange(len(light))
        exposed = (readouts >= start) & (readouts < start + times.length)
        if exposed.any():
            self._sum = _add(self._sum, light, exposed.astype(np.float32))
        middle = start + times.length // 2 - begin
        if 0 <= middle < len(light):
            self._sharp = np.asarray(light[middle])
        kept = slice(
            max(0, start - times.margin - begin),
            max(0, start + times.length + times.margin - begin),
        )
        self._spikes.append(spikes[kept])

    def finished(self) -> SimulatedExposure:
        assert self._sharp is not None
        blur = np.asarray(self._sum) / np.float32(self._times.length)
        return SimulatedExposure(self.number, blur, self._sharp, np.concatenate(self._spikes))


@jax.jit
def _add(total: jax.Array, light: jax.Array, weights: jax.Array) -> jax.Array:
    return total + jnp.tensordot(weights, light, 1, precision="highest")
