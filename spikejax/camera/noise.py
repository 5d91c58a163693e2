"""Noise that changes from readout to readout, keyed by the readout's index.

The draws depend on the key, the index and the shape of the pixels alone, so that a recording made
in pieces is the one made in one go. What is drawn once a camera is in `sensor`.
"""

from typing import Literal

import jax
import jax.numpy as jnp

StrayLaw = Literal["normal", "geometric"]
STRAY_LAWS = ("normal", "geometric")

_LONGEST = 2.0**30  # readouts: 15 hours, and within int32


def normal_pair(
    key: jax.Array, shape: tuple[int, ...], dtype: jnp.dtype
) -> tuple[jax.Array, jax.Array]:
    """Two independent standard normal fields from one 32-bit word a pixel.

    Random bits are what noise costs; 16 of them give a normal number with 65536 values within 4.2
    standard deviations, more than a sensor's noise needs.

    Args:
        key: JAX random key.
        shape: of each field.
        dtype: floating.

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
    """Readouts from one stray spike to the next.

    Args:
        key: JAX random key.
        shape: of the pixels.
        mean: of the gaps, readouts.
        std: of the gaps, readouts; `normal` only.
        law: 'normal' (rounded, at least 1; the published circuit) or 'geometric' (every readout
            alike, with probability 1 / mean).

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
    """Readouts to the first stray spike of a process that has been running for long.

    The chance of having to wait k readouts is proportional to that of a gap of at least k (the
    forward recurrence time of renewal theory); a geometric law has no memory.

    Args:
        key: JAX random key.
        shape: of the pixels.
        mean: of the gaps, readouts.
        std: of the gaps, readouts.
        law: as for `stray_gaps`.

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
