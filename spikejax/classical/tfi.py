"""TFI, texture from the inter-spike interval: the interval that a moment lies in."""

import dataclasses
import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.typing import ArrayLike

from spikejax.classical import arguments, history
from spikejax.classical.stream import Stream

_UNROLL = 8  # readouts a turn of the loop: one fused kernel each, and quick to compile


def tfi(spikes: Any, centre: ArrayLike, reach: int = 20, gain: ArrayLike = 1.0) -> Array:
    """Inverts the interval between spikes around a moment: I(k) = 1 / (gain * (r - l)).

    l is the last spike at or before k, r the first spike after k: the interval that a spike's own
    readout belongs to is the one that the spike opens. It is sharp where things move and
    coarse where it is bright, as intervals are whole numbers of readouts. The search ends `reach`
    readouts away on either side: a missing l counts as k - reach, a missing r as k + reach, also
    where the recording begins or ends; with both missing, I = 1 / (gain * 2 * reach).
    Jitted: only a new shape or reach compiles anew.

    Args:
        spikes: (T, H, W) or (B, T, H, W) bool or integer, 0 or 1 (any non-zero value counts as 1),
            of numpy or JAX, or an opened recording.
        centre: the readout k, 0 <= k < T, or an array (K,) of them.
        reach: how many readouts to search on either side, at least 1.
        gain: spikes a readout at intensity 1, above 0.

    Returns:
        (H, W) float32 intensity, from 1 / (2 gain reach) to 1 / gain; with K centres (K, H, W),
        with a batch (B, H, W) or (B, K, H, W).

    Raises:
        ValueError: if an argument is not as described, or a centre is outside the recording. (The
            value of a traced centre or gain is not checked.)

    Source: L. Zhu et al., "A retina-inspired sampling method for visual texture reconstruction",
    ICME 2019, section 3.
    """
    reach = arguments.check_length("tfi", "reach", reach)
    spikes = arguments.check_spikes("tfi", spikes)
    centre = arguments.check_centre("tfi", centre, spikes.shape[-3])
    gain = arguments.check_gain("tfi", gain)
    spikes, centre = arguments.crop(spikes, centre, reach, reach)
    return _tfi(spikes, centre, gain, reach)


@functools.partial(jax.jit, static_argnames="reach")
def _tfi(spikes: Array, centre: Array, gain: Array, reach: int) -> Array:
    if spikes.ndim == 4:
        return jax.vmap(lambda one: _tfi(one, centre, gain, reach))(spikes)

    def image(centre: Array) -> Array:
        return 1.0 / (_interval(spikes, centre, reach).astype(jnp.float32) * gain)

    return image(centre) if centre.ndim == 0 else lax.map(image, centre)


def _interval(spikes: Array, centre: Array, reach: int) -> Array:
    """Measures the interval around a readout, (H, W) int32 from 1 to 2 reach.

    Both sides are walked towards the centre, so that the nearest spike has the last word; the
    distances stay in the smallest integer that holds them, as memory is the limit.
    """
    readouts = spikes.shape[0]
    dtype = np.min_scalar_type(reach + 1)

    def spike_at(n: Array) -> Array:
        spike = lax.dynamic_index_in_dim(spikes, n.clip(0, readouts - 1), keepdims=False).astype(
            bool
        )
        return spike & (n >= 0) & (n < readouts)

    def approach(sides: tuple[Array, Array], i: Array) -> tuple[tuple[Array, Array], None]:
        since, until = sides
        since = jnp.where(spike_at(centre - i + 1), (i - 1).astype(dtype), since)
        until = jnp.where(spike_at(centre + i), i.astype(dtype), until)
        return (since, until), None

    missing = jnp.full(spikes.shape[1:], reach, dtype)
    steps = min(reach, readouts)  # beyond the recording there is nothing to find
    away = jnp.arange(steps, 0, -1, dtype=jnp.int32)
    (since, until), _ = lax.scan(approach, (missing, missing), away, unroll=min(_UNROLL, steps))
    return since.astype(jnp.int32) + until.astype(jnp.int32)


class TFIState(NamedTuple):
    """What `TFIStream` remembers.

    Attributes:
        ahead: the `reach` readouts after the centre.
        since: (*shape) int32, readouts from the last spike to the centre, at most `reach`.
    """

    ahead: Array
    since: Array


@functools.partial(jax.tree_util.register_dataclass, data_fields=["gain"], meta_fields=["reach"])
@dataclasses.dataclass(frozen=True)
class TFIStream(Stream[TFIState]):
    """`tfi` one readout at a time: the image comes `reach` readouts after its centre.

    Attributes:
        reach: how many readouts to search on either side.
        gain: spikes a readout at intensity 1.
    """

    reach: int = 20
    gain: ArrayLike = 1.0

    def __post_init__(self) -> None:
        arguments.check_length("TFIStream", "reach", self.reach)
        arguments.check_stream_gain("TFIStream", self.gain)

    @property
    def latency(self) -> int:
        """How many readouts after its centre an image comes: `reach`."""
        return self.reach

    def init(self, *shape: int) -> TFIState:
        """Makes the state before the first readout of this shape."""
        return TFIState(history.empty(self.reach, shape), jnp.full(shape, self.reach, jnp.int32))

    def update(self, state: TFIState, readout: ArrayLike, present: ArrayLike = True) -> TFIState:
        """Reads one readout."""
        at_centre = history.oldest(state.ahead, self.reach)  # it leaves what is ahead
        spike = jnp.asarray(readout).astype(bool) & jnp.asarray(present)
        return TFIState(
            history.push(state.ahead, self.reach, spike),
            jnp.where(at_centre, 0, jnp.minimum(state.since + 1, self.reach)),
        )

    def image(self, state: TFIState) -> Array:
        """Gives the image `reach` readouts ago."""
        interval = state.since + history.until_first(state.ahead, self.reach)
        return 1.0 / (interval.astype(jnp.float32) * self.gain)
