"""One minus structural similarity."""

import jax.numpy as jnp
from jax import Array

from spikejax.losses.batches import check_pair
from spikejax.metrics.similarity import Preset, ssim


def ssim_loss(
    image: Array, target: Array, *, data_range: float = 1.0, preset: Preset = "matlab"
) -> Array:
    """1 - SSIM, averaged over a batch: 0 for equal images, 2 at most.

    Args:
        image: (B, H, W, C) floating, at least 11 x 11 pixels ('skimage': 7 x 7).
        target: the same shape.
        data_range: the distance from black to white.
        preset: the definition of SSIM, as for `metrics.ssim`.

    Returns:
        A scalar, float32.

    Raises:
        ValueError: if the images do not fit.

    Source: H. Zhao et al., "Loss functions for image restoration with neural networks", IEEE
    Transactions on Computational Imaging 2017, section III.B.
    """
    check_pair("ssim_loss", image, target)
    image, target = jnp.asarray(image), jnp.asarray(target)
    return 1 - jnp.mean(ssim(image, target, data_range, preset=preset))
