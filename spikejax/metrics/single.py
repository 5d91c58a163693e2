"""Checks and conversions of the image of a metric: grey or RGB, with or without a batch axis."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

LEVELS = 255.0  # the range that metrics without a reference are defined on


def evaluate_levels(
    name: str, function: Callable[[jax.Array], Any], image: Any, data_range: float, *, smallest: int
) -> Any:
    """Checks an image and evaluates a function of its brightness on 0..255.

    A JAX array is evaluated on its device in float32, anything else in float64.

    Args:
        name: name of the metric, for messages.
        function: function of (B, H, W) floating on 0..255 that returns a tree of arrays (B, ...).
        image: (H, W), (H, W, C) or (B, H, W, C), C 1 or 3, real.
        data_range: the value of white, above 0; black is 0.
        smallest: the least number of rows and of columns.

    Returns:
        The result of the function, without the first axis for a single image.

    Raises:
        ValueError: if the image or the range is invalid.
    """
    x = batched(name, image, smallest=smallest)
    kind = np.dtype(x.dtype).kind
    if kind not in "uif" and not jnp.issubdtype(x.dtype, jnp.floating):
        raise ValueError(f"{name}: expected a real image, got {x.dtype}")
    if not 0 < data_range < np.inf:
        raise ValueError(f"{name}: data_range is a number above 0, got {data_range}")
    if kind in "ui" and data_range <= 1:
        raise ValueError(
            f"{name}: {x.dtype} images need their data_range (255 for eight bits), got {data_range}"
        )
    if isinstance(x, jax.Array):
        result = function(luma(x.astype(jnp.float32)) * (LEVELS / data_range))
    else:
        with jax.ensure_compile_time_eval(), jax.enable_x64(True):
            levels = luma(x.astype(np.float64)) * (LEVELS / data_range)
            result = jax.tree.map(np.asarray, function(levels))
    return result if np.ndim(image) == 4 else jax.tree.map(lambda leaf: leaf[0], result)


def as_rgb(name: str, image: Any, *, smallest: int = 1) -> jax.Array:
    """Converts an image to (B, H, W, 3) float32; grey becomes three equal channels.

    Args:
        name: name of the metric, for messages.
        image: (H, W), (H, W, C) or (B, H, W, C), floating, C 1 or 3.
        smallest: the least number of rows and of columns.

    Returns:
        (B, H, W, 3) float32; B is 1 if the image has no batch axis.

    Raises:
        ValueError: if the image is none of these.
    """
    x = batched(name, image, smallest=smallest)
    if not jnp.issubdtype(x.dtype, jnp.floating):
        raise ValueError(f"{name}: expected floating values, got {x.dtype}; divide 8 bits by 255")
    x = jnp.asarray(x, jnp.float32)
    return jnp.broadcast_to(x, (*x.shape[:3], 3))


def luma(image: Any) -> Any:
    """Returns the brightness of RGB images, 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601).

    Args:
        image: (B, H, W, C) floating, C 1 or 3.

    Returns:
        (B, H, W); a grey image is returned without its channel axis.
    """
    if image.shape[3] == 1:
        return image[..., 0]
    return 0.299 * image[..., 0] + 0.587 * image[..., 1] + 0.114 * image[..., 2]


def batched(name: str, image: Any, *, smallest: int = 1) -> Any:
    """Adds the missing batch and channel axes of an image; a NumPy array remains one.

    Args:
        name: name of the metric, for messages.
        image: (H, W), (H, W, C) or (B, H, W, C), C 1 or 3.
        smallest: the least number of rows and of columns.

    Returns:
        (B, H, W, C).

    Raises:
        ValueError: if the image is none of these, or too small.
    """
    x = image if isinstance(image, jax.Array) else np.asarray(image)
    shape = tuple(x.shape)
    fits = x.ndim == 2 or (x.ndim in (3, 4) and shape[-1] in (1, 3))
    if not fits or 0 in shape:
        raise ValueError(
            f"{name}: expected (H, W), (H, W, C) or (B, H, W, C) with C 1 or 3, got {shape}"
        )
    x = x.reshape((1, *shape, *(1,) * (3 - x.ndim))) if x.ndim < 4 else x
    if min(x.shape[1:3]) < smallest:
        raise ValueError(
            f"{name}: images are at least {smallest} x {smallest} pixels, got "
            f"{x.shape[1]} x {x.shape[2]}"
        )
    return x
