"""Losses on the features of trained networks: STIR's perceptual term, and LPIPS."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from spikejax.losses.batches import check_pair
from spikejax.metrics.lpips import Net, Scaling, lpips
from spikejax.metrics.single import as_rgb
from spikejax.models import trunks

_TRUNK, _TAP = "vgg19", 29  # the ReLU after conv5_1
_MEAN = (0.485, 0.456, 0.406)  # of ImageNet, on [0, 1]
_DEVIATION = (0.229, 0.224, 0.225)


def feature_loss(
    image: jax.Array,
    target: jax.Array,
    *,
    trunk: Mapping[str, Any],
    dtype: jnp.dtype | type = jnp.float32,
) -> jax.Array:
    """STIR's perceptual term: the mean squared difference of VGG19's features after conv5_1.

    The input of the trunk is ((x + 1) / 2 - mean) / deviation, with ImageNet's mean and deviation.
    STIR's images are in [0, 1], so that (x + 1) / 2 halves their contrast. This is as published.

    Args:
        image: (B, H, W, C) floating in [0, 1], C 1 (repeated to three channels) or 3 (RGB), at
            least 16 x 16 pixels.
        target: the same shape.
        trunk: VGG19's parameters, as from `weights.trunk('vgg19')`.
        dtype: type of the trunk's activations; bfloat16 is faster on GPUs and TPUs.

    Returns:
        A scalar, float32; STIR's recipe multiplies it by 0.2.

    Raises:
        ValueError: if the images are invalid.

    Source: B. Fan et al., "Spatio-temporal interactive learning for efficient image reconstruction
    of spiking cameras", NeurIPS 2024; J. Johnson et al., "Perceptual losses for real-time style
    transfer and super-resolution", ECCV 2016, equation 2.
    """
    check_pair("feature_loss", image, target)
    least = trunks.smallest(_TRUNK, _TAP)
    image, target = (as_rgb("feature_loss", x, smallest=least) for x in (image, target))
    ours, theirs = (
        trunks.apply(_TRUNK, trunk, _standardised(x).astype(dtype), (_TAP,))[0]
        for x in (image, target)
    )
    return jnp.mean(jnp.square(ours.astype(jnp.float32) - theirs.astype(jnp.float32)))


def lpips_loss(
    image: jax.Array,
    target: jax.Array,
    *,
    variables: Mapping[str, Any],
    net: Net = "vgg",
    scaling: Scaling = "unit",
) -> jax.Array:
    """LPIPS, averaged over a batch.

    Args:
        image: (B, H, W, C) floating, C 1 or 3, on the range that `scaling` expects.
        target: the same shape.
        variables: from `metrics.lpips_variables` for the same net. They are constants:
            differentiate with respect to the images only.
        net: 'vgg' (VGG16), which the authors recommend as a loss, or 'alex'.
        scaling: 'unit' for images in [0, 1]; see `metrics.lpips`.

    Returns:
        A scalar, float32.

    Raises:
        ValueError: if the images are invalid.

    Source: as for `metrics.lpips`.
    """
    check_pair("lpips_loss", image, target)
    return jnp.mean(lpips(image, target, net=net, scaling=scaling, variables=variables))


def _standardised(x: jax.Array) -> jax.Array:
    mean, deviation = (jnp.reshape(jnp.array(v), (1, 1, 1, 3)) for v in (_MEAN, _DEVIATION))
    return ((x + 1) / 2 - mean) / deviation
