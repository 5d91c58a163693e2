"""The ways to compute a convolution: `direct` is what is meant, the others are faster somewhere.

Every form returns what `direct` returns, up to rounding. `pads` is ((top, bottom), (left, right)),
zeros, negative to crop. Kernels have the dtype of `x`. `conv_cpu` says when each one pays.
"""

import jax
import jax.numpy as jnp
from jax import lax

Pads = tuple[tuple[int, int], tuple[int, int]]

_LAYOUT = ("NHWC", "HWIO", "NHWC")


def direct(
    x: jax.Array, kernel: jax.Array, *, stride: int, pads: Pads, groups: int = 1
) -> jax.Array:
    """The convolution as XLA computes it."""
    return lax.conv_general_dilated(
        x, kernel, (stride, stride), pads, dimension_numbers=_LAYOUT, feature_group_count=groups
    )


def aligned(
    x: jax.Array, kernel: jax.Array, *, stride: int, pads: Pads, inputs: int, outputs: int
) -> jax.Array:
    """Zero channels fill up the vector registers: `inputs` and `outputs` are the new counts."""
    more_in, more_out = inputs - kernel.shape[2], outputs - kernel.shape[3]
    wide = jnp.pad(x, ((0, 0), (0, 0), (0, 0), (0, more_in)))
    kernel_wide = jnp.pad(kernel, ((0, 0), (0, 0), (0, more_in), (0, more_out)))
    out = direct(wide, kernel_wide, stride=stride, pads=pads)
    return out[..., : kernel.shape[3]]


def pointwise(x: jax.Array, kernel: jax.Array, *, stride: int, outputs: int) -> jax.Array:
    """A 1x1 kernel is a matrix product, with its columns filled up to `outputs`."""
    cout = kernel.shape[3]
    matrix = jnp.pad(kernel[0, 0], ((0, 0), (0, outputs - cout)))
    return _matmul(x[:, ::stride, ::stride], matrix)[..., :cout].astype(x.dtype)


def product_then_shifts(x: jax.Array, kernel: jax.Array, *, pads: Pads) -> jax.Array:
    """All taps' products by one matrix product, then a sum of shifted slices; for few outputs.

    A convolution that fills a handful of columns wastes the rest of the vector registers; the
    matrix product has kh kw times as many.
    """
    kh, kw, cin, cout = kernel.shape
    columns = kh * kw * cout
    matrix = kernel.transpose(2, 0, 1, 3).reshape(cin, columns)
    matrix = jnp.pad(matrix, ((0, 0), (0, -columns % 16)))
    products = pad_sides(_matmul(x, matrix), pads)
    height, width = products.shape[1] - kh + 1, products.shape[2] - kw + 1

    def tap(i: int, j: int) -> jax.Array:
        first = (i * kw + j) * cout
        return products[:, i : i + height, j : j + width, first : first + cout]

    return sum((tap(i, j) for i, j in _taps(kh, kw)), start=jnp.zeros((), products.dtype)).astype(
        x.dtype
    )


def shifted_products(
    x: jax.Array, kernel: jax.Array, *, stride: int, pads: Pads, groups: int = 1
) -> jax.Array:
    """A sum of shifted multiples of the image, one fused loop; for few inputs a group.

    With one input in all it is the outer product of a pixel and a kernel row. With several inputs
    a group, output channel c reads channel c + d, d running over the distances within a group, so
    that nothing is ever gathered across channels; inputs and outputs a group must then be as many.
    """
    kh, kw, cin, _ = kernel.shape
    weights = kernel.astype(sum_dtype(x))
    padded = pad_sides(x.astype(sum_dtype(x)), pads)
    if groups == 1:
        terms = [
            (i, j, padded[..., c : c + 1], weights[i, j, c])
            for i, j in _taps(kh, kw)
            for c in range(cin)
        ]
    else:
        terms = []
        for distance in range(1 - cin, cin):
            moved = lax.pad(
                padded,
                jnp.zeros((), padded.dtype),
                ((0, 0, 0), (0, 0, 0), (0, 0, 0), (-distance, distance, 0)),
            )
            along = _weights_at(weights, distance, groups)
            terms += [(i, j, moved, along[i, j]) for i, j in _taps(kh, kw)]
    height, width = _out_size(padded.shape, kernel.shape, stride)
    out = jnp.zeros((), padded.dtype)
    for i, j, source, weight in terms:
        out = out + _window(source, i, j, height, width, stride) * weight.reshape(1, 1, 1, -1)
    return out.astype(x.dtype)


