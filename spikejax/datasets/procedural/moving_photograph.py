"""Scenes of a moving photograph, recorded by a spike camera and an ordinary camera.

The frames of a scene give a blurry photograph and the spikes of the same exposure, the input of
S-SDM, and the true images. Frames are rendered one by one, so that only one is in memory.
"""

import dataclasses
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, overload

import jax
import jax.numpy as jnp
import numpy as np

from spikejax.camera import Sensor, simulate_stream, to_grey
from spikejax.camera.conventions import SCALE
from spikejax.camera.exposure import IN_RANGE
from spikejax.camera.interpolation import mean_of_cells
from spikejax.camera.neuron import checked_floats

_SLACK = 1e-3  # pixels by which rounding may put a view beyond the edge


@dataclasses.dataclass(frozen=True, eq=False)
class MovingFrames(Sequence[jax.Array]):
    """A lazy sequence of views of a photograph, one per readout, from `moving_photograph`.

    `frames[t]` is the frame (H, W, 3) of readout t.

    Attributes:
        photograph: (H', W', 3) float32, linear intensity.
        readouts: T, number of readouts.
        velocity: velocity of the view, pixels per readout, x then y.
        rotation: rotation of the view, radians per readout.
        size: (H, W) of the frames.
    """

    photograph: jax.Array
    readouts: int
    velocity: tuple[float, float]
    rotation: float
    size: tuple[int, int]

    def __len__(self) -> int:
        return self.readouts

    @overload
    def __getitem__(self, index: int) -> jax.Array: ...

    @overload
    def __getitem__(self, index: slice) -> list[jax.Array]: ...

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[n] for n in range(*index.indices(len(self)))]
        time = float(range(self.readouts)[index] - self.readouts // 2)
        place = (time * self.velocity[0], time * self.velocity[1], time * self.rotation)
        return _view(self.photograph, jnp.asarray(place, jnp.float32), self.size)


def moving_photograph(
    photograph: Any,
    *,
    velocity: tuple[float, float],
    size: tuple[int, int],
    readouts: int = 137,
    rotation: float = 0.0,
) -> MovingFrames:
    """Moves a view over a photograph, with bilinear interpolation between its pixels.

    The frame of the middle readout, `readouts // 2`, is the centre crop of the photograph, without
    interpolation.

    Args:
        photograph: (H', W', 3) float, linear RGB in [0, 1].
        velocity: velocity of the view over the photograph, pixels per readout, x then y.
        size: (H, W) of the frames.
        readouts: T, number of frames.
        rotation: rotation of the view about its centre, radians per readout, from x toward y.

    Returns:
        A sequence of T frames (H, W, 3) float32, each rendered when it is accessed.

    Raises:
        ValueError: if the photograph is not an RGB image of floats, or the view leaves it.
    """
    photograph = checked_floats("photograph", photograph, IN_RANGE)
    if photograph.ndim != 3 or photograph.shape[-1] != 3:
        raise ValueError(f"photograph: expected (H, W, 3) RGB, got shape {photograph.shape}")
    if readouts < 1 or min(size) < 1:
        raise ValueError(
            f"moving_photograph: expected readouts and a size of at least 1, got {readouts} and "
            f"{size[0]}x{size[1]}"
        )
    vx, vy = (float(v) for v in velocity)
    frames = MovingFrames(
        photograph.astype(jnp.float32),
        readouts,
        (vx, vy),
        float(rotation),
        (int(size[0]), int(size[1])),
    )
    _check_inside(frames)
    return frames


def expose_and_spike(
    key: jax.Array,
    frames: Iterable[Any],
    sensor: Sensor,
    *,
    exposure: int = 97,
    margin: int = 20,
) -> tuple[jax.Array, jax.Array]:
    """Takes the blurry photograph of a scene and records its spikes at a quarter of the size.

    Args:
        key: JAX random key of the spike camera.
        frames: (H, W, 3) float, linear RGB, one per readout: `margin` before the exposure,
            `exposure` of it and `margin` after it; H and W are multiples of 4.
        sensor: sensor of the spike camera, whose pixels gather the grey light of 4x4 cells.
        exposure: readouts of the exposure.
        margin: readouts before and after the exposure.

    Returns:
        The photograph (H, W, 3) float32, which is the mean of the frames of the exposure, and the
        spikes (T, H / 4, W / 4) uint8, T = exposure + 2 margin.

    Raises:
        ValueError: if the number of frames is wrong, or their size does not divide into cells.
    """
    if exposure < 1 or margin < 0:
        raise ValueError(
            "expose_and_spike: expected an exposure of at least 1 readout and a margin of at "
            f"least 0, got {exposure} and {margin}"
        )
    expected, seen, blur = exposure + 2 * margin, 0, None

    def lights() -> Iterable[jax.Array]:
        nonlocal seen, blur
        for frame in frames:
            frame = checked_floats("frames", frame, IN_RANGE)
            if frame.ndim != 3 or frame.shape[-1] != 3:
                raise ValueError(f"frames: expected (H, W, 3) RGB each, got shape {frame.shape}")
            blur = jnp.zeros_like(frame) if blur is None else blur
            exposed = margin <= seen < margin + exposure
            blur, light = _add(blur, frame, jnp.asarray(exposed / exposure, frame.dtype))
            seen += 1
            yield light

    spikes = list(simulate_stream(key, lights(), sensor))
    if blur is None or seen != expected:
        raise ValueError(
            f"frames: expected {expected}, {exposure} of the exposure and {margin} before and "
            f"after it, got {seen}"
        )
    return blur, jnp.concatenate(spikes)


@partial(jax.jit, donate_argnums=0)
def _add(blur: jax.Array, frame: jax.Array, share: jax.Array) -> tuple[jax.Array, jax.Array]:
    light = mean_of_cells(to_grey(frame)[..., None], SCALE)[..., 0]
    return blur + share * frame, light[None]


@partial(jax.jit, static_argnums=2)
def _view(photograph: jax.Array, place: jax.Array, size: tuple[int, int]) -> jax.Array:
    """Renders the view of a photograph at (x, y, angle) from its middle."""
    (height, width), (x, y, angle) = photograph.shape[:2], place
    down, right = (jnp.arange(n, dtype=jnp.float32) - (n - 1) / 2 for n in size)
    down, right = jnp.meshgrid(down, right, indexing="ij")
    cos, sin = jnp.cos(angle), jnp.sin(angle)
    row = sin * right + cos * down + (y + _middle(height, size[0]))
    column = cos * right - sin * down + (x + _middle(width, size[1]))
    top = jnp.clip(jnp.floor(row), 0, max(height - 2, 0))
    left = jnp.clip(jnp.floor(column), 0, max(width - 2, 0))
    below, beside = row - top, column - left
    first = top.astype(jnp.int32) * width + left.astype(jnp.int32)

    def plane(values: jax.Array) -> jax.Array:
        def at(offset: int) -> jax.Array:
            index = jnp.minimum(first + offset, values.size - 1)
            return values.at[index].get(mode="promise_in_bounds", wrap_negative_indices=False)

        upper = at(0) * (1 - beside) + at(1) * beside
        lower = at(width) * (1 - beside) + at(width + 1) * beside
        return upper * (1 - below) + lower * below

    return jnp.stack([plane(photograph[..., n].reshape(-1)) for n in range(3)], -1)


def _middle(whole: int, part: int) -> float:
    """Returns the coordinate of the middle of a centre crop, which starts at a whole pixel."""
    return (whole - part) // 2 + (part - 1) / 2


def _check_inside(frames: MovingFrames) -> None:
    times = np.arange(frames.readouts) - frames.readouts // 2
    height, width = frames.photograph.shape[:2]
    half_height, half_width = ((n - 1) / 2 for n in frames.size)
    cos, sin = (abs(f(frames.rotation * times)) for f in (np.cos, np.sin))
    reach_y = sin * half_width + cos * half_height
    reach_x = cos * half_width + sin * half_height
    y = times * frames.velocity[1] + _middle(height, frames.size[0])
    x = times * frames.velocity[0] + _middle(width, frames.size[1])
    bounds = ((y, reach_y, height), (x, reach_x, width))
    beyond = np.max(
        [np.maximum(reach - place, place + reach - (size - 1)) for place, reach, size in bounds]
    )
    if not beyond <= _SLACK:
        raise ValueError(
            f"moving_photograph: a view of {frames.size[0]}x{frames.size[1]} with a velocity of "
            f"{frames.velocity} pixels and a rotation of {frames.rotation} radians per readout "
            f"leaves the photograph of {height}x{width} by {np.ceil(beyond):.0f} pixels in "
            f"{frames.readouts} readouts"
        )
