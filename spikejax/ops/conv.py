"""Convolutions for channels-last images.

Padding follows PyTorch and kernels are HWIO. The result does not depend on the platform, the
implementation does. On accelerators, XLA's convolution is the fastest for nearly all shapes. On
CPU, `conv_cpu` chooses among the forms of `conv_forms`, which support reverse-mode differentiation
only.
"""

import jax
import jax.numpy as jnp

from spikejax.ops import conv_cpu
from spikejax.ops.conv_forms import Pads, direct
from spikejax.ops.platform import on_cpu
from spikejax.ops.transpose_forms import by_phases


def conv2d(
    x: jax.Array,
    kernel: jax.Array,
    bias: jax.Array | None = None,
    *,
    stride: int = 1,
    padding: int | None = None,
    groups: int = 1,
) -> jax.Array:
    """Cross-correlates images with a kernel; zero padding is the same on opposite sides.

    Args:
        x: (B, H, W, Cin) floating.
        kernel: (kh, kw, Cin / groups, Cout), not flipped; cast to `x.dtype`.
        bias: (Cout,) or None; cast to `x.dtype`.
        stride: pixels between neighbouring outputs, along H and W.
        padding: zeros around the image, in pixels; by default (k - 1) // 2 along each axis, which
            keeps the size at stride 1 for odd kernels.
        groups: number of independent channel groups; Cin groups make the convolution depthwise.

    Returns:
        (B, (H + 2 padding - kh) // stride + 1, (W + 2 padding - kw) // stride + 1, Cout) of
        `x.dtype`.

    Raises:
        ValueError: if the shapes, the dtype or the options do not match.
    """
    pads = _check_conv(x, kernel, bias, stride, padding, groups)
    kernel = kernel.astype(x.dtype)
    if not on_cpu():
        out = direct(x, kernel, stride=stride, pads=pads, groups=groups)
    elif groups == 1:
        out = conv_cpu.conv(x, kernel, conv_cpu.Geometry(stride, pads))
    else:
        out = conv_cpu.conv_grouped(x, kernel, conv_cpu.Geometry(stride, pads), groups)
    return _add_bias(out, bias)


def depthwise_conv2d(
    x: jax.Array,
    kernel: jax.Array,
    bias: jax.Array | None = None,
    *,
    stride: int = 1,
    padding: int | None = None,
) -> jax.Array:
    """Cross-correlates every channel with its own kernel: `conv2d` with one group per channel.

    Args:
        x: (B, H, W, C) floating.
        kernel: (kh, kw, 1, C); cast to `x.dtype`.
        bias: (C,) or None.
        stride: as in `conv2d`.
        padding: as in `conv2d`.

    Returns:
        (B, H', W', C) of `x.dtype`, H' and W' as in `conv2d`.

    Raises:
        ValueError: as `conv2d`.
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
        kernel: (kh, kw, Cin, Cout), not flipped: PyTorch's (in, out, kh, kw), transposed.
        bias: (Cout,) or None.
        padding: pixels cut from the top and left of the full result; the bottom and right lose
            `padding - output_padding`.
        output_padding: rows and columns added at the bottom and right.

    Returns:
        (B, 2H, 2W, Cout) of `x.dtype`.

    Raises:
        ValueError: if the shapes do not match, or k - 2 padding + output_padding is not 2, which
            doubling the size requires.
    """
    _check_transpose(x, kernel, bias, padding, output_padding)
    kernel = kernel.astype(x.dtype)
    if on_cpu():
        out = conv_cpu.conv_transposed(x, kernel, padding)
    else:
        out = by_phases(
            x,
            kernel,
            padding=(padding, padding),
            size=(2 * x.shape[1], 2 * x.shape[2]),
            convolution=_unstrided,
        )
    return _add_bias(out, bias)


def _unstrided(x: jax.Array, kernel: jax.Array, pads: Pads) -> jax.Array:
    return direct(x, kernel, stride=1, pads=pads)


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
) -> Pads:
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
    rows, columns = ((k - 1) // 2 if padding is None else padding for k in (kh, kw))
    if x.shape[1] + 2 * rows < kh or x.shape[2] + 2 * columns < kw:
        raise ValueError(
            f"conv2d: images of {x.shape[1]} x {x.shape[2]}, padded by {rows} and {columns}, are "
            f"smaller than the kernel, {kh} x {kw}"
        )
    return (rows, rows), (columns, columns)


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
