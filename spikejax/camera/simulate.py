"""A scene's light to a recording's spikes, in one go or piece by piece."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from spikejax.camera.exposure import IN_RANGE, to_grey
from spikejax.camera.neuron import CEILING, Neuron, advance, checked_floats, scan
from spikejax.camera.noise import first_stray, normal_pair, stray_gaps
from spikejax.camera.sensor import Pattern, Sensor
from spikejax.camera.surrogate import Surrogate


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class CameraState:
    """A camera between two readouts: what `record` takes and returns.

    Attributes:
        key: of all temporal noise.
        readout: () int32, the index of the next readout.
        potential: (H, W) or (B, H, W), in thresholds.
        until_stray: same shape, int32, readouts until the next stray spike.
        pattern: the camera's maps, (H, W).
    """

    key: jax.Array
    readout: jax.Array
    potential: jax.Array
    until_stray: jax.Array
    pattern: Pattern


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
    scene = _checked_scene(scene)
    pixels = (*scene.shape[: scene.ndim - 3], *scene.shape[-2:])
    state = power_on(key, sensor, pixels, pattern=pattern, dtype=scene.dtype)
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
        scene = _checked_scene(scene)
        if state is None:
            pixels = (*scene.shape[: scene.ndim - 3], *scene.shape[-2:])
            state = power_on(key, sensor, pixels, pattern=pattern, dtype=scene.dtype)
        spikes, state = record(state, scene, sensor, dtype=dtype)
        yield spikes


def power_on(
    key: jax.Array,
    sensor: Sensor,
    shape: tuple[int, ...],
    *,
    pattern: Pattern | None = None,
    dtype: Any = jnp.float32,
) -> CameraState:
    """A camera before its first readout.

    Args:
        key: JAX random key, for the pattern (unless given), the start, and all later noise.
        sensor: one of `SENSORS`, or your own.
        shape: (H, W), or (B, H, W) for a batch of recordings.
        pattern: the camera's maps; None draws them.
        dtype: of the potential, floating: that of the scenes.

    Returns:
        The state that `record` starts from.

    Raises:
        ValueError: if the shape or the pattern does not fit.
    """
    if len(shape) not in (2, 3):
        raise ValueError(f"power_on: expected a shape (H, W) or (B, H, W), got {shape}")
    keys = jax.random.split(key, 4)
    pattern = sensor.pattern(keys[0], shape[-2:]) if pattern is None else pattern
    pattern = jax.tree.map(partial(_map_of_pixels, shape[-2:], dtype), pattern)
    threshold = jnp.broadcast_to(pattern.threshold, shape)
    light = jax.random.uniform(keys[1], shape, dtype)
    if sensor.start == "uniform":
        potential = light * threshold
    elif sensor.start == "light":
        neuron = Neuron(reset=sensor.reset, strict=sensor.strict)
        charge = _charge(light, sensor, pattern)
        potential, _ = advance(neuron, jnp.zeros(shape, dtype), charge, threshold)
    else:
        potential = jnp.zeros(shape, dtype)
    until_stray = jnp.zeros(shape, jnp.int32)
    if not _is(sensor.stray_gap, jnp.inf):
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
    """Records a piece of a scene, from where the piece before it ended.

    However a scene is cut, the spikes are the same: noise is keyed by the readout's index.

    Args:
        state: from `power_on`, or returned by the piece before.
        scene: (T, H, W) or (B, T, H, W) float, or colour, as in `simulate`.
        sensor: the same as for the other pieces.
        dtype: of the spikes, as in `simulate`.
        surrogate: see `integrate_and_fire`, as for the next two.
        detach_reset: hold the reset fixed in the gradient.
        checkpoint_every: bounds the memory of the gradient.

    Returns:
        The spikes, (T, H, W) or (B, T, H, W), and the state after them.

    Raises:
        ValueError: if the scene does not fit the state.
    """
    scene = _checked_scene(scene)
    pixels = (*scene.shape[: scene.ndim - 3], *scene.shape[-2:])
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
    threshold = jnp.broadcast_to(pattern.threshold, shape)

    def step(carry: Any, light: jax.Array) -> tuple[Any, jax.Array]:
        potential, until_stray, readout = carry
        keys = jax.random.split(jax.random.fold_in(state.key, readout))
        charge, theta = _charge(light, sensor, pattern), threshold
        if has_shot or has_jitter:
            shot, jitter = normal_pair(keys[0], shape, work)
            if has_shot:
                # Electrons are counted: their variance is their number, electrons / gain a
                # threshold. The slope of the root is infinite in the dark, hence no gradient.
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
        return (potential, until_stray, readout + 1), spikes.astype(dtype)

    carry = (state.potential, state.until_stray, state.readout)
    scene = jnp.moveaxis(scene, scene.ndim - 3, 0)
    carry, spikes = scan(step, carry, scene, checkpoint_every=checkpoint_every)
    potential, until_stray, readout = carry
    spikes = jnp.moveaxis(spikes, 0, spikes.ndim - 3)
    return spikes, CameraState(state.key, readout, potential, until_stray, pattern)


def _charge(light: jax.Array, sensor: Sensor, pattern: Pattern) -> jax.Array:
    """What a readout adds, in thresholds, before noise; no light makes it NaN."""
    seen = (light >= 0) & (light <= CEILING)
    light = jnp.where(seen, light, jnp.where(light > CEILING, CEILING, 0))
    sensitivity = jnp.broadcast_to(sensor.gain * pattern.prnu, light.shape)
    return sensitivity * light + jnp.broadcast_to(pattern.dark, light.shape)


def _checked_scene(scene: Any) -> jax.Array:
    scene = checked_floats("scene", scene, IN_RANGE)
    if scene.ndim in (4, 5) and scene.shape[-1] == 3:
        scene = to_grey(scene)
    if scene.ndim not in (3, 4) or 0 in scene.shape:
        raise ValueError(
            "simulate: expected a scene (T, H, W), (B, T, H, W), or one of these with a last axis "
            f"of 3 for colour, got shape {scene.shape}"
        )
    return scene


def _map_of_pixels(shape: tuple[int, ...], dtype: Any, values: Any) -> jax.Array:
    values = jnp.asarray(values, dtype)
    if values.shape not in ((), shape):
        raise ValueError(f"pattern: expected maps of shape {shape}, got {values.shape}")
    return jnp.broadcast_to(values, shape)


def _is(value: Any, off: float) -> bool:
    """Whether a noise is known, before tracing, to be off."""
    return not isinstance(value, jax.core.Tracer) and bool(value == off)
