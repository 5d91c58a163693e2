"""Recording of a scene piece by piece, with the camera's state between the pieces."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from spikejax.camera.exposure import IN_RANGE
from spikejax.camera.grey import to_grey
from spikejax.camera.neuron import CEILING, Neuron, advance, checked_floats, scan
from spikejax.camera.noise import first_stray, normal_pair, stray_gaps
from spikejax.camera.sensor import Pattern, Sensor
from spikejax.camera.surrogate import Surrogate


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class CameraState:
    """The state of a camera between two readouts, which `record` takes and returns.

    Attributes:
        key: JAX random key of all temporal noise.
        readout: () int32, index of the next readout.
        potential: (H, W) or (B, H, W), in thresholds.
        until_stray: same shape, int32, readouts until the next stray spike.
        pattern: the camera's maps, each (H, W) or a number.
    """

    key: jax.Array
    readout: jax.Array
    potential: jax.Array
    until_stray: jax.Array
    pattern: Pattern


def power_on(
    key: jax.Array,
    sensor: Sensor,
    shape: tuple[int, ...],
    *,
    pattern: Pattern | None = None,
    dtype: Any = jnp.float32,
) -> CameraState:
    """Creates the initial state of a camera.

    Args:
        key: JAX random key for the pattern (if `pattern` is None), the start and all later noise.
        sensor: one of `SENSORS`, or a custom sensor.
        shape: (H, W), or (B, H, W) for a batch of recordings.
        pattern: the camera's maps; None draws them.
        dtype: floating dtype of the potential, the same as the scenes'.

    Returns:
        The state for the first call of `record`.

    Raises:
        ValueError: if the shape is not (H, W) or (B, H, W), or the pattern does not match it.
    """
    if len(shape) not in (2, 3):
        raise ValueError(f"power_on: expected a shape (H, W) or (B, H, W), got {shape}")
    spreads = (sensor.prnu, sensor.dark_spread, sensor.threshold_spread)
    if pattern is None and all(_is(spread, 0) for spread in spreads):
        pattern = Pattern(dark=sensor.dark)  # numbers are faster to read than constant maps
    if pattern is not None:
        pattern = jax.tree.map(partial(_map_of_pixels, shape[-2:], dtype), pattern)
    has_stray = not _is(sensor.stray_gap, jnp.inf)
    return _power_on(key, sensor, pattern, tuple(shape), jnp.dtype(dtype), has_stray)


@partial(jax.jit, static_argnums=(3, 4, 5))
def _power_on(
    key: jax.Array,
    sensor: Sensor,
    pattern: Pattern | None,
    shape: tuple[int, ...],
    dtype: Any,
    has_stray: bool,
) -> CameraState:
    keys = jax.random.split(key, 4)
    if pattern is None:
        pattern = sensor.pattern(keys[0], shape[-2:])
        pattern = jax.tree.map(lambda values: values.astype(dtype), pattern)
    sensor = jax.tree.map(lambda number: jnp.asarray(number, dtype), sensor)
    threshold = jnp.broadcast_to(pattern.threshold, shape)
    light = jax.random.uniform(keys[1], shape, dtype)
    potential = jnp.zeros(shape, dtype)
    if sensor.start == "uniform":
        potential = light * threshold
    elif sensor.start == "light":
        neuron = Neuron(reset=sensor.reset, strict=sensor.strict)
        sensitivity = jnp.broadcast_to(sensor.gain * pattern.prnu, shape)
        charge = _charge(light, sensitivity, jnp.broadcast_to(pattern.dark, shape))
        potential, _ = advance(neuron, potential, charge, threshold)
    until_stray = jnp.zeros(shape, jnp.int32)
    if has_stray:
        gap = (sensor.stray_gap, sensor.stray_gap_std, sensor.stray_law)
        until_stray = first_stray(keys[2], shape, *gap)
    return CameraState(keys[3], jnp.zeros((), jnp.int32), potential, until_stray, pattern)


def record(
    state: CameraState,
    scene: Any,
    sensor: Sensor,
    *,
    dtype: Any = jnp.uint8,
    surrogate: str | Surrogate = "atan",
    detach_reset: bool = True,
    checkpoint_every: int | None = None,
) -> tuple[jax.Array, CameraState]:
    """Records a piece of a scene, starting from the state after the previous piece.

    The spikes do not depend on how a scene is cut, because noise is keyed by the readout's index.

    Args:
        state: from `power_on` or the previous call of `record`.
        scene: (T, H, W) or (B, T, H, W) float, or colour, as in `simulate`.
        sensor: the sensor, the same for all pieces.
        dtype: dtype of the spikes, as in `simulate`.
        surrogate: see `integrate_and_fire`.
        detach_reset: whether the reset is constant in the gradient; see `integrate_and_fire`.
        checkpoint_every: bounds the memory of the gradient; see `integrate_and_fire`.

    Returns:
        The spikes, (T, H, W) or (B, T, H, W), and the state after them.

    Raises:
        ValueError: if the scene does not match the state.
    """
    scene = checked_scene(scene)
    pixels = pixels_of(scene)
    if pixels != state.potential.shape:
        raise ValueError(
            f"record: the camera has pixels {state.potential.shape}, the scene {pixels}"
        )
    noises = (
        not _is(sensor.electrons, jnp.inf),
        not _is(sensor.threshold_jitter, 0),
        not _is(sensor.stray_gap, jnp.inf),
    )
    neuron = Neuron(sensor.reset, surrogate, detach_reset, sensor.strict)
    return _record(state, scene, sensor, neuron, jnp.dtype(dtype), checkpoint_every, noises)


@partial(jax.jit, static_argnums=(3, 4, 5, 6))
def _record(
    state: CameraState,
    scene: jax.Array,
    sensor: Sensor,
    neuron: Neuron,
    dtype: Any,
    checkpoint_every: int | None,
    noises: tuple[bool, bool, bool],
) -> tuple[jax.Array, CameraState]:
    has_shot, has_jitter, has_stray = noises
    shape, pattern, work = state.potential.shape, state.pattern, state.potential.dtype
    sensor = jax.tree.map(lambda number: jnp.asarray(number, work), sensor)
    sensitivity, dark, threshold = (
        values if values.ndim == 0 else jnp.broadcast_to(values, shape)
        for values in (sensor.gain * pattern.prnu, pattern.dark, pattern.threshold)
    )

    def step(carry: Any, inputs: Any) -> tuple[Any, jax.Array]:
        (potential, until_stray), (light, readout) = carry, inputs
        if has_shot or has_jitter or has_stray:
            keys = jax.random.split(jax.random.fold_in(state.key, readout))
        charge, theta = _charge(light, sensitivity, dark), threshold
        if has_shot or has_jitter:
            shot, jitter = normal_pair(keys[0], shape, work)
            if has_shot:
                # The variance of a number of electrons is their number; a threshold is
                # electrons / gain. The square root has infinite slope at zero, hence no gradient.
                variance = jnp.maximum(charge, 0) * (sensor.gain / sensor.electrons)
                charge = charge + jax.lax.stop_gradient(jnp.sqrt(variance)) * shot
            if has_jitter:
                theta = theta * jnp.maximum(1 + sensor.threshold_jitter * jitter, 0.05)
        potential, spikes = advance(neuron, potential, charge, theta)
        if has_stray:
            until_stray = until_stray - 1
            stray = until_stray == 0
            gap = (sensor.stray_gap, sensor.stray_gap_std, sensor.stray_law)
            gaps = stray_gaps(keys[1], shape, *gap)
            until_stray = jnp.where(stray, gaps, until_stray)
            spikes = jnp.where(stray, 1, spikes)
        return (potential, until_stray), spikes.astype(dtype)

    # Constants stay out of the carry: the loop would copy them at every readout.
    carry = (state.potential, state.until_stray if has_stray else None)
    scene = jnp.moveaxis(scene, scene.ndim - 3, 0)
    readouts = state.readout + jnp.arange(scene.shape[0], dtype=jnp.int32)
    (potential, until_stray), spikes = scan(
        step, carry, (scene, readouts), checkpoint_every=checkpoint_every
    )
    spikes = jnp.moveaxis(spikes, 0, spikes.ndim - 3)
    until_stray = until_stray if has_stray else state.until_stray
    return spikes, CameraState(state.key, readouts[-1] + 1, potential, until_stray, pattern)


def _charge(light: jax.Array, sensitivity: jax.Array, dark: jax.Array) -> jax.Array:
    """Returns the charge of one readout in thresholds, before noise; it is never NaN."""
    in_range = (light >= 0) & (light <= CEILING)
    light = jnp.where(in_range, light, jnp.where(light > CEILING, CEILING, 0))
    return sensitivity * light + dark


def checked_scene(scene: Any) -> jax.Array:
    """Returns the scene in grey, in float32 or wider.

    Raises:
        ValueError: if the scene is not floating or has an unsupported shape.
    """
    scene = checked_floats("scene", scene, IN_RANGE)
    if scene.ndim in (4, 5) and scene.shape[-1] == 3:
        scene = to_grey(scene)
    if scene.ndim not in (3, 4) or 0 in scene.shape:
        raise ValueError(
            "scene: expected (T, H, W), (B, T, H, W), or one of these with a last axis "
            f"of 3 for colour, got shape {scene.shape}"
        )
    return scene


def pixels_of(scene: jax.Array) -> tuple[int, ...]:
    """Returns (H, W) or (B, H, W) of a scene (T, H, W) or (B, T, H, W)."""
    return (*scene.shape[:-3], *scene.shape[-2:])


def _map_of_pixels(shape: tuple[int, ...], dtype: Any, values: Any) -> jax.Array:
    values = jnp.asarray(values, dtype)
    if values.shape not in ((), shape):
        raise ValueError(f"pattern: expected maps of shape {shape}, got {values.shape}")
    return values


def _is(value: Any, off: float) -> bool:
    """Returns whether a noise is known to be off before tracing."""
    return not isinstance(value, jax.core.Tracer) and bool(value == off)
