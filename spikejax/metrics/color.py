"""Single images on their way into a measure: grey and RGB, with and without a batch axis."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array


def as_rgb(name: str, image: Any, *, smallest: int = 1) -> Array:
    """Brings an image to (B, H, W, 3) float32; grey becomes three equal channels.

    Args:
        name: of the measure, for messages.
        image: (H, W), (H, W, C) or (B, H, W, C), floating, C 1 or 3.
        smallest: the least number of rows and of columns.

    Returns:
        (B, H, W, 3) float32, B 1 if there was no batch axis.

    Raises:
        ValueError: if the image is none of these.
    """
    x = batched(name, image, smallest=smallest)
    if not jnp.issubdtype(x.dtype, jnp.floating):
        raise ValueError(f"{name}: expected floating values, got {x.dtype}; divide 8 bits by 255")
    x = jnp.asarray(x, jnp.float32)
    return jnp.broadcast_to(x, (*x.shape[:3], 3))


def luma(image: Any) -> Any:
    """The brightness of RGB images, 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601).

    Args:
        image: (B, H, W, C) floating, C 1 or 3.

    Returns:
        (B, H, W), the one channel of a grey image as it is.
    """
    if image.shape[3] == 1:
        return image[..., 0]
    return 0.299 * image[..., 0] + 0.587 * image[..., 1] + 0.114 * image[..., 2]


def batched(name: str, image: Any, *, smallest: int = 1) -> Any:
    """Gives an image its batch and channel axes, (B, H, W, C); a NumPy array stays one.

    Args:
        name: of the measure, for messages.
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
