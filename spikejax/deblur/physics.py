"""The physical model that relates a blurry photograph to the spikes of the same light."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

from spikejax import classical
from spikejax.camera import ExposureTiming

_EXPOSURE = ExposureTiming()


def sdm(blur: jax.Array, tfp_long: jax.Array, tfp_short: jax.Array) -> jax.Array:
    """The spike-guided deblurring model (SDM): blur / long average * short average, per channel.

    The photograph and the long average of the spikes are means of the same light over the exposure.
    The ratio of the two averages at a moment therefore applies to the photograph too.

    Args:
        blur: (B, H, W, 3) the photograph, linear.
        tfp_long: (B, H, W, 1) mean spikes of the exposure.
        tfp_short: (B, H, W, 1) mean spikes around a moment.

    Returns:
        (B, H, W, 3) the image of that moment, not clamped; 0 where no pixel fires during the
        exposure.

    Raises:
        ValueError: if the shapes do not fit.

    Source: Chen et al., "SpikeReveal", NeurIPS 2024, section 3.2.
    """
    expected = (*blur.shape[:-1], 1)
    if len(blur.shape) != 4 or tfp_long.shape != expected or tfp_short.shape != expected:
        raise ValueError(
            "sdm: expected blur (B, H, W, 3) and both averages (B, H, W, 1), got "
            f"{tuple(blur.shape)}, {tuple(tfp_long.shape)} and {tuple(tfp_short.shape)}"
        )
    dark = tfp_long == 0
    return jnp.where(dark, 0, blur / jnp.where(dark, 1, tfp_long) * tfp_short)


def long_tfp(spikes: jax.Array, exposure: ExposureTiming = _EXPOSURE) -> jax.Array:
    """Averages the spikes of the whole exposure.

    Args:
        spikes: (B, T, h, w), 0 or 1.
        exposure: the position of the exposure in the recording.

    Returns:
        (B, h, w, 1) float32, spikes per readout.

    Raises:
        ValueError: if the recording does not have the readouts of `exposure`.
    """
    exposure.check_spikes(spikes)
    exposed = binary(jnp.asarray(spikes[:, exposure.margin : exposure.stop]))
    return exposed.sum(1, dtype=jnp.float32)[..., None] / exposure.readouts


def short_tfp(
    spikes: jax.Array, times: Sequence[int], exposure: ExposureTiming = _EXPOSURE
) -> jax.Array:
    """Averages the spikes of a few readouts around each moment.

    Args:
        spikes: (B, T, h, w), 0 or 1.
        times: N readouts.
        exposure: the position of the exposure in the recording.

    Returns:
        (B, N, h, w, 1) float32, spikes per readout.

    Raises:
        ValueError: if the recording does not have the readouts of `exposure`, or a moment is
            outside the exposure.
    """
    exposure.check_spikes(spikes)
    centres = np.array(exposure.check_times(times), np.int32)
    return classical.tfp(spikes, centres, window=exposure.short)[..., None]


def binary(spikes: jax.Array) -> jax.Array:
    """Converts integers to 0 or 1 spikes; floats, from differentiable simulations, are kept."""
    return spikes if jnp.issubdtype(spikes.dtype, jnp.floating) else spikes != 0


def reblur(images: jax.Array) -> jax.Array:
    """Averages sharp images, evenly spread over an exposure, to the blurry photograph.

    Args:
        images: (B, N, H, W, C).

    Returns:
        (B, H, W, C).
    """
    return images.mean(1)
