"""Packing and unpacking of binary images along the last axis, eight pixels per byte."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np


def pack_bits(x: Any) -> Any:
    """Packs 0/1 values along the last axis, least significant bit first.

    Args:
        x: (..., W) bool or integer, 0 or 1 (any non-zero value counts as 1), a numpy array or a
            JAX array (or tracer).

    Returns:
        (..., ceil(W / 8)) uint8, of the same library as `x`; unused bits of the last byte are 0.

    Raises:
        ValueError: if `x` is a scalar, or neither bool nor integer.
    """
    xp: Any = jnp if isinstance(x, jax.Array) else np
    x = xp.asarray(x)
    if x.ndim == 0:
        raise ValueError("pack_bits: expected an array of shape (..., W), got a scalar")
    if not (xp.issubdtype(x.dtype, xp.integer) or x.dtype == bool):
        raise ValueError(f"pack_bits: expected bool or integer values, got {x.dtype}")
    return xp.packbits(x.astype(bool), axis=-1, bitorder="little")


def unpack_bits(p: Any, width: int) -> Any:
    """Unpacks bytes along the last axis into 0/1 values, the inverse of `pack_bits`.

    Args:
        p: (..., ceil(width / 8)) uint8, numpy or JAX.
        width: pixels per row; the last byte may be partly used.

    Returns:
        (..., width) uint8, 0 or 1.

    Raises:
        ValueError: if `p` is not uint8 or its last axis does not hold `width` pixels.
    """
    xp: Any = jnp if isinstance(p, jax.Array) else np
    p = xp.asarray(p)
    if p.dtype != np.uint8:
        raise ValueError(f"unpack_bits: expected uint8 bytes, got {p.dtype}")
    if p.ndim == 0 or p.shape[-1] != -(-width // 8):
        raise ValueError(
            f"unpack_bits: expected {-(-width // 8)} bytes per row of {width} pixels, "
            f"got shape {p.shape}"
        )
    return xp.unpackbits(p, axis=-1, count=width, bitorder="little")
