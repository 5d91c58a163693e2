"""Simulation of the blurry photograph that a conventional camera takes beside a spike camera."""

from typing import Any

import jax
import jax.numpy as jnp

from spikejax.camera.neuron import checked_floats

IN_RANGE = "intensity is linear in [0, 1], so divide 8-bit values by 255"


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

    The steps are, in this order: mean, shot and read noise, clipping to [0, 1], gamma, rounding.
    Without options the result is the mean alone, not clipped.

    Args:
        frames: (T, H, W), (T, H, W, 3), or any axes after the time axis; linear intensity.
        key: JAX random key, required for noise.
        electrons: electrons per exposure at intensity 1, for shot noise; None: no shot noise.
        read_noise: standard deviation of the read noise, in units of intensity.
        gamma: the image is encoded as image^(1 / gamma); None: linear.
        bits: rounds to this many bits, within [0, 1]: 8 gives multiples of 1/255. The gradient
            passes through the rounding unchanged.

    Returns:
        (H, W) or (H, W, 3), the frames without their time axis.

    Raises:
        ValueError: if the frames are not floating or have no time axis, noise is requested without
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

    # A product with equal weights. On CPU, a mean over the first axis is fifty times slower.
    weights = jnp.full(len(frames), 1 / len(frames), frames.dtype)
    image = jnp.tensordot(weights, frames, 1, precision="highest")
    if noisy:
        variance = jnp.full_like(image, read_noise**2)
        if electrons is not None:
            variance = variance + jnp.maximum(image, 0) / electrons
        # The standard deviation carries no gradient: its slope is infinite at intensity 0.
        deviation = jax.lax.stop_gradient(jnp.sqrt(variance))
        assert key is not None
        image = image + deviation * jax.random.normal(key, image.shape, image.dtype)
    if noisy or gamma is not None or bits is not None:
        image = jnp.where(image > 0, jnp.minimum(image, 1), 0)
    if gamma is not None:
        dark = image <= 0  # the derivative of the power is infinite there
        image = jnp.where(dark, 0, jnp.where(dark, 1, image) ** (1 / gamma))
    if bits is not None:
        levels = 2**bits - 1
        image = image + jax.lax.stop_gradient(jnp.round(image * levels) / levels - image)
    return image
