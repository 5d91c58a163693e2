"""How far two images are apart, pixel by pixel: MSE and PSNR."""

from typing import Any

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from spikejax.metrics.pairs import compare


def mse(a: Any, b: Any) -> Any:
    """Averages the squared difference over the pixels and channels of an image.

    Args:
        a: (H, W), (H, W, C) with at most four channels, or (B, H, W, C), on any range. JAX arrays
            are compared in float32 on their device, differentiably; others in float64.
        b: the same shape.

    Returns:
        A scalar, or (B,) for a batch.

    Raises:
        ValueError: if the shapes differ or are none of these.
    """
    return compare("mse", lambda a, b, _: _mse(a, b), a, b)


def psnr(a: Any, b: Any, data_range: ArrayLike = 1.0) -> Any:
    """Peak signal-to-noise ratio in decibels: 10 log10(data_range^2 / MSE).

    Nothing is clipped: clip a reconstruction to its range first if it may leave it.

    Args:
        a: (H, W), (H, W, C) with at most four channels, or (B, H, W, C). JAX arrays are compared
            in float32 on their device, differentiably; others in float64.
        b: the same shape.
        data_range: the distance from black to white, above 0; never taken from the images.

    Returns:
        A scalar, or (B,) for a batch, each over its own image; infinity for equal images (and the
        gradient 0 there).

    Raises:
        ValueError: if the shapes differ or are none of these, or integer images come without their
            range.
    """
    return compare("psnr", _psnr, a, b, data_range)


@jax.jit
def _mse(a: Array, b: Array) -> Array:
    return jnp.mean(jnp.square(a - b), axis=(1, 2, 3))


@jax.jit
def _psnr(a: Array, b: Array, data_range: Array) -> Array:
    error = _mse(a, b) / jnp.square(data_range)
    equal = error == 0
    # the logarithm is kept from 0 as well as its result: 0 times an infinite slope is no number
    return jnp.where(equal, jnp.inf, -10 * jnp.log10(jnp.where(equal, 1, error)))
