"""TFP, texture from playback: the mean of the readouts around a moment."""

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


def tfp(spikes: Any, centre: ArrayLike, window: int = 41, gain: ArrayLike = 1.0) -> Array:
    """Averages the readouts around a moment: I(k) = sum of s over the window / (gain * readouts).

    A long window is quiet but blurs what moves. Near the ends of the recording the mean is over
    those readouts of the window that exist. Jitted: only a new shape or window compiles anew.

    Args:
        spikes: (T, H, W) or (B, T, H, W) bool or integer, 0 or 1 (any non-zero value counts as 1),
            of numpy or JAX, or an opened recording. Floating-point spikes, as a differentiable
            simulation gives them, are averaged as they are, and gradients reach them.
        centre: the readout k in the middle of the window, 0 <= k < T, or an array (K,) of them.
        window: its length in readouts, odd, so that as many lie before the centre as after it.
        gain: spikes a readout at intensity 1, above 0.

    Returns:
        (H, W) float32 intensity, at most 1 / gain; with K centres (K, H, W), with a batch
        (B, H, W) or (B, K, H, W).

    Raises:
        ValueError: if an argument is not as described, or a centre is outside the recording. (The
            value of a traced centre or gain is not checked.)

    Source: L. Zhu et al., "A retina-inspired sampling method for visual texture reconstruction",
    ICME 2019, section 3.
    """
    window = _check_window("tfp", window)
    spikes = arguments.check_spikes("tfp", spikes, floats=True)
    centre = arguments.check_centre("tfp", centre, spikes.shape[-3])
    gain = arguments.check_gain("tfp", gain)
    window = min(window, 2 * spikes.shape[-3] + 1)  # a longer one holds no more readouts
    spikes, centre = arguments.crop(spikes, centre, window // 2, window // 2)
    return _tfp(spikes, centre, gain, window)


def _check_window(name: str, window: Any) -> int:
    window = arguments.check_length(name, "window", window)
    if window % 2 == 0:
        raise ValueError(
            f"{name}: a window is centred on a readout, so its length is odd, got {window}: "
            f"take {window - 1} or {window + 1}"
        )
    return window


@functools.partial(jax.jit, static_argnames="window")
def _tfp(spikes: Array, centre: Array, gain: Array, window: int) -> Array:
    if spikes.ndim == 4:
        return jax.vmap(lambda one: _tfp(one, centre, gain, window))(spikes)
    add = _add_light if jnp.issubdtype(spikes.dtype, jnp.floating) else _add_spikes

    def image(centre: Array) -> Array:
        half = window // 2
        last = jnp.minimum(centre + half, spikes.shape[0] - 1)
        exist = last - jnp.maximum(centre - half, 0) + 1
        total = add(spikes, centre, window)
        return total.astype(jnp.float32) / (exist.astype(jnp.float32) * gain)

    return image(centre) if centre.ndim == 0 else lax.map(image, centre)


def _add_spikes(spikes: Array, centre: Array, window: int) -> Array:
    """Counts over the window in the smallest integer that holds the count: memory is the limit."""
    readouts = spikes.shape[0]
    dtype = np.min_scalar_type(window)

    def add(count: Array, offset: Array) -> tuple[Array, None]:
        n = centre + offset
        spike = lax.dynamic_index_in_dim(spikes, n.clip(0, readouts - 1), keepdims=False).astype(
            bool
        )
        return count + (spike & (n >= 0) & (n < readouts)).astype(dtype), None

    offsets = jnp.arange(window, dtype=jnp.int32) - window // 2
    start = jnp.zeros(spikes.shape[1:], dtype)
    return lax.scan(add, start, offsets, unroll=min(_UNROLL, window))[0]


def _add_light(spikes: Array, centre: Array, window: int) -> Array:
    """Adds floating-point spikes as a product of matrices, whose gradient is one too."""
    readouts = spikes.shape[0]
    length = min(window, readouts)
    first = (centre - window // 2).clip(0, readouts - length)
    light = lax.dynamic_slice_in_dim(spikes, first, length).astype(jnp.float32)
    inside = abs(first + jnp.arange(length, dtype=jnp.int32) - centre) <= window // 2
    return jnp.tensordot(inside.astype(jnp.float32), light, 1, precision=lax.Precision.HIGHEST)


class TFPState(NamedTuple):
    """What `TFPStream` remembers: the last `window` readouts, and which of them exist."""

    spikes: Array
    exist: Array


@functools.partial(jax.tree_util.register_dataclass, data_fields=["gain"], meta_fields=["window"])
@dataclasses.dataclass(frozen=True)
class TFPStream(Stream[TFPState]):
    """`tfp` one readout at a time: the image comes half a window after its centre.

    Attributes:
        window: its length in readouts, odd.
        gain: spikes a readout at intensity 1.
    """

    window: int = 41
    gain: ArrayLike = 1.0

    def __post_init__(self) -> None:
        _check_window("TFPStream", self.window)
        arguments.check_stream_gain("TFPStream", self.gain)

    @property
    def latency(self) -> int:
        """How many readouts after its centre an image comes: half a window."""
        return self.window // 2

    def init(self, *shape: int) -> TFPState:
        """Makes the state before the first readout of this shape."""
        return TFPState(history.empty(self.window, shape), history.empty(self.window, ()))

    def update(self, state: TFPState, readout: ArrayLike, present: ArrayLike = True) -> TFPState:
        """Reads one readout."""
        exists = jnp.asarray(present)
        spike = jnp.asarray(readout).astype(bool) & exists
        return TFPState(
            history.push(state.spikes, self.window, spike),
            history.push(state.exist, self.window, exists),
        )

    def image(self, state: TFPState) -> Array:
        """Gives the image half a window ago."""
        # a stream that has read nothing has no readouts to divide by
        exist = jnp.maximum(history.count(state.exist), 1)
        spikes = history.count(state.spikes)
        return spikes.astype(jnp.float32) / (exist.astype(jnp.float32) * self.gain)
