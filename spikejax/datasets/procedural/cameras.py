"""Random cameras that record procedural scenes."""

import dataclasses
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from spikejax.camera import SENSORS, Sensor, simulate

_NOISES = ("prnu", "dark", "dark_spread", "threshold_spread", "threshold_jitter")


@partial(jax.jit, static_argnames=("gain", "ideal", "ssdm"))
def record_scenes(
    keys: jax.Array,
    light: jax.Array,
    *,
    gain: tuple[float, float],
    ideal: float,
    ssdm: float = 0.0,
) -> tuple[jax.Array, jax.Array]:
    """Draws a camera for each scene and records the scene with it.

    Args:
        keys: (B,) JAX random keys; each determines the camera and the noise of its scene.
        light: (B, T, H, W) linear intensity at every readout.
        gain: range of the gains of the cameras, spikes per readout at intensity 1.
        ideal: share of cameras without noise; the others have the noise of `vidar`, times a random
            factor of 0.5 to 1.5.
        ssdm: share of all cameras that are replaced by `ssdm`, with its gain.

    Returns:
        Spikes (B, T, H, W) uint8, and gains (B,), spikes per readout at intensity 1.
    """

    def one(key: jax.Array, light: jax.Array) -> tuple[jax.Array, Any]:
        of_camera, of_noise, of_kind = jax.random.split(key, 3)
        published = SENSORS["ssdm"]
        if ssdm == 1:
            return simulate(of_noise, light, published), jnp.float32(published.gain)
        sensor = _drawn(of_camera, gain, ideal)
        spikes = simulate(of_noise, light, sensor)
        if not ssdm:
            return spikes, sensor.gain
        # The reset of a pixel is part of the program, not a number: both cameras record.
        chosen = jax.random.bernoulli(of_kind, ssdm)
        return (
            jnp.where(chosen, simulate(of_noise, light, published), spikes),
            jnp.where(chosen, published.gain, sensor.gain),
        )

    return jax.vmap(one)(keys, light)


def _drawn(key: jax.Array, gain: tuple[float, float], ideal: float) -> Sensor:
    """Draws a camera that is ideal or has noise like `vidar`."""
    keys = jax.random.split(key, 3)
    noisy = jax.random.bernoulli(keys[0], 1.0 - ideal)
    strength = jnp.where(noisy, jax.random.uniform(keys[1], minval=0.5, maxval=1.5), 0.0)
    vidar = SENSORS["vidar"]
    return dataclasses.replace(
        vidar,
        gain=jax.random.uniform(keys[2], minval=gain[0], maxval=gain[1]),
        electrons=vidar.electrons / jnp.maximum(strength, 1e-6),
        **{name: getattr(vidar, name) * strength for name in _NOISES},
    )
