"""Backward bilinear warping by a flow field."""

from typing import Literal

import jax
import jax.numpy as jnp


def warp(
    image: jax.Array, flow: jax.Array, *, padding: Literal["border", "zeros"] = "border"
) -> jax.Array:
    """Samples an image where the flow points: out(p) = image(p + flow(p)), bilinearly.

    A whole-pixel flow is an exact shift, zero flow the identity. Coordinates are float32 whatever
    the image is. Where the flow is not finite (NaN or infinite), the output is NaN.

    Args:
        image: (B, H, W, C) floating.
        flow: (B, H, W, 2) floating, in pixels, x (along W) then y (along H).
        padding: what lies outside: 'border' repeats the nearest pixel of the edge; 'zeros' is
            black, so that a sample near the edge fades out.

    Returns:
        (B, H, W, C) of the image's dtype.

    Raises:
        ValueError: if the shapes do not fit, the dtypes are not floating or `padding` is unknown.
    """
    _check(image, flow, padding)
    height, width = image.shape[1:3]
    flow = flow.astype(jnp.float32)
    whole = jnp.floor(flow)
    # The fraction comes from the flow alone: the sum with the pixel's place would round it.
    fraction = flow - whole
    left = _corner(whole[..., 0], width, axis=2)
    top = _corner(whole[..., 1], height, axis=1)
    batch = jnp.arange(image.shape[0]).reshape(-1, 1, 1)
    batch = jnp.broadcast_to(batch, left.shape)
    exact = image.astype(jnp.float32)  # here, so that gradients are summed in float32 too

    def at(y: jax.Array, x: jax.Array) -> jax.Array:
        rows, columns = jnp.clip(y, 0, height - 1), jnp.clip(x, 0, width - 1)
        value = exact[batch, rows, columns]
        if padding == "zeros":
            value = jnp.where(((rows == y) & (columns == x))[..., None], value, 0.0)
        return value

    across, down = fraction[..., :1], fraction[..., 1:]
    upper = _blend(at(top, left), at(top, left + 1), across)
    lower = _blend(at(top + 1, left), at(top + 1, left + 1), across)
    return _blend(upper, lower, down).astype(image.dtype)


def _corner(whole: jax.Array, size: int, axis: int) -> jax.Array:
    """The pixel left of (above) each sample, brought to within two pixels of the image."""
    place = jax.lax.broadcasted_iota(jnp.float32, whole.shape, axis) + whole
    # NaN has no integer: any place will do, because the fraction is NaN too.
    beyond = jnp.asarray(size).astype(jnp.float32)  # the size may be symbolic, in an export
    place = jnp.where(jnp.isnan(place), 0.0, jnp.clip(place, -2.0, beyond))
    return place.astype(jnp.int32)


def _blend(a: jax.Array, b: jax.Array, weight: jax.Array) -> jax.Array:
    return a + weight * (b - a)


def _check(image: jax.Array, flow: jax.Array, padding: str) -> None:
    if image.ndim != 4 or not jnp.issubdtype(image.dtype, jnp.floating):
        raise ValueError(
            f"warp: expected image (B, H, W, C) floating, got {image.shape} {image.dtype}"
        )
    if flow.shape != (*image.shape[:3], 2) or not jnp.issubdtype(flow.dtype, jnp.floating):
        raise ValueError(
            f"warp: expected flow {(*image.shape[:3], 2)} floating, got {flow.shape} {flow.dtype}"
        )
    if padding not in ("border", "zeros"):
        raise ValueError(f"warp: padding must be 'border' or 'zeros', got {padding!r}")
