"""Rendering of moving scenes: light at every readout, images at some, and a photograph.

Readouts are rendered in pieces, so that only the frames of one piece are in memory. Only what is
needed is rendered: a readout that is part of no photograph and no image is rendered in grey.

A piece takes several programs: in a single one, XLA for CPUs computes places and coverage again for
every channel that it samples, which takes several times longer.
"""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp

from spikejax.camera import to_grey
from spikejax.camera.interpolation import mean_of_cells
from spikejax.datasets.procedural.scenes.each import AT_ONCE
from spikejax.datasets.procedural.scenes.motion import to_canvas
from spikejax.datasets.procedural.scenes.world import Scene, SceneOptions, pixels, wrapped
from spikejax.ops import on_cpu

_AT_ONCE = 1_000_000  # pixels per piece: fewer leave cores idle, more exceed the cache


class Film(NamedTuple):
    """The rendered light, images and photographs of scenes.

    Attributes:
        light: (B, T, H / cell, W / cell) grey, the light that the pixels of the spike camera
            gather.
        images: (B, N, H, W, C), images at the moments.
        blur: (B, H, W, C), mean over the exposure; None without an exposure.
    """

    light: jax.Array
    images: jax.Array
    blur: jax.Array | None


class _Places(NamedTuple):
    """Canvas places of the pixels of all layers, fields (B, n, 1 + L, H, W).

    Attributes:
        sample: flat index of the canvas sample before the place.
        down: distance below that sample, in [0, 1].
        right: distance to the right of that sample, in [0, 1].
    """

    sample: jax.Array
    down: jax.Array
    right: jax.Array


def film(
    canvases: jax.Array,
    scenes: Scene,
    options: SceneOptions,
    *,
    readouts: int,
    moments: Sequence[int],
    exposure: int = 0,
    cell: int = 1,
) -> Film:
    """Renders scenes at every readout; every frame equals that of `render`.

    Args:
        canvases: (G, 1 + L, C + 1, S, S) canvases from `draw_canvases`.
        scenes: scenes from `draw_scenes`, with a leading axis of B.
        options: options of the scenes.
        readouts: T, number of readouts; time 0 is in their middle.
        moments: readouts of the N images.
        exposure: readouts of the photograph, in the middle; 0 for none.
        cell: pixels per side of the cell whose light one pixel of the spike camera gathers.

    Returns:
        Linear intensity in [0, 1].
    """
    before = (readouts - exposure) // 2
    exposed = range(before, before + exposure)
    others = [n for n in range(readouts) if n not in exposed]
    from_light = options.channels == cell == 1  # the images are then frames of the light
    passes = (exposed, others, () if from_light else moments)
    count = len(scenes.light)
    size = _piece_of([len(p) for p in passes], count * options.height * options.width)
    colours, grey, cover = _planes(canvases)

    def see(planes: tuple[jax.Array, ...], piece: Sequence[int]) -> tuple[jax.Array, ...]:
        times = jnp.array(piece, jnp.float32) - (readouts - 1) / 2
        places = _places(scenes, times, options)
        return _layered(planes, places, _clear(cover, places, options), scenes.light, options)

    blur = tuple(jnp.zeros((count, options.height, options.width)) for _ in colours)
    lights, rendered = [], []
    for piece, kept in _pieces(exposed, size):
        frames = see(colours, piece)
        blur = _exposed(blur, frames, jnp.array(kept, jnp.float32) / exposure)
        lights.append(_gathered(frames, cell))
        rendered += piece
    for piece, _ in _pieces(others, size):
        lights.append(_gathered(see(grey, piece), cell))
        rendered += piece
    light = _ordered(lights, jnp.array([rendered.index(n) for n in range(readouts)]))
    if from_light:
        images = light[:, jnp.array(moments)][..., None]
    else:
        parts = [_stacked(see(colours, piece)) for piece, _ in _pieces(moments, size)]
        images = jnp.concatenate(parts, 1)[:, : len(moments)]
    return Film(light, images, _stacked(blur) if exposure else None)


