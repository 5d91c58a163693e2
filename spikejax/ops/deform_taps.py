"""Where the taps of a deformable convolution read, what they read, and the gradients of both.

All is flat here: a table holds the pixels of a batch, a row per pixel and group of channels, and
the N taps of a block of pixels are in the order of pixels, groups, then kernel.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.experimental.xla_metadata import set_xla_metadata

_BORDER = 2  # zeros around the image, so that the four pixels around every place exist


class Geometry(NamedTuple):
    """The sizes of images and kernel, and the layouts that follow from them."""

    size: tuple[int, int]
    taps: tuple[int, int]
    groups: int
    channels: int

    @classmethod
    def of(cls, x: jax.Array, kernel: jax.Array, offsets: jax.Array) -> "Geometry":
        """Returns the geometry of images (B, H, W, C) and a kernel (kh, kw, C, F)."""
        groups = offsets.shape[3]
        _, height, width, channels = x.shape
        return cls((height, width), (kernel.shape[0], kernel.shape[1]), groups, channels // groups)

    @property
    def floats_per_pixel(self) -> int:
        """Values that the taps of a pixel read."""
        return self.taps[0] * self.taps[1] * self.groups * self.channels

    @property
    def corners(self) -> tuple[int, int, int, int]:
        """The four pixels around a place, in rows of the table after the first of them."""
        below = (self.size[1] + 2 * _BORDER) * self.groups
        return 0, self.groups, below, below + self.groups

    def table(self, x: jax.Array) -> jax.Array:
        """Images (B, H, W, C) -> pixels, with a border of zeros, (B (H + 4) (W + 4) G, C / G)."""
        border = (_BORDER, _BORDER)
        return jnp.pad(x, ((0, 0), border, border, (0, 0))).reshape(-1, self.channels)

    def image(self, table: jax.Array) -> jax.Array:
        """The inverse of `table`."""
        height, width = self.size
        padded = table.reshape(
            -1, height + 2 * _BORDER, width + 2 * _BORDER, self.groups * self.channels
        )
        return padded[:, _BORDER : _BORDER + height, _BORDER : _BORDER + width]

    def matrix(self, kernel: jax.Array) -> jax.Array:
        """A kernel (kh, kw, C, F) -> (G kh kw C / G, F), in the order of what the taps read."""
        split = kernel.reshape(-1, self.groups, self.channels, kernel.shape[3])
        return split.swapaxes(0, 1).reshape(-1, kernel.shape[3])

    def kernel(self, matrix: jax.Array) -> jax.Array:
        """The inverse of `matrix`."""
        split = matrix.reshape(self.groups, -1, self.channels, matrix.shape[1])
        shape = (*self.taps, self.groups * self.channels, matrix.shape[1])
        return split.swapaxes(0, 1).reshape(shape)


class Rows(NamedTuple):
    """A block of R rows of pixels.

    Attributes:
        image: (R,) index in the batch.
        row: (R,) index in the image.
        offsets: (R, W, G, K, 2), in pixels, y then x.
        mask: (R, W, G, K).
    """

    image: jax.Array
    row: jax.Array
    offsets: jax.Array
    mask: jax.Array


class Taps(NamedTuple):
    """The places that N taps read, each among four pixels.

    Attributes:
        first: (N,) row of the table, of the pixel above and to the left.
        down: (N,) from that pixel to the place, in pixels.
        across: (N,) likewise.
        mask: (N,).
        weights: (N,) for each of the four pixels, the mask included.
    """

    first: jax.Array
    down: jax.Array
    across: jax.Array
    mask: jax.Array
    weights: tuple[jax.Array, ...]


def bind(function: Callable[..., Any], geometry: Geometry, *, apart: bool) -> Callable[..., Any]:
    """Binds a function of this module to a geometry.

    Args:
        function: its first argument is the geometry.
        geometry: of all its calls.
        apart: compiles it apart from what surrounds it. XLA on CPU would fuse it into each of its
            consumers, which repeat its work.

    Returns:
        The function of the other arguments.
    """
    bound = functools.partial(function, geometry)
    if not apart:
        return bound
    compiled = jax.jit(bound)

    def call(*arrays: Any) -> Any:
        with set_xla_metadata(inlineable="false"):
            return compiled(*arrays)

    return call


def place(geometry: Geometry, rows: Rows) -> Taps:
    """Returns where the taps of some rows read."""
    kh, kw = geometry.taps
    shape = rows.mask.shape
    tap = lax.broadcasted_iota(jnp.int32, shape, 3)
    y = lax.broadcast_in_dim(rows.row, shape, (0,)) + lax.div(tap, kw) - kh // 2
    x = lax.broadcasted_iota(jnp.int32, shape, 1) + lax.rem(tap, kw) - kw // 2
    offsets = rows.offsets.astype(jnp.float32)
    y, down = _displace(y, offsets[..., 0], geometry.size[0])
    x, across = _displace(x, offsets[..., 1], geometry.size[1])
    height, width = (jnp.asarray(n + 2 * _BORDER).astype(jnp.int32) for n in geometry.size)
    image = lax.broadcast_in_dim(rows.image, shape, (0,))
    group = lax.broadcasted_iota(jnp.int32, shape, 2)
    first = ((image * height + y) * width + x) * geometry.groups + group
    mask = rows.mask.astype(jnp.float32)
    weights = tuple(mask * w for w in _weights(down, across))
    return jax.tree.map(jnp.ravel, Taps(first, down, across, mask, weights))


def _displace(start: jax.Array, offset: jax.Array, size: int) -> tuple[jax.Array, jax.Array]:
    """Returns the pixel before a displaced one, counted with the border, and the way from there.

    The way comes from the offset alone; adding the pixel's position would round it. An offset that
    is not a number leaves the pixel where it is, since nothing checks where the taps read.
    """
    whole = lax.floor(jnp.where(jnp.isnan(offset), 0.0, offset))
    end = jnp.asarray(size).astype(jnp.float32)  # the size may be symbolic in an export
    pixel = lax.clamp(jnp.float32(-_BORDER), start.astype(jnp.float32) + whole, end)
    return pixel.astype(jnp.int32) + _BORDER, offset - whole


def _weights(down: jax.Array, across: jax.Array) -> tuple[jax.Array, ...]:
    up, left = 1.0 - down, 1.0 - across
    return up * left, up * across, down * left, down * across


def read(geometry: Geometry, table: jax.Array, taps: Taps) -> jax.Array:
    """Returns what taps read, (N, C / G) of the table's dtype."""
    pixels = _pixels(geometry, table, taps)
    a, b, c, d = (w[:, None] * p for w, p in zip(taps.weights, pixels, strict=True))
    return (a + b + c + d).astype(table.dtype)


