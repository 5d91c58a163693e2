"""TFP, texture from playback: the mean of the readouts in a window."""

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


def tfp(
    spikes: Any, centre: ArrayLike, window: int = 41, gain: ArrayLike | None = None
) -> jax.Array:
    """Averages the readouts in a window: I(k) = sum of s over the window / (gain * readouts).

    A long window has less noise but more motion blur. Near the ends of the recording, the mean is
    over the readouts of the window that exist. The function is jitted; only a new shape or window
    is compiled again.

    Args:
        spikes: (T, H, W) or (B, T, H, W) bool or integer, 0 or 1 (any non-zero value counts as 1),
            a numpy or JAX array or an opened recording. Floating-point spikes, for example of a
            differentiable simulation, are averaged unchanged and are differentiable.
        centre: the readout k in the middle of the window, 0 <= k < T, or an array (K,) of readouts.
        window: length of the window in readouts, odd, so that the centre is its middle.
        gain: spikes per readout at intensity 1, above 0; None for the gain of an opened recording,
            1 for an array.

    Returns:
        (H, W) float32 intensity, at most 1 / gain; with K centres (K, H, W), with a batch
        (B, H, W) or (B, K, H, W).

    Raises:
        ValueError: if an argument is not as described, or a centre is outside the recording. The
            value of a traced centre or gain is not checked.

    Source: L. Zhu et al., "A retina-inspired sampling method for visual texture reconstruction",
    ICME 2019, section 3.
    """
    window = _check_window("tfp", window)
    spikes = arguments.check_spikes("tfp", spikes, floats=True)
    centre = arguments.check_centre("tfp", centre, spikes.shape[-3])
    gain = arguments.check_gain("tfp", gain, spikes)
    window = min(window, 2 * spikes.shape[-3] + 1)  # this covers the whole recording
    spikes, centre = arguments.crop(spikes, centre, window // 2, window // 2)
    return _tfp(spikes, centre, gain, window)


def _check_window(name: str, window: Any) -> int:
    window = arguments.check_length(name, "window", window)
    if window % 2 == 0:
        raise ValueError(
            f"{name}: window: expected an odd number of readouts, got {window}; "
            f"use {window - 1} or {window + 1}"
        )
    return window


@functools.partial(jax.jit, static_argnames="window")
def _tfp(spikes: jax.Array, centre: jax.Array, gain: jax.Array, window: int) -> jax.Array:
    if spikes.ndim == 4:
        return jax.vmap(lambda one: _tfp(one, centre, gain, window))(spikes)
    add = _add_light if jnp.issubdtype(spikes.dtype, jnp.floating) else _add_spikes

    def image(centre: jax.Array) -> jax.Array:
        half = window // 2
        last = jnp.minimum(centre + half, spikes.shape[0] - 1)
        exist = last - jnp.maximum(centre - half, 0) + 1
        total = add(spikes, centre, window)
        return total.astype(jnp.float32) / (exist.astype(jnp.float32) * gain)

    return image(centre) if centre.ndim == 0 else lax.map(image, centre)


def _add_spikes(spikes: jax.Array, centre: jax.Array, window: int) -> jax.Array:
    """Counts spikes in the smallest sufficient integer type, because memory is the bottleneck."""
    readouts = spikes.shape[0]
    dtype = np.min_scalar_type(window)

    def add(count: jax.Array, offset: jax.Array) -> tuple[jax.Array, None]:
        n = centre + offset
        spike = lax.dynamic_index_in_dim(spikes, n.clip(0, readouts - 1), keepdims=False).astype(
            bool
        )
        return count + (spike & (n >= 0) & (n < readouts)).astype(dtype), None

    offsets = jnp.arange(window, dtype=jnp.int32) - window // 2
    start = jnp.zeros(spikes.shape[1:], dtype)
    return lax.scan(add, start, offsets, unroll=min(_UNROLL, window))[0]


def _add_light(spikes: jax.Array, centre: jax.Array, window: int) -> jax.Array:
    """Sums floating-point spikes by a matrix product, whose gradient is a matrix product too."""
    readouts = spikes.shape[0]
    length = min(window, readouts)
    first = (centre - window // 2).clip(0, readouts - length)
    light = lax.dynamic_slice_in_dim(spikes, first, length).astype(jnp.float32)
    inside = abs(first + jnp.arange(length, dtype=jnp.int32) - centre) <= window // 2
    return jnp.tensordot(inside.astype(jnp.float32), light, 1, precision=lax.Precision.HIGHEST)


class TFPState(NamedTuple):
    """The state of `TFPStream`: the last `window` readouts, and which of them exist."""

    spikes: jax.Array
    exist: jax.Array


@functools.partial(jax.tree_util.register_dataclass, data_fields=["gain"], meta_fields=["window"])
@dataclasses.dataclass(frozen=True)
class TFPStream(Stream[TFPState]):
    """`tfp` as a stream, with a latency of half a window.

    Attributes:
        window: length of the window in readouts, odd.
        gain: spikes per readout at intensity 1.
    """

    window: int = 41
    gain: ArrayLike = 1.0

    def __post_init__(self) -> None:
        _check_window("TFPStream", self.window)
        arguments.check_stream_gain("TFPStream", self.gain)

    @property
    def latency(self) -> int:
        """Readouts from an image's centre to the step that returns it: half a window."""
        return self.window // 2

    def init(self, *shape: int) -> TFPState:
        """Creates the initial state for readouts of this shape."""
        return TFPState(history.empty(self.window, shape), history.empty(self.window, ()))

    def update(self, state: TFPState, readout: ArrayLike, present: ArrayLike = True) -> TFPState:
        """Updates the state with one readout."""
        exists = jnp.asarray(present)
        spike = jnp.asarray(readout).astype(bool) & exists
        return TFPState(
            history.push(state.spikes, self.window, spike),
            history.push(state.exist, self.window, exists),
        )

    def image(self, state: TFPState) -> jax.Array:
        """Returns the image half a window before the newest readout."""
        # before the first readout there is nothing to divide by
        exist = jnp.maximum(history.count(state.exist), 1)
        spikes = history.count(state.spikes)
        return spikes.astype(jnp.float32) / (exist.astype(jnp.float32) * self.gain)