def _weights_at(weights: jax.Array, distance: int, groups: int) -> jax.Array:
    """(kh, kw, Cout): what each output takes from the input `distance` channels further on."""
    kh, kw, cin, cout = weights.shape
    by_group = weights.reshape(kh, kw, cin, groups, cin)
    diagonal = jnp.diagonal(by_group, offset=-distance, axis1=2, axis2=4)  # (kh, kw, groups, n)
    first = max(0, -distance)
    filled = jnp.pad(diagonal, ((0, 0),) * 3 + ((first, cin - first - diagonal.shape[-1]),))
    return filled.reshape(kh, kw, cout)


def separate_groups(
    x: jax.Array, kernel: jax.Array, *, stride: int, pads: Pads, groups: int
) -> jax.Array:
    """One convolution a group, side by side; for few, wide groups."""
    parts = zip(jnp.split(x, groups, -1), jnp.split(kernel, groups, -1), strict=True)
    return jnp.concatenate([direct(a, k, stride=stride, pads=pads) for a, k in parts], -1)


def packed_columns(x: jax.Array, kernel: jax.Array, *, pads: Pads, columns: int) -> jax.Array:
    """Computes neighbouring output columns as channels of one; for wide kernels with few outputs.

    The kernel, widened by columns - 1, stands `columns` times side by side, each copy moved by one
    pixel, and steps over as many: more multiplications, in fuller vector registers.
    """
    _, kw, _, cout = kernel.shape
    copies = [
        jnp.pad(kernel, ((0, 0), (i, columns - 1 - i), (0, 0), (0, 0))) for i in range(columns)
    ]
    width = x.shape[2] + sum(pads[1]) - kw + 1
    more = -width % columns
    out = lax.conv_general_dilated(
        x,
        jnp.concatenate(copies, -1),
        (1, columns),
        (pads[0], (pads[1][0], pads[1][1] + more)),
        dimension_numbers=_LAYOUT,
    )
    return out.reshape(*out.shape[:2], width + more, cout)[:, :, :width]


def _taps(kh: int, kw: int) -> list[tuple[int, int]]:
    return [(i, j) for i in range(kh) for j in range(kw)]


def sum_dtype(x: jax.Array) -> jnp.dtype:
    """Sums of half-precision products are taken in float32, as a matrix unit does."""
    return jnp.dtype(jnp.float64 if x.dtype == jnp.float64 else jnp.float32)


def _matmul(x: jax.Array, matrix: jax.Array) -> jax.Array:
    return lax.dot_general(x, matrix, (((3,), (0,)), ((), ())), preferred_element_type=sum_dtype(x))


def pad_sides(x: jax.Array, pads: Pads) -> jax.Array:
    """Puts zeros around images, or crops them where a side is negative."""
    return lax.pad(x, jnp.zeros((), x.dtype), ((0, 0, 0), (*pads[0], 0), (*pads[1], 0), (0, 0, 0)))


def _out_size(padded: tuple[int, ...], kernel: tuple[int, ...], stride: int) -> tuple[int, int]:
    return (padded[1] - kernel[0]) // stride + 1, (padded[2] - kernel[1]) // stride + 1


def _window(x: jax.Array, i: int, j: int, height: int, width: int, stride: int) -> jax.Array:
    """The pixels that tap (i, j) meets, of a padded image."""
    rows = slice(i, i + (height - 1) * stride + 1, stride)
    return x[:, rows, j : j + (width - 1) * stride + 1 : stride]
