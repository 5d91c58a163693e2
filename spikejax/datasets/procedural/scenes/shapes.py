"""Outlines: which samples of a canvas a shape covers."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

_CELLS = 6  # of a glyph, each way
KINDS = ("ellipse", "box", "star", "blob", "ring", "glyph")


class Shape(NamedTuple):
    """One outline.

    Attributes:
        kind: () int32, an index of `KINDS`.
        radii: (2,) half extents along the shape's own axes, canvas samples.
        angle: of its axes, radians.
        softness: width of its edge, canvas samples.
        form: (4,) in [0, 1], what else describes it.
        cells: (6, 6) 0 or 1, the strokes of a glyph.
    """

    kind: jax.Array
    radii: jax.Array
    angle: jax.Array
    softness: jax.Array
    form: jax.Array
    cells: jax.Array


def draw_shapes(
    key: jax.Array,
    count: int,
    *,
    smallest: float,
    largest: float,
    softness: float,
    odds: tuple[float, ...] = (2, 2, 2, 2, 1, 1),
    thin: float = 0.25,
) -> Shape:
    """Draws outlines whose sizes have no scale of their own: as many a doubling of area.

    Sizes r are drawn in proportion to r^-3, the dead leaves model that has the statistics of
    natural images (Lee, Mumford, Huang, Int. J. Computer Vision 41, 2001).

    Args:
        key: JAX random key.
        count: number of shapes.
        smallest: radius, canvas samples.
        largest: radius, canvas samples.
        softness: of a sharp edge, canvas samples.
        odds: of the `KINDS`.
        thin: the share of long thin ones.

    Returns:
        The shapes, each field with a leading axis of `count`.
    """
    even = jax.random.uniform(key, (10 + _CELLS * _CELLS, count))
    low, high = smallest**-2.0, largest**-2.0
    radius = (high + even[0] * (low - high)) ** -0.5
    slim = 0.45 + 0.55 * even[1]
    line = even[2] < thin
    length = jnp.where(line, jnp.maximum(radius, 0.5 * largest), radius)
    width = jnp.where(line, jnp.clip(0.12 * radius, 0.6 * softness, 3 * softness), radius * slim)
    limits = [sum(odds[: n + 1]) / sum(odds) for n in range(len(odds) - 1)]
    kind = sum((even[3] > limit).astype(jnp.int32) for limit in limits)
    angle = 2 * jnp.pi * even[4]
    return Shape(
        kind=jnp.asarray(kind),
        radii=jnp.stack([length, width], -1),
        angle=jnp.where(kind == KINDS.index("glyph"), 0.2 * jnp.sin(angle), angle),
        softness=softness * (1 + 3 * even[5] ** 6),
        form=even[6:10].T,
        cells=(even[10:] < 0.5).astype(jnp.float32).T.reshape(count, _CELLS, _CELLS),
    )


def coverage(shape: Shape, y: jax.Array, x: jax.Array) -> jax.Array:
    """How much of each canvas sample a shape covers.

    Args:
        shape: one shape.
        y: (h, w) coordinates from its middle, downward.
        x: (h, w) the same, rightward.

    Returns:
        (h, w) in [0, 1].
    """
    cos, sin = jnp.cos(shape.angle), jnp.sin(shape.angle)
    u, v = cos * x + sin * y, cos * y - sin * x
    distance = jax.lax.switch(shape.kind, _DISTANCES, shape, u, v)
    return jnp.clip(0.5 - distance / shape.softness, 0.0, 1.0)


def reach(shape: Shape) -> jax.Array:
    """How far from its middle a shape may cover anything.

    Args:
        shape: one shape.

    Returns:
        () canvas samples, infinity if there is no limit.
    """
    long, short, edge = jnp.max(shape.radii), jnp.min(shape.radii), shape.softness / 2
    # The edges of boxes, rings and glyphs are as wide as they should be; a box's corner is furthest
    # out. Those of the others are stretched as the shape is, and a blob bulges by 8 in 100.
    farthest = jnp.maximum(2**0.5 * (long + edge), long * (1.08 + edge / short)) + 1
    # A small glyph's paper does not differ enough from its ink.
    endless = (shape.kind == KINDS.index("glyph")) & (edge >= 0.8 / _CELLS * 2 * long)
    return jnp.where(endless, jnp.inf, farthest)


# Signed distances to the outlines, negative inside, of the order of a canvas sample near the edge.


def _ellipse(shape: Shape, u: jax.Array, v: jax.Array) -> jax.Array:
    return (jnp.hypot(u / shape.radii[0], v / shape.radii[1]) - 1) * jnp.min(shape.radii)


def _box(shape: Shape, u: jax.Array, v: jax.Array) -> jax.Array:
    return jnp.maximum(jnp.abs(u) - shape.radii[0], jnp.abs(v) - shape.radii[1])


def _star(shape: Shape, u: jax.Array, v: jax.Array) -> jax.Array:
    """Polygons of 3 to 8 corners, and stars."""
    corners = 3 + jnp.floor(shape.form[0] * 6)
    u, v = u / shape.radii[0], v / shape.radii[1]
    part = 2 * jnp.pi / corners
    angle = jnp.mod(jnp.arctan2(v, u), part) - part / 2
    spikes = jnp.where(shape.form[1] > 0.6, 0.8 * shape.form[2], 0.0)
    outline = jnp.cos(part / 2) / jnp.cos(angle) * (1 - spikes * jnp.cos(angle * corners / 2))
    return (jnp.hypot(u, v) - outline) * jnp.min(shape.radii)


def _blob(shape: Shape, u: jax.Array, v: jax.Array) -> jax.Array:
    u, v = u / shape.radii[0], v / shape.radii[1]
    angle, turn = jnp.arctan2(v, u), 2 * jnp.pi * shape.form
    outline = 0.75 + 0.25 * (
        0.5 * jnp.cos(2 * angle + turn[0])
        + 0.35 * jnp.cos(3 * angle + turn[1])
        + 0.25 * jnp.cos(5 * angle + turn[2])
        + 0.2 * jnp.cos(8 * angle + turn[3])
    )
    return (jnp.hypot(u, v) - outline) * jnp.min(shape.radii)


def _ring(shape: Shape, u: jax.Array, v: jax.Array) -> jax.Array:
    radius = jnp.max(shape.radii)
    half = radius * (0.06 + 0.2 * shape.form[0])
    return jnp.abs(jnp.hypot(u, v) - (radius - half)) - half


def _glyph(shape: Shape, u: jax.Array, v: jax.Array) -> jax.Array:
    """Six cells by six, joined smoothly."""
    cell = 2 / _CELLS * jnp.max(shape.radii) * jnp.array([1.0, 0.8])
    row, column = v / cell[0] + _CELLS / 2 - 0.5, u / cell[1] + _CELLS / 2 - 0.5
    places = jnp.arange(_CELLS, dtype=u.dtype).reshape(1, 1, -1)
    ys, xs = (jnp.clip(1 - jnp.abs(p[..., None] - places), 0, 1) for p in (row, column))
    ink = jnp.einsum("hwi,hwj,ij->hw", ys, xs, shape.cells, precision="highest")
    return (0.5 - ink) * 2 * jnp.min(cell)


_DISTANCES = (_ellipse, _box, _star, _blob, _ring, _glyph)
