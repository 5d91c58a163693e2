"""Procedural scenes of layers that move over one another, rendered at any time, with exact flow."""

import dataclasses
from typing import NamedTuple

import jax
import jax.numpy as jnp

from spikejax.datasets.procedural.scenes.canvas import paint_canvases
from spikejax.datasets.procedural.scenes.each import each
from spikejax.datasets.procedural.scenes.motion import Motion, draw_motions, to_canvas, to_picture


@dataclasses.dataclass(frozen=True)
class SceneOptions:
    """The options of procedural scenes.

    Attributes:
        height: H of the image, pixels.
        width: W of the image, pixels.
        channels: C, 1 for grey, 3 for colour.
        layers: L, number of layers in front of the background.
        speed: median speed of the camera, pixels per readout (log-normal).
        fastest: highest speed, pixels per readout.
        still: share of scenes in which nothing moves.
        density: canvas samples per pixel; above 1, so that interpolation costs no sharpness.
        share: number of scenes of a batch that use the same canvases, at different places.
    """

    height: int = 96
    width: int = 96
    channels: int = 1
    layers: int = 2
    speed: float = 0.2
    fastest: float = 2.0
    still: float = 0.05
    density: float = 1.5
    share: int = 4

    def __post_init__(self) -> None:
        if min(self.height, self.width) < 8:
            raise ValueError(
                f"SceneOptions: expected at least 8x8 pixels, got {self.height}x{self.width}"
            )
        if self.channels not in (1, 3):
            raise ValueError(f"SceneOptions: expected 1 or 3 channels, got {self.channels}")
        if not 0 <= self.still <= 1 or self.density <= 0 or not 0 <= self.speed <= self.fastest:
            raise ValueError(
                "SceneOptions: expected still from 0 to 1, density above 0 and speed from 0 to "
                f"fastest, got {self.still}, {self.density}, {self.speed} and {self.fastest}"
            )
        if self.layers < 0 or self.share < 1:
            raise ValueError(
                "SceneOptions: expected layers of at least 0 and a share of at least 1, got "
                f"{self.layers} and {self.share}"
            )

    @property
    def side(self) -> int:
        """S, samples per side of the canvases, a multiple of 16."""
        return -(-round(1.6 * self.density * max(self.height, self.width)) // 16) * 16


class Scene(NamedTuple):
    """A scene: its canvases, the motion of its layers, and its light.

    Attributes:
        world: () int32, index of its world, the canvases that it uses.
        motion: motion of its layers, the background first, with a leading axis of 1 + L.
        light: factor of the intensity.
    """

    world: jax.Array
    motion: Motion
    light: jax.Array


def draw_canvases(keys: jax.Array, options: SceneOptions) -> jax.Array:
    """Paints the canvases of worlds.

    Args:
        keys: (G,) JAX random keys, one per world.
        options: options of the scenes.

    Returns:
        (G, 1 + L, C + 1, S, S), the background first, periodic; the last channel is the coverage,
        the others are the light, premultiplied by it.
    """

    def paint(key: jax.Array) -> jax.Array:
        return paint_canvases(
            key,
            options.side,
            options.channels,
            layers=options.layers,
            density=options.density,
        )

    return each(paint, keys, pixels=(1 + options.layers) * options.side**2)


def draw_scenes(keys: jax.Array, worlds: jax.Array, options: SceneOptions) -> Scene:
    """Draws scenes.

    Args:
        keys: (B,) JAX random keys.
        worlds: (B,) int32, index of the world of each scene.
        options: options of the scenes.

    Returns:
        The scenes, each field with a leading axis of B.
    """
    return each(lambda one: _draw_scene(one[0], one[1], options), (keys, worlds), pixels=1)


def _draw_scene(key: jax.Array, world: jax.Array, options: SceneOptions) -> Scene:
    keys = jax.random.split(key)
    motion = draw_motions(
        keys[0],
        1 + options.layers,
        side=options.side,
        speed=options.speed,
        fastest=options.fastest,
        still=options.still,
    )
    light = jax.random.uniform(keys[1], (), minval=0.5, maxval=1.0)
    return Scene(world, motion, light)


def render(
    canvases: jax.Array, scene: Scene, time: jax.Array, options: SceneOptions, *, margin: int = 0
) -> jax.Array:
    """Renders the image of a scene at one moment.

    Args:
        canvases: canvases from `draw_canvases`.
        scene: one scene from `draw_scenes`.
        time: () readouts from the centre.
        options: options of the scene.
        margin: pixels beyond the image on each side, which are added to H and W.

    Returns:
        (H, W, C) linear intensity, in [0, 1].
    """
    y, x = pixels(options, margin)
    *light, _ = _look_up(canvases, scene, 0, time, y, x, options)
    for layer in range(1, options.layers + 1):
        *new, cover = _look_up(canvases, scene, layer, time, y, x, options)
        light = [old * (1 - cover) + some for old, some in zip(light, new, strict=True)]
    return scene.light * jnp.stack(light, -1)


def flow(
    canvases: jax.Array,
    scene: Scene,
    time: jax.Array,
    options: SceneOptions,
    *,
    since: jax.Array | float = 0.0,
    margin: int = 0,
) -> jax.Array:
    """Returns the flow of a scene from the pixels of one moment to another moment.

    `ops.warp` with this flow turns the image at `time` into that at `since`, except where it is
    occluded at `time`, and up to the softness of the edges of layers.

    Args:
        canvases: canvases from `draw_canvases`.
        scene: one scene from `draw_scenes`.
        time: () readouts from the centre.
        options: options of the scene.
        since: () readouts from the centre, the moment whose pixels the flow belongs to.
        margin: pixels beyond the image on each side, which are added to H and W.

    Returns:
        (H, W, 2) pixels, x then y, backward.
    """
    y, x = pixels(options, margin)
    result = jnp.zeros((*y.shape, 2))
    since = jnp.asarray(since, jnp.float32)
    for layer in range(options.layers + 1):
        motion = jax.tree.map(lambda field, layer=layer: field[layer], scene.motion)
        at = to_canvas(motion, since, y, x, density=options.density)
        there_y, there_x = to_picture(motion, time, *at, density=options.density)
        moved = jnp.stack([there_x - x, there_y - y], -1)
        if layer:
            cover = _look_up(canvases, scene, layer, since, y, x, options)[-1]
            moved = jnp.where(cover[..., None] > 0.5, moved, result)
        result = moved
    return result


def pixels(options: SceneOptions, margin: int = 0) -> tuple[jax.Array, jax.Array]:
    """Returns y and x of pixels from the middle of the image, (H, W) each, with a margin."""
    lines = (
        jnp.arange(-margin, n + margin, dtype=jnp.float32) - (n - 1) / 2
        for n in (options.height, options.width)
    )
    return tuple(jnp.meshgrid(*lines, indexing="ij"))  # type: ignore[return-value]


def _look_up(
    canvases: jax.Array,
    scene: Scene,
    layer: int,
    time: jax.Array,
    y: jax.Array,
    x: jax.Array,
    options: SceneOptions,
) -> list[jax.Array]:
    """Samples the channels of a layer, (H, W) each, by bilinear interpolation."""
    motion = jax.tree.map(lambda field: field[layer], scene.motion)
    row, column = to_canvas(motion, time, y, x, density=options.density)
    side = options.side
    (top, down), (left, right) = wrapped(row, side), wrapped(column, side)
    below, beside = (jnp.where(n + 1 == side, 0, n + 1) for n in (top, left))

    # One flat array and indices into it, because XLA copies the input of any other form.
    flat = canvases.reshape(-1)
    size = side * side
    first = (scene.world * canvases.shape[1] + layer) * (options.channels + 1) * size

    def at(y: jax.Array, x: jax.Array) -> jax.Array:
        index = first + y * side + x
        return flat.at[index].get(mode="promise_in_bounds", wrap_negative_indices=False)

    channels = []
    for _ in range(options.channels + 1):
        upper = at(top, left) * (1 - right) + at(top, beside) * right
        lower = at(below, left) * (1 - right) + at(below, beside) * right
        first = first + size
        channels.append(upper * (1 - down) + lower * down)
    return channels


def wrapped(place: jax.Array, side: int) -> tuple[jax.Array, jax.Array]:
    """Wraps a place onto a periodic canvas.

    Args:
        place: (...) canvas samples, along one axis.
        side: S, samples per side of the canvas.

    Returns:
        The sample before the place, int32 from 0 to S - 1, and the fraction of the distance to the
        next sample, which is 1 where rounding gives the end of the canvas.
    """
    place = jnp.clip(place - side * jnp.floor(place / side), 0.0, side)
    before = jnp.minimum(jnp.floor(place), side - 1)
    return before.astype(jnp.int32), place - before
