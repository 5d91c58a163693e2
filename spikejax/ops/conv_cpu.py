"""Convolutions on CPU: the fastest form for each shape, and a faster weight gradient.

The choices were measured on two AVX-512 cores with JAX 0.10; `benchmarks/operators.py` prints the
table.
"""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from spikejax.ops import conv_forms as forms
from spikejax.ops.conv_forms import Pads
from spikejax.ops.transpose_forms import by_phases

_LANES = 8
_BLOCK_FLOATS = 1 << 18  # 1 MiB: half of a core's second-level cache
_SMALL_IMAGE = 512  # pixels


class Geometry(NamedTuple):
    """The stride and padding of a convolution."""

    stride: int
    pads: Pads


def conv_grouped(x: jax.Array, kernel: jax.Array, geometry: Geometry, groups: int) -> jax.Array:
    """Computes a grouped convolution in the form that suits its shape."""
    stride, pads = geometry
    cin, cout = kernel.shape[2:]
    if cin <= 4 and cout == cin * groups:
        return forms.shifted_products(x, kernel, stride=stride, pads=pads, groups=groups)
    if groups <= 16:
        return forms.separate_groups(x, kernel, stride=stride, pads=pads, groups=groups)
    return forms.direct(x, kernel, stride=stride, pads=pads, groups=groups)


@functools.partial(jax.custom_vjp, nondiff_argnums=(2,))
def conv(x: jax.Array, kernel: jax.Array, geometry: Geometry) -> jax.Array:
    """Computes a convolution without groups in the form that suits its shape."""
    stride, pads = geometry
    kh, kw, cin, cout = kernel.shape
    if kh == kw == 1 and pads == ((0, 0), (0, 0)):
        return forms.pointwise(x, kernel, stride=stride, outputs=_aligned(cout))
    if cin <= 2 and kh * kw * cin <= 50:
        return forms.shifted_products(x, kernel, stride=stride, pads=pads)
    if stride == 1 and cout <= 5 and cin >= 8 and kh * kw * cout <= 50:
        return forms.product_then_shifts(x, kernel, pads=pads)
    if stride == 1 and kw >= 5 and cout <= 16:
        return forms.packed_columns(x, kernel, pads=pads, columns=2)
    if cin % _LANES or cout % _LANES:
        inputs = _aligned(cin) if cin > 4 else cin
        outputs = _aligned(cout) if cout > 4 else cout
        return forms.aligned(x, kernel, stride=stride, pads=pads, inputs=inputs, outputs=outputs)
    return forms.direct(x, kernel, stride=stride, pads=pads)