def _piece_of(lengths: Sequence[int], pixels: int) -> int:
    """Returns the frames per piece that waste the fewest frames for passes of these lengths."""
    at_once = _AT_ONCE if on_cpu() else AT_ONCE
    most = max(1, min(at_once // pixels, max(lengths)))
    return min(
        range(most, most // 2, -1), key=lambda size: sum(-length % size for length in lengths)
    )


def _pieces(readouts: Sequence[int], size: int) -> list[tuple[list[int], list[bool]]]:
    """Divides readouts into pieces of one size, the last one padded with its last readout.

    Returns:
        For each piece its readouts, and for each readout whether it is no padding.
    """
    pieces = [list(readouts[n : n + size]) for n in range(0, len(readouts), size)]
    return [(p + p[-1:] * (size - len(p)), [n < len(p) for n in range(size)]) for p in pieces]


@jax.jit
def _planes(canvases: jax.Array) -> tuple[tuple[jax.Array, ...], tuple[jax.Array], jax.Array]:
    """Flattens canvases to arrays (G (1 + L) (S + 1)^2,): the channels, their grey, the coverage.

    The first row and column are repeated at the end, so that every sample has a next one.
    """
    wide = jnp.concatenate([canvases, canvases[..., :1]], -1)
    wide = jnp.concatenate([wide, wide[..., :1, :]], -2)
    *colours, cover = (wide[:, :, n].reshape(-1) for n in range(wide.shape[2]))
    grey = to_grey(jnp.stack(colours, -1)) if len(colours) == 3 else colours[0]
    return tuple(colours), (grey,), cover


@partial(jax.jit, static_argnames=("options",))
def _places(scenes: Scene, times: jax.Array, options: SceneOptions) -> _Places:
    y, x = pixels(options)
    place = partial(to_canvas, y=y, x=x, density=options.density)
    of_layers = jax.vmap(place, (0, None))
    row, column = jax.vmap(jax.vmap(of_layers, (None, 0)), (0, None))(scenes.motion, times)
    (top, down), (left, right) = (wrapped(p, options.side) for p in (row, column))
    layers, width = 1 + options.layers, options.side + 1
    canvas = layers * scenes.world[:, None] + jnp.arange(layers)[None]
    first = (width * width * canvas)[:, None, :, None, None]
    return _Places(first + (top * width + left), down, right)


@partial(jax.jit, static_argnames=("options",))
def _clear(cover: jax.Array, places: _Places, options: SceneOptions) -> jax.Array:
    """Returns the transparency of each layer in front of the background, (B, n, L, H, W)."""
    return 1 - _looked_up(cover, _Places(*(field[:, :, 1:] for field in places)), options)


@partial(jax.jit, static_argnames=("options",))
def _layered(
    planes: tuple[jax.Array, ...],
    places: _Places,
    clear: jax.Array,
    light: jax.Array,
    options: SceneOptions,
) -> tuple[jax.Array, ...]:
    """Composes the layers, (B, n, H, W) per plane, times the light of the scenes."""

    def of(plane: jax.Array) -> jax.Array:
        layers = [
            _looked_up(plane, _Places(*(field[:, :, n] for field in places)), options)
            for n in range(1 + options.layers)
        ]
        seen = layers[0]
        for n, layer in enumerate(layers[1:]):
            seen = seen * clear[:, :, n] + layer
        return light[:, None, None, None] * seen

    return tuple(of(plane) for plane in planes)


def _looked_up(plane: jax.Array, places: _Places, options: SceneOptions) -> jax.Array:
    """Samples a plane by bilinear interpolation."""

    def at(offset: int) -> jax.Array:
        index = places.sample + offset
        return plane.at[index].get(mode="promise_in_bounds", wrap_negative_indices=False)

    width, (_, down, right) = options.side + 1, places
    upper = at(0) * (1 - right) + at(1) * right
    lower = at(width) * (1 - right) + at(width + 1) * right
    return upper * (1 - down) + lower * down


@partial(jax.jit, donate_argnums=0)
def _exposed(
    blur: tuple[jax.Array, ...], frames: tuple[jax.Array, ...], shares: jax.Array
) -> tuple[jax.Array, ...]:
    return tuple(
        old + jnp.einsum("n,bnhw->bhw", shares, new, precision="highest")
        for old, new in zip(blur, frames, strict=True)
    )


@partial(jax.jit, static_argnames=("cell",))
def _gathered(frames: tuple[jax.Array, ...], cell: int) -> jax.Array:
    grey = to_grey(jnp.stack(frames, -1)) if len(frames) == 3 else frames[0]
    return mean_of_cells(grey[..., None], cell)[..., 0]


@jax.jit
def _ordered(lights: list[jax.Array], order: jax.Array) -> jax.Array:
    return jnp.concatenate(lights, 1)[:, order]


@jax.jit
def _stacked(planes: tuple[jax.Array, ...]) -> jax.Array:
    return jnp.stack(planes, -1)
