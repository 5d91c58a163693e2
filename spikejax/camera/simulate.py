"""Simulation of a spike camera's recording of a scene."""

from collections.abc import Iterable, Iterator
from typing import Any

import jax
import jax.numpy as jnp

from spikejax.camera.recorder import checked_scene, pixels_of, power_on, record
from spikejax.camera.sensor import Pattern, Sensor
from spikejax.camera.surrogate import Surrogate


def simulate(
    key: jax.Array,
    scene: Any,
    sensor: Sensor,
    *,
    pattern: Pattern | None = None,
    dtype: Any = jnp.uint8,
    surrogate: str | Surrogate = "atan",
    detach_reset: bool = True,
    checkpoint_every: int | None = None,
) -> jax.Array:
    """Simulates a spike camera's recording of a scene.

    With a floating `dtype` the spikes are differentiable in the scene, the sensor's numbers and the
    pattern's maps. The strength of the shot noise carries no gradient. Negative intensity and NaN
    count as darkness, infinite intensity as very bright light; their gradient is zero.

    Args:
        key: JAX random key; the same key gives the same spikes.
        scene: (T, H, W) or (B, T, H, W) float, the linear intensity at each readout, 1 for white;
            colour has a last axis of 3 (RGB) and is converted by `to_grey`. A batch is B recordings
            by one camera; use `jax.vmap` over keys for one camera per recording.
        sensor: one of `SENSORS`, or a custom sensor.
        pattern: the camera's maps (H, W); None draws them from `key`.
        dtype: dtype of the spikes: uint8, bool, or a floating type for gradients.
        surrogate: see `integrate_and_fire`.
        detach_reset: whether the reset is constant in the gradient; see `integrate_and_fire`.
        checkpoint_every: bounds the memory of the gradient; see `integrate_and_fire`.

    Returns:
        (T, H, W) or (B, T, H, W) spikes, 0 or 1.

    Raises:
        ValueError: if the scene is not floating or has another shape, or the pattern does not
            match it.
    """
    scene = checked_scene(scene)
    state = power_on(key, sensor, pixels_of(scene), pattern=pattern, dtype=scene.dtype)
    return record(
        state,
        scene,
        sensor,
        dtype=dtype,
        surrogate=surrogate,
        detach_reset=detach_reset,
        checkpoint_every=checkpoint_every,
    )[0]


def simulate_stream(
    key: jax.Array,
    scenes: Iterable[Any],
    sensor: Sensor,
    *,
    pattern: Pattern | None = None,
    dtype: Any = jnp.uint8,
) -> Iterator[jax.Array]:
    """Simulates the recording of a scene of any length, piece by piece in constant memory.

    Args:
        key: JAX random key.
        scenes: the scene in pieces along time, each as in `simulate`; their lengths may differ.
        sensor: one of `SENSORS`, or a custom sensor.
        pattern: the camera's maps; None draws them from `key`.
        dtype: dtype of the spikes.

    Yields:
        The spikes of each piece. Concatenated, they equal `simulate` on the whole scene.

    Raises:
        ValueError: as `simulate`, or if the size of the pieces changes.
    """
    state = None
    for scene in scenes:
        scene = checked_scene(scene)
        if state is None:
            size = pixels_of(scene)
            state = power_on(key, sensor, size, pattern=pattern, dtype=scene.dtype)
        spikes, state = record(state, scene, sensor, dtype=dtype)
        yield spikes
