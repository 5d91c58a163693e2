"""The last readouts of every pixel as a shift register: one bit a readout, 32 readouts a word."""

import jax.numpy as jnp
from jax import Array, lax

_BITS = 32


def empty(length: int, shape: tuple[int, ...]) -> Array:
    """Makes a register of `length` readouts without a spike.

    Args:
        length: how many readouts it remembers, at least 1.
        shape: of a readout, for instance (H, W).

    Returns:
        (words, *shape) uint32: bit b of word i is the readout 32 i + b before the newest one.
    """
    return jnp.zeros((-(-length // _BITS), *shape), jnp.uint32)


def push(register: Array, length: int, spikes: Array) -> Array:
    """Shifts a readout in as the newest; the oldest falls out.

    Args:
        register: (words, *shape) uint32.
        length: how many readouts it remembers.
        spikes: (*shape) bool.
    """
    carry = spikes.astype(jnp.uint32)
    words = []
    for word in register:
        words.append((word << 1) | carry)
        carry = word >> (_BITS - 1)
    words[-1] &= jnp.uint32(2 ** (length - _BITS * (len(words) - 1)) - 1)
    return jnp.stack(words)


def count(register: Array) -> Array:
    """Counts the spikes that every pixel's register holds, (*shape) int32."""
    ones = lax.population_count(register).astype(jnp.int32)
    return sum(list(ones[1:]), start=ones[0])


def oldest(register: Array, length: int) -> Array:
    """Reads the bit that falls out at the next push, (*shape) bool."""
    return (register[-1] >> ((length - 1) % _BITS)) & 1 == 1


def until_first(register: Array, length: int) -> Array:
    """Says how far into the register the first spike is, in order of time.

    Returns:
        (*shape) int32: 1 when the oldest readout has a spike, `length` when only the newest has
        one, and `length` again when there is none.
    """
    distance = jnp.full(register.shape[1:], length, jnp.int32)
    for i, word in enumerate(register):  # older words overrule newer ones
        age = _BITS * i + (_BITS - 1) - lax.clz(word).astype(jnp.int32)
        distance = jnp.where(word != 0, length - age, distance)
    return distance
