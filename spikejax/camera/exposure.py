"""The ordinary camera beside the spike camera: the photograph that motion blurs."""

from typing import Any

import jax
import jax.numpy as jnp

from spikejax.camera.neuron import checked_floats

# The weighting that the published S-SDM data use (Rec. 601, rounded), on linear intensities.
GREY_WEIGHTS = (0.30, 0.59, 0.11)

IN_RANGE = "intensity is linear in [0, 1], so divide 8-bit values by 255"


def to_grey(image: Any) -> jax.Array:
    """Weighs red, green and blue into one intensity: 0.30 R + 0.59 G + 0.11 B.

    Args:
        image: (..., 3) float, linear RGB.

    Returns:
        (...) in the same dtype.

    Raises:
        ValueError: if the last axis is not 3 or the values are not floating.
    """
    image = checked_floats("to_grey", image, IN_RANGE)
    if image.ndim == 0 or image.shape[-1] != 3:
        raise ValueError(f"to_grey: expected (..., 3) RGB, got shape {image.shape}")
    red, green, blue = GREY_WEIGHTS
    return red * image[..., 0] + green * image[..., 1] + blue * image[..., 2]


def expose(
    frames: Any,
    *,
    key: jax.Array | None = None,
    electrons: float | None = None,
    read_noise: float = 0.0,
    gamma: float | None = None,
    bits: int | None = None,
) -> jax.Array:
    """Takes the photograph of a scene: the mean of its linear frames over the exposure.

    In this order: mean, shot and read noise, clipping to [0, 1], gamma, rounding. Without options
    it is the mean alone, not clipped.

    Args:
        frames: (T, H, W), (T, H, W, 3), or whatever follows the time axis; linear intensity.
        key: JAX random key, needed for noise.
        electrons: gathered during the exposure at intensity 1, for shot noise; None: none.
        read_noise: standard deviation of the noise of reading out, in units of intensity.
        gamma: the image is encoded as image^(1 / gamma); None: linear.
        bits: rounds to this many bits, and stays in [0, 1]: 8 gives multiples of 1/255. The
            gradient passes the rounding unchanged.

    Returns:
        (H, W) or (H, W, 3), the frames without their time axis.

    Raises:
        ValueError: if the frames are not floating or have no time axis, noise is asked for without
            a key, or an option is out of range.
    """
    frames = checked_floats("expose", frames, IN_RANGE)
    if frames.ndim < 2 or frames.shape[0] == 0:
        raise ValueError(f"expose: expected frames (T, H, W[, 3]), got shape {frames.shape}")
    noisy = electrons is not None or read_noise != 0
    for name, value in (("electrons", electrons), ("gamma", gamma), ("bits", bits)):
        if value is not None and not value > 0:
            raise ValueError(f"expose: {name}: expected a positive number, got {value}")
    if noisy and key is None:
        raise ValueError("expose: noise needs a random key; pass key=jax.random.key(...)")

    # A product with equal weights: on a CPU a mean over the first axis is fifty times slower.
    weights = jnp.full(len(frames), 1 / len(frames), frames.dtype)
    image = jnp.tensordot(weights, frames, 1, precision="highest")
    if noisy:
        variance = jnp.full_like(image, read_noise**2)
        if electrons is not None:
            variance = variance + jnp.maximum(image, 0) / electrons
        # How strong the noise is carries no gradient: its slope is infinite in the dark.
        deviation = jax.lax.stop_gradient(jnp.sqrt(variance))
        assert key is not None
        image = image + deviation * jax.random.normal(key, image.shape, image.dtype)
    if noisy or gamma is not None or bits is not None:
        image = jnp.where(image > 0, jnp.minimum(image, 1), 0)
    if gamma is not None:
        dark = image <= 0  # where the power's derivative is infinite
        image = jnp.where(dark, 0, jnp.where(dark, 1, image) ** (1 / gamma))
    if bits is not None:
        levels = 2**bits - 1
        image = image + jax.lax.stop_gradient(jnp.round(image * levels) / levels - image)
    return image