def project(
    geometry: Geometry, table: jax.Array, taps: Taps, by_columns: jax.Array
) -> tuple[jax.Array, ...]:
    """Returns the scalar products of a gradient (N, C / G) with the four pixels, (N,) each."""
    return tuple(_sum_channels(by_columns * c) for c in _pixels(geometry, table, taps))


def _pixels(geometry: Geometry, table: jax.Array, taps: Taps) -> list[jax.Array]:
    return [
        table.at[taps.first + corner]
        .get(mode="promise_in_bounds", wrap_negative_indices=False)
        .astype(jnp.float32)
        for corner in geometry.corners
    ]


def _sum_channels(x: jax.Array) -> jax.Array:
    """Sums over the last axis by halves, which XLA on CPU fuses, as it does not a reduction."""
    while x.shape[-1] % 2 == 0:
        half = x.shape[-1] // 2
        x = x[:, :half] + x[:, half:]
    return x.sum(-1)


def by_place(taps: Taps, products: tuple[jax.Array, ...]) -> tuple[jax.Array, jax.Array]:
    """Returns the gradients with respect to the offsets (N, 2) and the mask (N,).

    Args:
        taps: the places.
        products: of `project`.
    """
    a, b, c, d = products
    down, across = taps.down, taps.across
    upper, lower = a + across * (b - a), c + across * (d - c)
    left, right = a + down * (c - a), b + down * (d - b)
    by_mask = upper + down * (lower - upper)
    by_y, by_x = taps.mask * (lower - upper), taps.mask * (right - left)
    return jnp.stack([by_y, by_x], -1), by_mask


def spread(geometry: Geometry, table: jax.Array, taps: Taps, by_columns: jax.Array) -> jax.Array:
    """Adds the gradient of a table from that of what taps read, (N, C / G)."""
    for corner, weight in zip(geometry.corners, taps.weights, strict=True):
        table = table.at[taps.first + corner].add(
            weight[:, None] * by_columns, mode="promise_in_bounds", wrap_negative_indices=False
        )
    return table
