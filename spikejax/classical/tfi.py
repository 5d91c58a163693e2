"""TFI, texture from the inter-spike interval."""

import dataclasses
import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.typing import ArrayLike

from spikejax.classical import arguments, history
from spikejax.classical.stream import Stream

_UNROLL = 8  # readouts per iteration: one fused kernel each, and quick to compile


def tfi(
    spikes: Any, centre: ArrayLike, reach: int = 20, gain: ArrayLike | None = None
) -> jax.Array:
    """Reconstructs intensity from the interval between spikes: I(k) = 1 / (gain * (r - l)).

    l is the last spike at or before k, r the first spike after k. The readout of a spike belongs to
    the interval that the spike opens. Moving objects are sharp. Bright areas are coarse, because
    intervals are whole numbers of readouts. The search ends `reach` readouts from k on either side,
    also at the ends of the recording: a missing l counts as k - reach, a missing r as k + reach.
    With both missing, I = 1 / (gain * 2 * reach). The function is jitted; only a new shape or reach
    is compiled again.

    Args:
        spikes: (T, H, W) or (B, T, H, W) bool or integer, 0 or 1 (any non-zero value counts as 1),
            a numpy or JAX array or an opened recording.
        centre: the readout k, 0 <= k < T, or an array (K,) of readouts.
        reach: readouts to search on either side, at least 1.
        gain: spikes per readout at intensity 1, above 0; None for the gain of an opened recording,
            1 for an array.

    Returns:
        (H, W) float32 intensity, from 1 / (2 gain reach) to 1 / gain; with K centres (K, H, W),
        with a batch (B, H, W) or (B, K, H, W).

    Raises:
        ValueError: if an argument is not as described, or a centre is outside the recording. The
            value of a traced centre or gain is not checked.

    Source: L. Zhu et al., "A retina-inspired sampling method for visual texture reconstruction",
    ICME 2019, section 3.
    """
    reach = arguments.check_length("tfi", "reach", reach)
    spikes = arguments.check_spikes("tfi", spikes)
    centre = arguments.check_centre("tfi", centre, spikes.shape[-3])
    gain = arguments.check_gain("tfi", gain, spikes)
    spikes, centre = arguments.crop(spikes, centre, reach, reach)
    return _tfi(spikes, centre, gain, reach)


@functools.partial(jax.jit, static_argnames="reach")
def _tfi(spikes: jax.Array, centre: jax.Array, gain: jax.Array, reach: int) -> jax.Array:
    if spikes.ndim == 4:
        return jax.vmap(lambda one: _tfi(one, centre, gain, reach))(spikes)

    def image(centre: jax.Array) -> jax.Array:
        return 1.0 / (_interval(spikes, centre, reach).astype(jnp.float32) * gain)

    return image(centre) if centre.ndim == 0 else lax.map(image, centre)


def _interval(spikes: jax.Array, centre: jax.Array, reach: int) -> jax.Array:
    """Returns the interval around a readout, (H, W) int32 from 1 to 2 reach.

    The loop runs from both sides towards the centre, so the nearest spike is written last. The
    distances use the smallest integer type that holds them, because memory is the bottleneck.
    """
    readouts = spikes.shape[0]
    dtype = np.min_scalar_type(reach + 1)

    def spike_at(n: jax.Array) -> jax.Array:
        spike = lax.dynamic_index_in_dim(spikes, n.clip(0, readouts - 1), keepdims=False).astype(
            bool
        )
        return spike & (n >= 0) & (n < readouts)

    def approach(
        sides: tuple[jax.Array, jax.Array], i: jax.Array
    ) -> tuple[tuple[jax.Array, jax.Array], None]:
        since, until = sides
        since = jnp.where(spike_at(centre - i + 1), (i - 1).astype(dtype), since)
        until = jnp.where(spike_at(centre + i), i.astype(dtype), until)
        return (since, until), None

    missing = jnp.full(spikes.shape[1:], reach, dtype)
    steps = min(reach, readouts)  # there are no spikes beyond the recording
    away = jnp.arange(steps, 0, -1, dtype=jnp.int32)
    (since, until), _ = lax.scan(approach, (missing, missing), away, unroll=min(_UNROLL, steps))
    return since.astype(jnp.int32) + until.astype(jnp.int32)


class TFIState(NamedTuple):
    """The state of `TFIStream`.

    Attributes:
        ahead: the `reach` readouts after the centre.
        since: (*shape) int32, readouts from the last spike to the centre, at most `reach`.
    """

    ahead: jax.Array
    since: jax.Array


@functools.partial(jax.tree_util.register_dataclass, data_fields=["gain"], meta_fields=["reach"])
@dataclasses.dataclass(frozen=True)
class TFIStream(Stream[TFIState]):
    """`tfi` as a stream, with a latency of `reach` readouts.

    Attributes:
        reach: readouts to search on either side.
        gain: spikes per readout at intensity 1.
    """

    reach: int = 20
    gain: ArrayLike = 1.0

    def __post_init__(self) -> None:
        arguments.check_length("TFIStream", "reach", self.reach)
        arguments.check_stream_gain("TFIStream", self.gain)

    @property
    def latency(self) -> int:
        """Readouts from an image's centre to the step that returns it: `reach`."""
        return self.reach

    def init(self, *shape: int) -> TFIState:
        """Creates the initial state for readouts of this shape."""
        return TFIState(history.empty(self.reach, shape), jnp.full(shape, self.reach, jnp.int32))

    def update(self, state: TFIState, readout: ArrayLike, present: ArrayLike = True) -> TFIState:
        """Updates the state with one readout."""
        at_centre = history.oldest(state.ahead, self.reach)  # the readout that becomes the centre
        spike = jnp.asarray(readout).astype(bool) & jnp.asarray(present)
        return TFIState(
            history.push(state.ahead, self.reach, spike),
            jnp.where(at_centre, 0, jnp.minimum(state.since + 1, self.reach)),
        )

    def image(self, state: TFIState) -> jax.Array:
        """Returns the image `reach` readouts before the newest."""
        interval = state.since + history.until_first(state.ahead, self.reach)
        return 1.0 / (interval.astype(jnp.float32) * self.gain)
