"""Modulated deformable convolution of channels-last images."""

import jax
import jax.numpy as jnp


def deform_conv2d(
    x: jax.Array,
    kernel: jax.Array,
    bias: jax.Array | None = None,
    *,
    offsets: jax.Array,
    mask: jax.Array | None = None,
) -> jax.Array:
    """Convolves images with a kernel whose taps are displaced at every pixel.

    The input channels form G groups of neighbouring channels with offsets of their own. Tap t of
    the kernel, row by row, reads the image bilinearly at its own place plus offsets[..., g, t, :].
    Each of the four neighbouring pixels counts as zero outside the image. The stride is 1 and
    odd kernels are centred. Places and weights are float32 for every image dtype. At whole pixels,
    the gradient with respect to the offsets is that on the side of larger offsets.

    Args:
        x: (B, H, W, Cin) floating.
        kernel: (kh, kw, Cin, Cout), not flipped, kh and kw odd; cast to `x.dtype`.
        bias: (Cout,) or None; cast to `x.dtype`.
        offsets: (B, H, W, G, kh kw, 2) floating, finite, in pixels, y (along H) then x (along W);
            G divides Cin.
        mask: (B, H, W, G, kh kw) floating, the factor of every value read; None for 1.

    Returns:
        (B, H, W, Cout) of `x.dtype`.

    Raises:
        ValueError: if the shapes or dtypes do not match.

    Source: Zhu et al., "Deformable ConvNets v2: More Deformable, Better Results", CVPR 2019, eq. 1.
    """
    _check(x, kernel, bias, offsets, mask)
    B, H, W, C = x.shape
    kh, kw, _, F = kernel.shape
    G = offsets.shape[3]
    offsets = offsets.astype(jnp.float32)
    rows, down = _place(offsets[..., 0], H, axis=1, taps=jnp.arange(kh).repeat(kw) - kh // 2)
    columns, across = _place(
        offsets[..., 1], W, axis=2, taps=jnp.tile(jnp.arange(kw), kh) - kw // 2
    )
    factor = 1.0 if mask is None else mask.astype(jnp.float32)
    padded = jnp.pad(x, ((0, 0), (2, 2), (2, 2), (0, 0)))
    table = padded.reshape(-1, C // G)
    batch = jnp.arange(B).reshape(B, 1, 1, 1, 1)
    group = jnp.arange(G).reshape(1, 1, 1, G, 1)
    first = ((batch * (H + 4) + rows) * (W + 4) + columns) * G + group
    read = jnp.zeros((*first.shape, C // G), jnp.float32)
    for step, weight in (
        (0, (1 - down) * (1 - across)),
        (1, (1 - down) * across),
        (W + 4, down * (1 - across)),
        (W + 5, down * across),
    ):
        value = jnp.take(table, first + step * G, axis=0, mode="clip").astype(jnp.float32)
        read = read + (weight * factor)[..., None] * value
    weights = kernel.reshape(kh * kw, G, C // G, F).astype(x.dtype)
    out = jnp.einsum("bhwgtc,tgcf->bhwf", read.astype(x.dtype), weights)
    return out if bias is None else out + bias.astype(x.dtype).reshape(1, 1, 1, F)


def _place(offset: jax.Array, size: int, axis: int, taps: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Returns the pixel before each place in the image padded by two, and the way beyond it."""
    whole = jnp.floor(offset)
    start = jax.lax.broadcasted_iota(jnp.float32, offset.shape, axis)
    start = start + taps.astype(jnp.float32).reshape(1, 1, 1, 1, -1)
    pixel = jnp.clip(start + whole, -2.0, float(size)).astype(jnp.int32) + 2
    return pixel, offset - whole


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
    if (
        kernel.ndim != 4
        or kernel.shape[2] != x.shape[3]
        or not all(k % 2 for k in kernel.shape[:2])
    ):
        raise ValueError(
            f"{name}: expected kernel (kh, kw, {x.shape[3]}, Cout), kh and kw odd, "
            f"got {kernel.shape}"
        )
    if bias is not None and bias.shape != kernel.shape[-1:]:
        raise ValueError(f"{name}: expected bias {kernel.shape[-1:]}, got {bias.shape}")
    taps = kernel.shape[0] * kernel.shape[1]
    groups = offsets.shape[3] if offsets.ndim == 6 else 0
    expected = (*x.shape[:3], groups, taps, 2)
    if groups < 1 or x.shape[3] % groups or offsets.shape != expected:
        raise ValueError(
            f"{name}: expected offsets {x.shape[:3]} + (G, {taps}, 2) with G a divisor of "
            f"{x.shape[3]}, got {offsets.shape}"
        )
    if mask is not None and mask.shape != expected[:-1]:
        raise ValueError(f"{name}: expected mask {expected[:-1]}, got {mask.shape}")
    for what, array in (("offsets", offsets), ("mask", mask)):
        if array is not None and not jnp.issubdtype(array.dtype, jnp.floating):
            raise ValueError(f"{name}: expected floating {what}, got {array.dtype}")
