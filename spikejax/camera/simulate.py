"""A scene's light to a recording's spikes."""

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
    """Records a scene: the spikes that a camera gives out when it sees this light.

    With a floating `dtype` the spikes are differentiable in the scene, the sensor's numbers and the
    pattern's maps; how strong the shot noise is carries no gradient. Intensity below zero or NaN
    counts as darkness and infinite intensity as very bright light, without gradient.

    Args:
        key: JAX random key; the same key, the same spikes.
        scene: (T, H, W) or (B, T, H, W) float, the linear intensity at each readout, 1 for white;
            colour with a further axis of 3 (RGB) is weighed to grey by `to_grey`. A batch is B
            recordings by one camera; use `jax.vmap` over keys for as many cameras.
        sensor: one of `SENSORS`, or your own.
        pattern: the camera's maps (H, W); None draws them from `key`.
        dtype: of the spikes: uint8, bool, or a floating type for gradients.
        surrogate: see `integrate_and_fire`, as for the next two.
        detach_reset: hold the reset fixed in the gradient.
        checkpoint_every: bounds the memory of the gradient.

    Returns:
        (T, H, W) or (B, T, H, W) spikes, 0 or 1.

    Raises:
        ValueError: if the scene is not floating or not of such a shape, or the pattern does not
            fit it.
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
    """Records a scene of any length in constant memory, piece by piece.

    Args:
        key: JAX random key.
        scenes: the scene cut along time, pieces as in `simulate`; their lengths may differ.
        sensor: one of `SENSORS`, or your own.
        pattern: the camera's maps; None draws them from `key`.
        dtype: of the spikes.

    Yields:
        The spikes of each piece: together those of `simulate` on the whole scene.

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
