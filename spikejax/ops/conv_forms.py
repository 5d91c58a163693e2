"""Alternative forms of a convolution, each faster than `direct` for some shapes.

Every form returns the result of `direct`, up to rounding. `pads` is ((top, bottom), (left, right))
in pixels of zeros; negative values crop. Kernels have the dtype of `x`. `conv_cpu` chooses a form.
"""

import jax
import jax.numpy as jnp
from jax import lax

Pads = tuple[tuple[int, int], tuple[int, int]]

_LAYOUT = ("NHWC", "HWIO", "NHWC")


def direct(
    x: jax.Array, kernel: jax.Array, *, stride: int, pads: Pads, groups: int = 1
) -> jax.Array:
    """Computes the convolution with XLA's operator."""
    return lax.conv_general_dilated(
        x, kernel, (stride, stride), pads, dimension_numbers=_LAYOUT, feature_group_count=groups
    )


def aligned(
    x: jax.Array, kernel: jax.Array, *, stride: int, pads: Pads, inputs: int, outputs: int
) -> jax.Array:
    """Pads channels with zeros to fill the vector registers.

    Args:
        x: (B, H, W, Cin).
        kernel: (kh, kw, Cin, Cout).
        stride: pixels between neighbouring outputs.
        pads: zeros on each side.
        inputs: input channels after padding, at least Cin.
        outputs: output channels after padding, at least Cout.

    Returns:
        (B, H', W', Cout).
    """
    more_in, more_out = inputs - kernel.shape[2], outputs - kernel.shape[3]
    wide = jnp.pad(x, ((0, 0), (0, 0), (0, 0), (0, more_in)))
    kernel_wide = jnp.pad(kernel, ((0, 0), (0, 0), (0, more_in), (0, more_out)))
    out = direct(wide, kernel_wide, stride=stride, pads=pads)
    return out[..., : kernel.shape[3]]


def pointwise(x: jax.Array, kernel: jax.Array, *, stride: int, outputs: int) -> jax.Array:
    """Computes a 1x1 convolution as a matrix product, with columns zero-padded to `outputs`."""
    cout = kernel.shape[3]
    matrix = jnp.pad(kernel[0, 0], ((0, 0), (0, outputs - cout)))
    return _matmul(x[:, ::stride, ::stride], matrix)[..., :cout].astype(x.dtype)


def product_then_shifts(x: jax.Array, kernel: jax.Array, *, pads: Pads) -> jax.Array:
    """Computes all taps by one matrix product and sums shifted slices; for few outputs.

    A convolution with few output columns leaves most of the vector registers unused. The matrix
    product has kh kw times as many columns.
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
    """Sums shifted multiples of the image in one fused loop; for few inputs per group.

    With one input channel in total, each term is the outer product of a pixel and a kernel row.
    With several inputs per group, output channel c reads channel c + d for all distances d within a
    group, so that no channels are gathered. Inputs and outputs per group must then be equal.
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
    """Returns each output's weights (kh, kw, Cout) for the input `distance` channels after it."""
    kh, kw, cin, cout = weights.shape
    by_group = weights.reshape(kh, kw, cin, groups, cin)
    diagonal = jnp.diagonal(by_group, offset=-distance, axis1=2, axis2=4)  # (kh, kw, groups, n)
    first = max(0, -distance)
    filled = jnp.pad(diagonal, ((0, 0),) * 3 + ((first, cin - first - diagonal.shape[-1]),))
    return filled.reshape(kh, kw, cout)


def separate_groups(
    x: jax.Array, kernel: jax.Array, *, stride: int, pads: Pads, groups: int
) -> jax.Array:
    """Computes one convolution per group and concatenates the results; for few, wide groups."""
    parts = zip(jnp.split(x, groups, -1), jnp.split(kernel, groups, -1), strict=True)
    return jnp.concatenate([direct(a, k, stride=stride, pads=pads) for a, k in parts], -1)


def packed_columns(x: jax.Array, kernel: jax.Array, *, pads: Pads, columns: int) -> jax.Array:
    """Computes neighbouring output columns as channels; for wide kernels with few outputs.

    The kernel is widened by columns - 1 and repeated `columns` times, each copy shifted by one
    pixel, with a stride of `columns`. This takes more multiplications but fills the vector
    registers.
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
    """Returns the dtype of sums: float32 for half precision, as on a matrix unit."""
    return jnp.dtype(jnp.float64 if x.dtype == jnp.float64 else jnp.float32)


def _matmul(x: jax.Array, matrix: jax.Array) -> jax.Array:
    return lax.dot_general(x, matrix, (((3,), (0,)), ((), ())), preferred_element_type=sum_dtype(x))


def pad_sides(x: jax.Array, pads: Pads) -> jax.Array:
    """Pads images with zeros, or crops them where a pad is negative."""
    return lax.pad(x, jnp.zeros((), x.dtype), ((0, 0, 0), (*pads[0], 0), (*pads[1], 0), (0, 0, 0)))


def _out_size(padded: tuple[int, ...], kernel: tuple[int, ...], stride: int) -> tuple[int, int]:
    return (padded[1] - kernel[0]) // stride + 1, (padded[2] - kernel[1]) // stride + 1


def _window(x: jax.Array, i: int, j: int, height: int, width: int, stride: int) -> jax.Array:
    """Returns the pixels of a padded image that tap (i, j) reads."""
    rows = slice(i, i + (height - 1) * stride + 1, stride)
    return x[:, rows, j : j + (width - 1) * stride + 1 : stride]
