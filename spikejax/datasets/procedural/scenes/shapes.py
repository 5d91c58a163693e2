"""Outlines of shapes, and the canvas samples that they cover."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

_CELLS = 6  # cells per side of a glyph
KINDS = ("ellipse", "box", "star", "blob", "ring", "glyph")


class Shape(NamedTuple):
    """One outline.

    Attributes:
        kind: () int32, an index of `KINDS`.
        radii: (2,) half extents along the axes of the shape, canvas samples.
        angle: angle of the axes, radians.
        softness: width of the edge, canvas samples.
        form: (4,) in [0, 1], parameters whose meaning depends on the kind.
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
    """Draws outlines with scale-invariant sizes: each doubling of area covers the same area.

    Sizes r have a density proportional to r^-3, the dead leaves model with the statistics of
    natural images (Lee, Mumford, Huang, Int. J. Computer Vision 41, 2001).

    Args:
        key: JAX random key.
        count: number of shapes.
        smallest: smallest radius, canvas samples.
        largest: largest radius, canvas samples.
        softness: width of a sharp edge, canvas samples.
        odds: relative probabilities of the `KINDS`.
        thin: share of long thin shapes.

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
    """Returns the coverage of each canvas sample by a shape.

    Args:
        shape: one shape.
        y: (h, w) coordinates from the middle of the shape, downward.
        x: (h, w) coordinates from the middle of the shape, rightward.

    Returns:
        (h, w) in [0, 1].
    """
    cos, sin = jnp.cos(shape.angle), jnp.sin(shape.angle)
    u, v = cos * x + sin * y, cos * y - sin * x
    distance = jax.lax.switch(shape.kind, _DISTANCES, shape, u, v)
    return jnp.clip(0.5 - distance / shape.softness, 0.0, 1.0)


def reach(shape: Shape) -> jax.Array:
    """Returns the distance from its middle beyond which a shape covers nothing.

    Args:
        shape: one shape.

    Returns:
        () canvas samples, infinity if there is no limit.
    """
    long, short, edge = jnp.max(shape.radii), jnp.min(shape.radii), shape.softness / 2
    # The edges of boxes, rings and glyphs have their nominal width; the corner of a box is the
    # farthest point. The edges of other shapes are stretched with them, and a blob bulges by 8 %.
    farthest = jnp.maximum(2**0.5 * (long + edge), long * (1.08 + edge / short)) + 1
    # In a small glyph, the background does not differ enough from the strokes.
    endless = (shape.kind == KINDS.index("glyph")) & (edge >= 0.8 / _CELLS * 2 * long)
    return jnp.where(endless, jnp.inf, farthest)


# Signed distances to the outlines, negative inside, in canvas samples near the edge.


def _ellipse(shape: Shape, u: jax.Array, v: jax.Array) -> jax.Array:
    return (jnp.hypot(u / shape.radii[0], v / shape.radii[1]) - 1) * jnp.min(shape.radii)


def _box(shape: Shape, u: jax.Array, v: jax.Array) -> jax.Array:
    return jnp.maximum(jnp.abs(u) - shape.radii[0], jnp.abs(v) - shape.radii[1])


def _star(shape: Shape, u: jax.Array, v: jax.Array) -> jax.Array:
    """Returns the distance to a polygon of 3 to 8 corners, or a star."""
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
    """Returns the distance to a glyph of 6x6 cells, joined smoothly."""
    cell = 2 / _CELLS * jnp.max(shape.radii) * jnp.array([1.0, 0.8])
    row, column = v / cell[0] + _CELLS / 2 - 0.5, u / cell[1] + _CELLS / 2 - 0.5
    places = jnp.arange(_CELLS, dtype=u.dtype).reshape(1, 1, -1)
    ys, xs = (jnp.clip(1 - jnp.abs(p[..., None] - places), 0, 1) for p in (row, column))
    ink = jnp.einsum("hwi,hwj,ij->hw", ys, xs, shape.cells, precision="highest")
    return (0.5 - ink) * 2 * jnp.min(cell)


_DISTANCES = (_ellipse, _box, _star, _blob, _ring, _glyph)
