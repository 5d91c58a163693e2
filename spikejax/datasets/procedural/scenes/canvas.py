"""Canvases: the textures of the layers of a scene, painted once and sampled at every readout.

A canvas is periodic, so that a layer may move without limit. Its channels come first, as planes,
which are much faster to sample. The last channel is the coverage; the other channels, the light,
are premultiplied by it.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from spikejax.datasets.procedural.scenes.shapes import Shape, coverage, draw_shapes, reach
from spikejax.datasets.procedural.scenes.textures import Fill, draw_fills, noise, paint
from spikejax.ops import on_cpu

_PATCH = 64  # canvas samples, the side of a small shape's patch
_STRIP = 16  # canvas samples, the height of a strip on CPUs
_REFERENCE = 240  # canvas samples, the side that the numbers of shapes refer to


def paint_canvases(
    key: jax.Array, side: int, channels: int, *, layers: int, density: float
) -> jax.Array:
    """Paints a background of dead leaves, and layers of a few shapes with gaps between them.

    Dead leaves are surfaces of all sizes that occlude one another and leave no gaps.

    Args:
        key: JAX random key.
        side: S, samples per side of a canvas.
        channels: C, 1 for grey, 3 for colour.
        layers: L, number of layers in front of the background.
        density: canvas samples per pixel.

    Returns:
        (1 + L, C + 1, S, S), the background first.
    """
    keys = jax.random.split(key, 8)
    grain = jnp.stack(
        [
            noise(keys[0], side, exponent=0.7, density=density),
            noise(keys[1], side, exponent=1.4, density=density),
        ]
    )
    ground = jax.tree.map(lambda x: x[0], draw_fills(keys[2], 1, channels, density=density))
    y, x = _grid(side)
    back = paint(ground, y - side / 2, x - side / 2, grain)
    back = jnp.concatenate([back, jnp.ones((1, side, side))])
    canvases = jnp.zeros((1 + layers, channels + 1, side, side)).at[0].set(back)

    area = (side / _REFERENCE) ** 2
    wide = (round(14 * min(area, 4)), round(4 * min(area, 4)))
    some = _draw_leaves(
        keys[3],
        wide,
        layers,
        smallest=24.0,
        largest=(0.33 * side, 0.16 * side),
        channels=channels,
        density=density,
        thin=0.15,
    )
    places = jax.random.uniform(keys[4], (some.layer.size, 2), maxval=side)
    canvases = _paint_wide(canvases, some, places, grain)

    patch = min(_PATCH, side)
    some = _draw_leaves(
        keys[5],
        (round(70 * area), round(9 * area)),
        layers,
        smallest=2.0 * density,
        largest=(0.45 * patch, 0.45 * patch),
        channels=channels,
        density=density,
        thin=0.25,
    )
    corners = jax.random.randint(keys[6], (some.layer.size, 2), 0, side - patch + 1)
    canvases = _paint_small(canvases, some, corners, grain, patch)

    exponent = jax.random.uniform(keys[7], (), minval=0.5, maxval=1.3)
    light, cover = canvases[:, :-1], canvases[:, -1:]
    light = cover * jnp.clip(light / jnp.maximum(cover, 1e-3), 1e-4, 1.0) ** exponent
    return jnp.concatenate([light, cover], 1)


class _Leaves(NamedTuple):
    """Shapes with their fills and the layers that they lie on; fields have a leading axis."""

    layer: jax.Array
    shape: Shape
    fill: Fill


def _draw_leaves(
    key: jax.Array,
    counts: tuple[int, int],
    layers: int,
    *,
    smallest: float,
    largest: tuple[float, float],
    thin: float,
    channels: int,
    density: float,
) -> _Leaves:
    """Draws shapes for the background and each layer: `counts` and `largest` hold both values."""
    keys = jax.random.split(key, 3)
    numbers = (counts[0], counts[1] * layers)
    parts = [
        draw_shapes(k, n, smallest=smallest, largest=high, softness=density, thin=thin)
        for k, n, high in zip(keys, numbers, largest, strict=False)
    ]
    fills = draw_fills(keys[2], sum(numbers), channels, density=density)
    layer = [0] * numbers[0] + [1 + n // counts[1] for n in range(numbers[1])]
    shapes = jax.tree.map(lambda *fields: jnp.concatenate(fields), *parts)
    return _Leaves(jnp.array(layer, jnp.int32), shapes, fills)


def _grid(side: int) -> tuple[jax.Array, jax.Array]:
    line = jnp.arange(side, dtype=jnp.float32)
    y, x = jnp.meshgrid(line, line, indexing="ij")
    return y, x


def _paint_wide(
    canvases: jax.Array, leaves: _Leaves, places: jax.Array, grain: jax.Array
) -> jax.Array:
    """Paints shapes that may cover the whole canvas and cross its borders.

    On CPUs a shape is painted only on the strips that it reaches. On accelerators the whole canvas
    is one strip.
    """
    _, channels, side, _ = canvases.shape
    strip = _STRIP if on_cpu() else side
    strips = side // strip
    y, x = (lines[:strip] for lines in _grid(side))

    def add(canvases: jax.Array, one: tuple[_Leaves, jax.Array]) -> tuple[jax.Array, None]:
        (layer, shape, fill), place = one

        def paint_strip(top: jax.Array, canvases: jax.Array) -> jax.Array:
            down, right = (
                jnp.mod(p - at + side / 2, side) - side / 2
                for p, at in zip((y + top.astype(y.dtype), x), place, strict=True)
            )
            corner, size = (layer, 0, top, 0), (1, channels, strip, side)
            part = lax.dynamic_slice(canvases, corner, size)[0]
            some = lax.dynamic_slice(grain, corner[1:], (len(grain), strip, side))
            new = _over(part, shape, fill, down, right, some)
            return lax.dynamic_update_slice(canvases, new[None], corner)

        if strips == 1:
            return paint_strip(jnp.int32(0), canvases), None
        far = jnp.minimum(reach(shape), side)
        first, last = (jnp.floor((place[0] + n) / strip).astype(jnp.int32) for n in (-far, far))

        def paint_next(n: jax.Array, canvases: jax.Array) -> jax.Array:
            return paint_strip(strip * jnp.mod(first + n, strips), canvases)

        count = jnp.minimum(last - first + 1, strips)
        return lax.fori_loop(0, count, paint_next, canvases), None

    return lax.scan(add, canvases, (leaves, places))[0]


def _paint_small(
    canvases: jax.Array, leaves: _Leaves, corners: jax.Array, grain: jax.Array, patch: int
) -> jax.Array:
    """Paints shapes that fit into a patch, each on its patch only."""
    y, x = _grid(patch)

    def add(canvases: jax.Array, one: tuple[_Leaves, jax.Array]) -> tuple[jax.Array, None]:
        (layer, shape, fill), (top, left) = one
        size = (1, canvases.shape[1], patch, patch)
        part = lax.dynamic_slice(canvases, (layer, 0, top, left), size)[0]
        some = lax.dynamic_slice(grain, (0, top, left), (grain.shape[0], patch, patch))
        new = _over(part, shape, fill, y - patch / 2, x - patch / 2, some)
        return lax.dynamic_update_slice(canvases, new[None], (layer, 0, top, left)), None

    return lax.scan(add, canvases, (leaves, corners))[0]


def _over(
    canvas: jax.Array, shape: Shape, fill: Fill, y: jax.Array, x: jax.Array, grain: jax.Array
) -> jax.Array:
    """Paints a shape over a part of a canvas."""
    cover = coverage(shape, y, x)[None]
    light = paint(fill, y, x, grain)
    return canvas * (1 - cover) + jnp.concatenate([light * cover, cover])
