"""Shift registers of every pixel's last readouts: one bit per readout, 32 readouts per word."""

import jax
import jax.numpy as jnp
from jax import lax

_BITS = 32


def empty(length: int, shape: tuple[int, ...]) -> jax.Array:
    """Creates a register of `length` readouts without spikes.

    Args:
        length: number of readouts in the register, at least 1.
        shape: shape of a readout, for example (H, W).

    Returns:
        (words, *shape) uint32: bit b of word i is the readout 32 i + b before the newest one.
    """
    return jnp.zeros((-(-length // _BITS), *shape), jnp.uint32)


def push(register: jax.Array, length: int, spikes: jax.Array) -> jax.Array:
    """Adds a readout as the newest and drops the oldest.

    Args:
        register: (words, *shape) uint32.
        length: number of readouts in the register.
        spikes: (*shape) bool.

    Returns:
        (words, *shape) uint32.
    """
    carry = spikes.astype(jnp.uint32)
    words = []
    for word in register:
        words.append((word << 1) | carry)
        carry = word >> (_BITS - 1)
    words[-1] &= jnp.uint32(2 ** (length - _BITS * (len(words) - 1)) - 1)
    return jnp.stack(words)


def count(register: jax.Array) -> jax.Array:
    """Returns the number of spikes in every pixel's register, (*shape) int32."""
    ones = lax.population_count(register).astype(jnp.int32)
    return sum(list(ones[1:]), start=ones[0])


def oldest(register: jax.Array, length: int) -> jax.Array:
    """Returns the bit that the next push drops, (*shape) bool."""
    return (register[-1] >> ((length - 1) % _BITS)) & 1 == 1


def until_first(register: jax.Array, length: int) -> jax.Array:
    """Returns the position of the first spike in the register, in order of time.

    Returns:
        (*shape) int32: 1 if the oldest readout has a spike, `length` if only the newest readout or
        no readout has one.
    """
    distance = jnp.full(register.shape[1:], length, jnp.int32)
    for i, word in enumerate(register):  # older words take precedence over newer ones
        age = _BITS * i + (_BITS - 1) - lax.clz(word).astype(jnp.int32)
        distance = jnp.where(word != 0, length - age, distance)
    return distance
