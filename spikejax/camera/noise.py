"""Temporal noise, drawn independently for each readout.

The draws depend only on the key, the readout's index and the shape of the pixels. A recording in
pieces therefore equals a recording in one call. `sensor` draws the fixed pattern of a camera.
"""

from typing import Literal

import jax
import jax.numpy as jnp

StrayLaw = Literal["normal", "geometric"]
STRAY_LAWS = ("normal", "geometric")

_LONGEST = 2.0**30  # readouts; 15 hours, within int32


def normal_pair(
    key: jax.Array, shape: tuple[int, ...], dtype: jnp.dtype
) -> tuple[jax.Array, jax.Array]:
    """Draws two independent standard normal fields from one 32-bit word per pixel.

    Random bits dominate the cost of noise. 16 bits give a normal number with 65536 values within
    4.2 standard deviations, which is more than a sensor's noise needs.

    Args:
        key: JAX random key.
        shape: shape of each field.
        dtype: floating dtype of the fields.

    Returns:
        Two arrays of `shape`.
    """
    bits = jax.random.bits(key, shape, jnp.uint32)
    return _normal(bits & 0xFFFF, dtype), _normal(bits >> 16, dtype)


def _normal(sixteen_bits: jax.Array, dtype: jnp.dtype) -> jax.Array:
    uniform = (sixteen_bits.astype(dtype) + 0.5) * 2.0**-15 - 1  # (-1, 1), symmetric
    return jax.scipy.special.erfinv(uniform) * 2**0.5


def stray_gaps(
    key: jax.Array, shape: tuple[int, ...], mean: jax.Array, std: jax.Array, law: StrayLaw
) -> jax.Array:
    """Draws the gaps between stray spikes.

    Args:
        key: JAX random key.
        shape: shape of the pixels.
        mean: mean gap in readouts.
        std: standard deviation of the gaps in readouts; used by 'normal' only.
        law: 'normal' (rounded, at least 1; the published circuit) or 'geometric' (the same
            probability 1 / mean at every readout).

    Returns:
        `shape` int32, 1 or more.
    """
    mean, std = jnp.asarray(mean, jnp.float32), jnp.asarray(std, jnp.float32)
    if law == "normal":
        gaps = jnp.round(mean + std * jax.random.normal(key, shape, jnp.float32))
    else:
        tiny = jnp.finfo(jnp.float32).tiny
        uniform = jax.random.uniform(key, shape, jnp.float32, minval=tiny)
        gaps = jnp.ceil(jnp.log(uniform) / jnp.log1p(-1 / mean))
    return _as_readouts(gaps)


def first_stray(
    key: jax.Array, shape: tuple[int, ...], mean: jax.Array, std: jax.Array, law: StrayLaw
) -> jax.Array:
    """Draws the readouts until the first stray spike of a process in its steady state.

    The probability of a wait of k readouts is proportional to the probability of a gap of at least
    k (the forward recurrence time of renewal theory). A geometric law has no memory.

    Args:
        key: JAX random key.
        shape: shape of the pixels.
        mean: mean gap in readouts.
        std: standard deviation of the gaps in readouts.
        law: as in `stray_gaps`.

    Returns:
        `shape` int32, 1 or more.
    """
    if law == "geometric":
        return stray_gaps(key, shape, mean, std, law)
    mean, std = jnp.asarray(mean, jnp.float32), jnp.asarray(std, jnp.float32)
    waits = jnp.linspace(0.0, 1.0, 1025, dtype=jnp.float32) * (
        jnp.minimum(mean, _LONGEST) + 6 * std
    )
    longer = jax.scipy.stats.norm.sf(waits, loc=mean, scale=jnp.maximum(std, 1e-6))
    chances = jnp.cumsum(jnp.pad((longer[1:] + longer[:-1]) / 2, (1, 0)))
    drawn = jnp.interp(jax.random.uniform(key, shape, jnp.float32), chances / chances[-1], waits)
    return _as_readouts(jnp.where(mean < _LONGEST, jnp.ceil(drawn), _LONGEST))


def _as_readouts(gaps: jax.Array) -> jax.Array:
    return jnp.clip(gaps, 1, _LONGEST).astype(jnp.int32)
