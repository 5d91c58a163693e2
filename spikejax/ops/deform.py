"""Modulated deformable convolution of channels-last images.

It is one matrix product of columns, which hold what all taps of a pixel read. On CPU it runs over
blocks of rows, because the columns of a whole image exceed the caches.
"""

import functools
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from spikejax.ops import deform_taps as taps
from spikejax.ops.deform_taps import Geometry, Rows
from spikejax.ops.platform import on_cpu

_BLOCK_FLOATS = 1 << 20  # columns per block: 4 MiB


def deform_conv2d(
    x: jax.Array,
    kernel: jax.Array,
    bias: jax.Array | None = None,
    *,
    offsets: jax.Array,
    mask: jax.Array | None = None,
) -> jax.Array:
    """Cross-correlates images with a kernel whose taps are displaced at every pixel.

    The input channels form G groups of neighbouring channels, with offsets of their own. A tap
    reads the image bilinearly at its own place plus its offset; of the four pixels around that
    place, those outside the image count as 0. The stride is 1 and the size stays. Places and
    weights are float32 for every image dtype. Only reverse-mode differentiation is supported. Where
    an offset is whole, its derivative is the one towards larger offsets.

    Args:
        x: (B, H, W, Cin) floating.
        kernel: (kh, kw, Cin, Cout), not flipped, kh and kw odd; cast to `x.dtype`.
        bias: (Cout,) or None; cast to `x.dtype`.
        offsets: (B, H, W, G, kh kw, 2) floating and finite, in pixels, y (along H) then x (along
            W). G divides Cin; the taps are in the order of the kernel, row by row.
        mask: (B, H, W, G, kh kw) floating, a factor of what each tap reads; None for 1.

    Returns:
        (B, H, W, Cout) of `x.dtype`.

    Raises:
        ValueError: if the shapes or dtypes do not match.

    Source: Zhu et al., "Deformable ConvNets v2: More Deformable, Better Results", CVPR 2019.
    """
    _check(x, kernel, bias, offsets, mask)
    if mask is None:
        mask = jnp.ones(offsets.shape[:-1], jnp.float32)
    out = _convolve(x, kernel, offsets, mask, on_cpu())
    return out if bias is None else out + bias.astype(x.dtype).reshape(1, 1, 1, -1)


@functools.partial(jax.custom_vjp, nondiff_argnums=(4,))
def _convolve(
    x: jax.Array, kernel: jax.Array, offsets: jax.Array, mask: jax.Array, cpu: bool
) -> jax.Array:
    return _output(x, kernel, offsets, mask, cpu)


def _forward(
    x: jax.Array, kernel: jax.Array, offsets: jax.Array, mask: jax.Array, cpu: bool
) -> tuple[jax.Array, tuple[jax.Array, ...]]:
    return _output(x, kernel, offsets, mask, cpu), (x, kernel, offsets, mask)


def _backward(cpu: bool, saved: tuple[jax.Array, ...], gradient: jax.Array) -> Any:
    return _gradients(*saved, gradient, cpu)


_convolve.defvjp(_forward, _backward)


@functools.partial(jax.jit, static_argnums=4)
def _output(
    x: jax.Array, kernel: jax.Array, offsets: jax.Array, mask: jax.Array, cpu: bool
) -> jax.Array:
    geometry = Geometry.of(x, kernel, offsets)
    place, read = (taps.bind(f, geometry, apart=cpu) for f in (taps.place, taps.read))
    table, matrix = geometry.table(x), geometry.matrix(kernel).astype(x.dtype)

    def step(_: None, rows: Rows) -> tuple[None, jax.Array]:
        columns = read(table, place(rows))
        return None, columns.reshape(-1, matrix.shape[0]) @ matrix

    out = lax.scan(step, None, _blocks(geometry, offsets, mask, cpu))[1]
    return out.reshape(*x.shape[:3], matrix.shape[1])


