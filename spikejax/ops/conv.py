"""Convolutions of channels-last images, with PyTorch's padding and kernels laid out HWIO."""

import jax
import jax.numpy as jnp
from jax import lax

_LAYOUT = ("NHWC", "HWIO", "NHWC")


def conv2d(
    x: jax.Array,
    kernel: jax.Array,
    bias: jax.Array | None = None,
    *,
    stride: int = 1,
    padding: int | None = None,
    groups: int = 1,
) -> jax.Array:
    """Cross-correlates images with a kernel, zero-padded alike on all four sides.

    Args:
        x: (B, H, W, Cin) floating.
        kernel: (kh, kw, Cin / groups, Cout), not flipped; cast to `x.dtype`.
        bias: (Cout,) or None; cast to `x.dtype`.
        stride: pixels from one output to the next, along H and W.
        padding: zeros around the image, in pixels; by default (k - 1) // 2 along each axis, which
            keeps the size at stride 1 for odd kernels.
        groups: number of independent channel groups; Cin makes the convolution depthwise.

    Returns:
        (B, (H + 2 padding - kh) // stride + 1, likewise W, Cout) of `x.dtype`.

    Raises:
        ValueError: if the shapes, the dtype or the options do not fit together.
    """
    kh, kw = _check_conv(x, kernel, bias, stride, padding, groups)
    rows = (kh - 1) // 2 if padding is None else padding
    columns = (kw - 1) // 2 if padding is None else padding
    out = lax.conv_general_dilated(
        x,
        kernel.astype(x.dtype),
        (stride, stride),
        ((rows, rows), (columns, columns)),
        dimension_numbers=_LAYOUT,
        feature_group_count=groups,
    )
    return _add_bias(out, bias)


def depthwise_conv2d(
    x: jax.Array,
    kernel: jax.Array,
    bias: jax.Array | None = None,
    *,
    stride: int = 1,
    padding: int | None = None,
) -> jax.Array:
    """Cross-correlates every channel with its own kernel: `conv2d` with a group a channel.

    Args:
        x: (B, H, W, C) floating.
        kernel: (kh, kw, 1, C); cast to `x.dtype`.
        bias: (C,) or None.
        stride: as `conv2d`'s.
        padding: as `conv2d`'s.

    Returns:
        (B, H', W', C) of `x.dtype`, H' and W' as `conv2d`'s.

    Raises:
        ValueError: as `conv2d` does.
    """
    return conv2d(x, kernel, bias, stride=stride, padding=padding, groups=x.shape[-1])


def conv_transpose2d(
    x: jax.Array,
    kernel: jax.Array,
    bias: jax.Array | None = None,
    *,
    padding: int,
    output_padding: int = 0,
) -> jax.Array:
    """Doubles the size by a transposed convolution: out[2i - padding + k] += x[i] @ kernel[k].

    Args:
        x: (B, H, W, Cin) floating.
        kernel: (kh, kw, Cin, Cout), not flipped: PyTorch's (in, out, kh, kw) with its axes moved.
        bias: (Cout,) or None.
        padding: pixels cut from the top and left of the full result (and from the bottom and right,
            less `output_padding`).
        output_padding: rows and columns added at the bottom and right.

    Returns:
        (B, 2H, 2W, Cout) of `x.dtype`.

    Raises:
        ValueError: if the shapes do not fit, or the result would not have twice the size, which
            takes k - 2 padding + output_padding = 2.
    """
    _check_transpose(x, kernel, bias, padding, output_padding)
    low = kernel.shape[0] - 1 - padding
    pads = (low, low + output_padding)
    out = lax.conv_general_dilated(
        x,
        jnp.flip(kernel.astype(x.dtype), (0, 1)),
        (1, 1),
        (pads, pads),
        lhs_dilation=(2, 2),
        dimension_numbers=_LAYOUT,
    )
    return _add_bias(out, bias)


def _add_bias(x: jax.Array, bias: jax.Array | None) -> jax.Array:
    return x if bias is None else x + bias.astype(x.dtype).reshape(1, 1, 1, -1)


def _check_arrays(name: str, x: jax.Array, kernel: jax.Array, bias: jax.Array | None) -> None:
    if x.ndim != 4 or not jnp.issubdtype(x.dtype, jnp.floating):
        raise ValueError(f"{name}: expected x (B, H, W, C) floating, got {x.shape} {x.dtype}")
    if kernel.ndim != 4:
        raise ValueError(f"{name}: expected kernel (kh, kw, Cin, Cout), got {kernel.shape}")
    if bias is not None and bias.shape != kernel.shape[-1:]:
        raise ValueError(f"{name}: expected bias {kernel.shape[-1:]}, got {bias.shape}")


def _check_conv(
    x: jax.Array,
    kernel: jax.Array,
    bias: jax.Array | None,
    stride: int,
    padding: int | None,
    groups: int,
) -> tuple[int, int]:
    _check_arrays("conv2d", x, kernel, bias)
    kh, kw, inputs, outputs = kernel.shape
    if groups < 1 or inputs * groups != x.shape[-1] or outputs % groups:
        raise ValueError(
            f"conv2d: kernel {kernel.shape} in {groups} groups does not fit {x.shape[-1]} channels"
        )
    if stride < 1 or (padding is not None and padding < 0):
        raise ValueError(
            f"conv2d: stride {stride} must be positive, padding {padding} not negative"
        )
    return kh, kw


def _check_transpose(
    x: jax.Array, kernel: jax.Array, bias: jax.Array | None, padding: int, output_padding: int
) -> None:
    _check_arrays("conv_transpose2d", x, kernel, bias)
    if kernel.shape[2] != x.shape[-1]:
        raise ValueError(
            f"conv_transpose2d: kernel {kernel.shape} does not fit {x.shape[-1]} channels"
        )
    if any(k - 2 * padding + output_padding != 2 for k in kernel.shape[:2]) or padding < 0:
        raise ValueError(
            f"conv_transpose2d: kernel {kernel.shape[:2]}, padding {padding} and output_padding "
            f"{output_padding} do not double the size: k - 2 padding + output_padding must be 2"
        )
