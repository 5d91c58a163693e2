"""Interpolation of linear light between video frames."""

from typing import Any

import jax
import jax.numpy as jnp

from spikejax.camera.neuron import checked_floats
from spikejax.ops.warp import warp


def in_between(
    first: Any,
    second: Any,
    fractions: Any,
    *,
    forward: Any = None,
    backward: Any = None,
) -> jax.Array:
    """Interpolates between frames, linearly or along the motion.

    Linear interpolation computes (1 - t) first + t second; moving objects fade out and in. With
    flows, both frames are first warped to time t. The flows from time t are combined from
    `forward` and `backward` (Jiang et al., Super SloMo, CVPR 2018, eq. 4). At t = 0 the result is
    the first frame.

    Args:
        first: (P, H, W, C) float, linear intensity.
        second: (P, H, W, C), the next frames.
        fractions: (G,) float in [0, 1), times between the frames; 0 is the first frame.
        forward: (P, H, W, 2) flow from the first frame to the second, in pixels, x then y:
            second(p + forward(p)) corresponds to first(p); None interpolates linearly.
        backward: (P, H, W, 2) flow from the second frame to the first; required with `forward`.

    Returns:
        (P, G, H, W, C) of the frames' dtype.

    Raises:
        ValueError: if the shapes do not match or only one flow is passed.
    """
    first, second = checked_floats("first", first), checked_floats("second", second)
    fractions = jnp.asarray(fractions, first.dtype)
    if first.ndim != 4 or second.shape != first.shape:
        raise ValueError(
            f"in_between: expected two arrays (P, H, W, C), got {first.shape} and {second.shape}"
        )
    if fractions.ndim != 1:
        raise ValueError(f"in_between: expected fractions (G,), got shape {fractions.shape}")
    if (forward is None) != (backward is None):
        raise ValueError("in_between: expected both flows or none")
    flows = None if forward is None else (jnp.asarray(forward), jnp.asarray(backward))

    def at(t: jax.Array) -> jax.Array:
        if flows is None:
            return first + t * (second - first)
        there, back = flows
        to_first = t * (t * back - (1 - t) * there)
        to_second = (1 - t) * ((1 - t) * there - t * back)
        return (1 - t) * warp(first, to_first) + t * warp(second, to_second)

    return jnp.moveaxis(jax.vmap(at)(fractions), 0, 1)


def mean_of_cells(image: jax.Array, factor: int) -> jax.Array:
    """Downsamples an image: every output pixel is the mean of a factor x factor cell.

    Args:
        image: (..., H, W, C) float, H and W multiples of `factor`.
        factor: side of a cell in pixels, 1 or more.

    Returns:
        (..., H / factor, W / factor, C).

    Raises:
        ValueError: if H or W is not a multiple of `factor`.
    """
    *batch, height, width, channels = image.shape
    if factor < 1 or height % factor or width % factor:
        raise ValueError(f"mean_of_cells: {height}x{width} does not divide into cells of {factor}")
    if factor == 1:
        return image
    shape = (*batch, height // factor, factor, width // factor, factor, channels)
    return image.reshape(shape).mean((-4, -2))