@functools.partial(jax.jit, static_argnums=5)
def _gradients(
    x: jax.Array,
    kernel: jax.Array,
    offsets: jax.Array,
    mask: jax.Array,
    gradient: jax.Array,
    cpu: bool,
) -> tuple[jax.Array, ...]:
    """Returns the gradients with respect to x, kernel, offsets and mask, from that of the output.

    The columns are read once more instead of being kept.
    """
    geometry = Geometry.of(x, kernel, offsets)
    parts = (taps.bind(f, geometry, apart=cpu) for f in (taps.place, taps.read, taps.project))
    place, read, project = parts
    table, matrix = geometry.table(x), geometry.matrix(kernel).astype(x.dtype)
    rows = _blocks(geometry, offsets, mask, cpu)

    def step(totals: tuple[jax.Array, ...], inputs: tuple[Rows, jax.Array]) -> Any:
        block, by_out = inputs
        at = place(block)
        columns = read(table, at).reshape(-1, matrix.shape[0])
        by_columns = _product(by_out, matrix, axis=1).reshape(-1, table.shape[1])
        by_table = taps.spread(geometry, totals[0], at, by_columns)
        by_matrix = totals[1] + _product(by_out, columns, axis=0)
        by_offsets, by_mask = taps.by_place(at, project(table, at, by_columns))
        places = by_offsets.reshape(block.offsets.shape), by_mask.reshape(block.mask.shape)
        return (by_table, by_matrix), places

    zeros = jnp.zeros(table.shape, jnp.float32), jnp.zeros(matrix.shape[::-1], jnp.float32)
    by_out = gradient.reshape(rows.row.shape[0], -1, matrix.shape[1])
    (by_table, by_matrix), (by_offsets, by_mask) = lax.scan(step, zeros, (rows, by_out))
    return (
        geometry.image(by_table).astype(x.dtype),
        geometry.kernel(by_matrix.T).astype(kernel.dtype),
        by_offsets.reshape(offsets.shape).astype(offsets.dtype),
        by_mask.reshape(mask.shape).astype(mask.dtype),
    )


def _product(a: jax.Array, b: jax.Array, *, axis: int) -> jax.Array:
    """Multiplies two matrices over the same axis of both, with a float32 result."""
    axes = (((axis,), (axis,)), ((), ()))
    return lax.dot_general(a, b, axes, preferred_element_type=jnp.float32)


def _blocks(geometry: Geometry, offsets: jax.Array, mask: jax.Array, cpu: bool) -> Rows:
    """Splits the rows of all images into blocks, along a new first axis."""
    batch, height, width = offsets.shape[:3]
    count = _block_count(batch * height, width * geometry.floats_per_pixel) if cpu else 1
    image, row = (lax.broadcasted_iota(jnp.int32, (batch, height), axis) for axis in (0, 1))
    arrays = Rows(image, row, offsets, mask)
    return Rows(*(a.reshape(count, -1, *a.shape[2:]) for a in arrays))


def _block_count(rows: int, floats: int) -> int:
    """Returns the smallest divisor of `rows` that makes blocks small enough, if there is one."""
    if not isinstance(rows, int):  # symbolic, in an export
        return 1
    divisors = (n for n in range(1, rows) if rows % n == 0)
    return next((n for n in divisors if rows // n * floats <= _BLOCK_FLOATS), rows)


def _check(
    x: jax.Array,
    kernel: jax.Array,
    bias: jax.Array | None,
    offsets: jax.Array,
    mask: jax.Array | None,
) -> None:
    name = "deform_conv2d"
    if x.ndim != 4 or not jnp.issubdtype(x.dtype, jnp.floating):
        raise ValueError(f"{name}: expected x (B, H, W, C) floating, got {x.shape} {x.dtype}")
    sizes = kernel.shape[:2]
    if kernel.ndim != 4 or kernel.shape[2] != x.shape[3] or not all(k % 2 for k in sizes):
        raise ValueError(
            f"{name}: expected kernel (kh, kw, {x.shape[3]}, Cout), kh and kw odd, "
            f"got {kernel.shape}"
        )
    if bias is not None and bias.shape != kernel.shape[-1:]:
        raise ValueError(f"{name}: expected bias {kernel.shape[-1:]}, got {bias.shape}")
    count = sizes[0] * sizes[1]
    groups = offsets.shape[3] if offsets.ndim == 6 else 0
    expected = (*x.shape[:3], groups, count, 2)
    if offsets.shape != expected or groups < 1 or x.shape[3] % groups:
        raise ValueError(
            f"{name}: expected offsets (B, H, W, G, {count}, 2) with G a divisor of "
            f"{x.shape[3]}, for x {x.shape}, got {offsets.shape}"
        )
    if mask is not None and mask.shape != expected[:-1]:
        raise ValueError(f"{name}: expected mask {expected[:-1]}, got {mask.shape}")
    for what, array in (("offsets", offsets), ("mask", mask)):
        if array is not None and not jnp.issubdtype(array.dtype, jnp.floating):
            raise ValueError(f"{name}: expected floating {what}, got {array.dtype}")