def _aligned(channels: int) -> int:
    return -(-channels // _LANES) * _LANES


def _forward(
    x: jax.Array, kernel: jax.Array, geometry: Geometry
) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
    return conv(x, kernel, geometry), (x, kernel)


def _backward(
    geometry: Geometry, saved: tuple[jax.Array, jax.Array], gradient: jax.Array
) -> tuple[jax.Array, jax.Array]:
    x, kernel = saved
    return (
        _input_gradient(gradient, kernel, geometry, (x.shape[1], x.shape[2])),
        _weight_gradient(x, gradient, kernel, geometry),
    )


conv.defvjp(_forward, _backward)


def _input_gradient(
    gradient: jax.Array, kernel: jax.Array, geometry: Geometry, size: tuple[int, int]
) -> jax.Array:
    """Returns the gradient by the input, a convolution that is transposed if strided."""
    (top, bottom), (left, right) = geometry.pads
    kh, kw = kernel.shape[:2]
    turned = kernel.transpose(0, 1, 3, 2)
    if geometry.stride == 1:
        pads = ((kh - 1 - top, kh - 1 - bottom), (kw - 1 - left, kw - 1 - right))
        return conv(gradient, jnp.flip(turned, (0, 1)), Geometry(1, pads))
    if geometry.stride == 2:
        return by_phases(gradient, turned, padding=(top, left), size=size, convolution=_unstrided)
    x = jax.ShapeDtypeStruct((gradient.shape[0], *size, kernel.shape[2]), gradient.dtype)
    transpose = jax.linear_transpose(
        lambda x: forms.direct(x, kernel, stride=geometry.stride, pads=geometry.pads), x
    )
    return transpose(gradient)[0]


@functools.partial(jax.custom_vjp, nondiff_argnums=(2,))
def conv_transposed(x: jax.Array, kernel: jax.Array, padding: int) -> jax.Array:
    """Doubles the size by a transposed convolution: out[2i - padding + k] += x[i] @ kernel[k]."""
    return by_phases(
        x,
        kernel,
        padding=(padding, padding),
        size=(2 * x.shape[1], 2 * x.shape[2]),
        convolution=_unstrided,
    )


def _unstrided(x: jax.Array, kernel: jax.Array, pads: Pads) -> jax.Array:
    return conv(x, kernel, Geometry(1, pads))


def _transposed_forward(
    x: jax.Array, kernel: jax.Array, padding: int
) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
    return conv_transposed(x, kernel, padding), (x, kernel)


def _transposed_backward(
    padding: int, saved: tuple[jax.Array, jax.Array], gradient: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """Returns the gradients, using that this is the adjoint of a stride-2 convolution."""
    x, kernel = saved
    turned = kernel.transpose(0, 1, 3, 2)
    rows, columns = ((padding, k - 2 - padding) for k in kernel.shape[:2])
    geometry = Geometry(2, (rows, columns))
    by_kernel = _weight_gradient(gradient, x, turned, geometry)
    return conv(gradient, turned, geometry), by_kernel.transpose(0, 1, 3, 2)


conv_transposed.defvjp(_transposed_forward, _transposed_backward)


def _weight_gradient(
    x: jax.Array, gradient: jax.Array, kernel: jax.Array, geometry: Geometry
) -> jax.Array:
    if gradient.shape[1] * gradient.shape[2] >= _SMALL_IMAGE:
        return weight_gradient_by_blocks(x, gradient, kernel.shape, geometry).astype(x.dtype)
    transpose = jax.linear_transpose(
        lambda k: forms.direct(x, k, stride=geometry.stride, pads=geometry.pads), kernel
    )
    return transpose(gradient)[0]


def weight_gradient_by_blocks(
    x: jax.Array,
    gradient: jax.Array,
    kernel_shape: tuple[int, ...],
    geometry: Geometry,
    *,
    block_floats: int = _BLOCK_FLOATS,
) -> jax.Array:
    """Computes the weight gradient as a sum of g^T [taps of x] over blocks that fit in the cache.

    XLA treats the gradient as an image-sized kernel and slides it over kh x kw positions, at a
    tenth of the speed. Gathering all taps of the whole image is limited by memory.

    Args:
        x: (B, H, W, Cin).
        gradient: (B, H', W', Cout), gradient by the convolution's output.
        kernel_shape: (kh, kw, Cin, Cout).
        geometry: stride and padding of the convolution.
        block_floats: approximate number of values in the gathered taps of a block.

    Returns:
        (kh, kw, Cin, Cout), float32 or wider.
    """
    kh, kw, cin, cout = kernel_shape
    stride, pads = geometry
    batch, height, width, _ = gradient.shape
    rows = max(1, min(height, block_floats // (width * kh * kw * cin)))
    blocks = -(-height // rows)
    gradient = jnp.pad(gradient, ((0, 0), (0, blocks * rows - height), (0, 0), (0, 0)))
    reach = (blocks * rows - 1) * stride + kh - x.shape[1] - pads[0][0]
    x = forms.pad_sides(x, ((pads[0][0], reach), pads[1]))
    across = (width - 1) * stride + 1

    def add(total: jax.Array, block: jax.Array) -> tuple[jax.Array, None]:
        image, row = block // blocks, block % blocks * rows
        window = lax.dynamic_slice(
            x, (image, row * stride, 0, 0), (1, (rows - 1) * stride + kh, x.shape[2], cin)
        )[0]
        taps = jnp.concatenate(
            [
                window[i : i + (rows - 1) * stride + 1 : stride, j : j + across : stride]
                for i in range(kh)
                for j in range(kw)
            ],
            -1,
        ).reshape(rows * width, kh * kw * cin)
        part = lax.dynamic_slice(gradient, (image, row, 0, 0), (1, rows, width, cout))
        return total + lax.dot_general(
            part.reshape(rows * width, cout),
            taps,
            (((0,), (0,)), ((), ())),
            preferred_element_type=total.dtype,
        ), None

    zero = jnp.zeros((cout, kh * kw * cin), forms.sum_dtype(x))
    total = lax.scan(add, zero, jnp.arange(batch * blocks))[0]
    return total.T.reshape(kh, kw, cin, cout)
