"""Initialisers: PyTorch's defaults, from which the published networks start."""

import math
from collections.abc import Callable

import jax
import jax.numpy as jnp

Initializer = Callable[..., jax.Array]

xavier_uniform: Initializer = jax.nn.initializers.glorot_uniform()
xavier_normal: Initializer = jax.nn.initializers.variance_scaling(1.0, "fan_avg", "normal")
he_normal: Initializer = jax.nn.initializers.he_normal()
zeros: Initializer = jax.nn.initializers.zeros
ones: Initializer = jax.nn.initializers.ones


def uniform_by_fan_in(fan_in: int) -> Initializer:
    """U(-1/sqrt(fan_in), 1/sqrt(fan_in)), PyTorch's default for kernels and biases.

    It is Kaiming's uniform distribution (He et al. 2015) with the slope a = sqrt(5).

    Args:
        fan_in: inputs summed into one output.

    Returns:
        An initializer (key, shape, dtype) -> array.
    """
    bound = 1.0 / math.sqrt(fan_in)

    def init(
        key: jax.Array, shape: tuple[int, ...], dtype: jnp.dtype | type = jnp.float32
    ) -> jax.Array:
        return jax.random.uniform(key, shape, dtype, -bound, bound)

    return init


def constant(value: float) -> Initializer:
    """Returns an initialiser that sets every entry to `value`."""
    return jax.nn.initializers.constant(value)
