"""The SSIM loss: one minus structural similarity."""

import jax
import jax.numpy as jnp

from spikejax.losses.batches import check_pair
from spikejax.metrics.similarity import Preset, ssim


def ssim_loss(
    image: jax.Array, target: jax.Array, *, data_range: float = 1.0, preset: Preset = "matlab"
) -> jax.Array:
    """1 - SSIM, averaged over a batch: 0 for equal images, at most 2.

    Args:
        image: (B, H, W, C) floating, at least 11 x 11 pixels ('skimage': 7 x 7).
        target: the same shape.
        data_range: the distance from black to white.
        preset: the definition of SSIM, as for `metrics.ssim`.

    Returns:
        A scalar, float32.

    Raises:
        ValueError: if the images are invalid.

    Source: H. Zhao et al., "Loss functions for image restoration with neural networks", IEEE
    Transactions on Computational Imaging 2017, section III.B.
    """
    check_pair("ssim_loss", image, target)
    image, target = jnp.asarray(image), jnp.asarray(target)
    return 1 - jnp.mean(ssim(image, target, data_range, preset=preset))
