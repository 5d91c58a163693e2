"""Pixel-wise error metrics: MSE and PSNR."""

from typing import Any

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from spikejax.metrics.metric import Metric, register
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

    Nothing is clipped; clip a reconstruction first if its values may leave the range.

    Args:
        a: (H, W), (H, W, C) with at most four channels, or (B, H, W, C). JAX arrays are compared
            in float32 on their device, differentiably; others in float64.
        b: the same shape.
        data_range: the distance from black to white, above 0; never inferred from the images.

    Returns:
        A scalar, or (B,) with one score per image; infinity for equal images, where the gradient
        is 0.

    Raises:
        ValueError: if the shapes differ or are none of these, or images are integers and the range
            is at most 1.
    """
    return compare("psnr", _psnr, a, b, data_range)


@register("psnr")
def _table_metric() -> Metric:
    return Metric(
        "PSNR",
        "in dB, 10 log10(1 / MSE) of the unrounded image, range 1; computed by "
        "spikejax.metrics.psnr",
        digits=2,
        higher=True,
        function=lambda image, truth: psnr(image, truth, data_range=1.0),
        order=10,
    )


@jax.jit
def _mse(a: jax.Array, b: jax.Array) -> jax.Array:
    return jnp.mean(jnp.square(a - b), axis=(1, 2, 3))


@jax.jit
def _psnr(a: jax.Array, b: jax.Array, data_range: jax.Array) -> jax.Array:
    error = _mse(a, b) / jnp.square(data_range)
    equal = error == 0
    # The argument of the logarithm is replaced too: 0 times an infinite slope is NaN.
    return jnp.where(equal, jnp.inf, -10 * jnp.log10(jnp.where(equal, 1, error)))
