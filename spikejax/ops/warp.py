"""Backward bilinear warping by a flow field."""

from typing import Literal

import jax
import jax.numpy as jnp


def warp(
    image: jax.Array, flow: jax.Array, *, padding: Literal["border", "zeros"] = "border"
) -> jax.Array:
    """Samples an image bilinearly along a backward flow: out(p) = image(p + flow(p)).

    A flow of whole pixels is an exact shift; zero flow is the identity. Coordinates are float32 for
    every image dtype. The output is NaN where the flow is not finite (NaN or infinite).

    Args:
        image: (B, H, W, C) floating.
        flow: (B, H, W, 2) floating, in pixels, x (along W) then y (along H).
        padding: values outside the image: 'border' repeats the nearest edge pixel; 'zeros' is 0,
            so samples fade out near the edge.

    Returns:
        (B, H, W, C) of the image's dtype.

    Raises:
        ValueError: if the shapes do not match, a dtype is not floating or `padding` is unknown.
    """
    _check(image, flow, padding)
    height, width = image.shape[1:3]
    flow = flow.astype(jnp.float32)
    whole = jnp.floor(flow)
    # The fraction comes from the flow alone; adding the pixel's position would round it.
    fraction = flow - whole
    left = _corner(whole[..., 0], width, axis=2)
    top = _corner(whole[..., 1], height, axis=1)
    batch = jnp.arange(image.shape[0]).reshape(-1, 1, 1)
    batch = jnp.broadcast_to(batch, left.shape)
    exact = image.astype(jnp.float32)  # cast here, so that gradients are also summed in float32

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
    """Returns the pixel left of (above) each sample, clipped to two pixels around the image."""
    place = jax.lax.broadcasted_iota(jnp.float32, whole.shape, axis) + whole
    # NaN has no integer value; any pixel works, because the fraction is NaN too.
    beyond = jnp.asarray(size).astype(jnp.float32)  # the size may be symbolic in an export
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
