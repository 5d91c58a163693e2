"""Conversion of linear RGB images to grey."""

from typing import Any

import jax
import numpy as np
import numpy.typing as npt

from spikejax.camera.exposure import IN_RANGE
from spikejax.camera.neuron import checked_floats

# The weights of the published S-SDM data (Rec. 601, rounded), for linear intensities.
GREY_WEIGHTS = (0.30, 0.59, 0.11)


def grey_of(image: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """Converts a numpy image to grey: 0.30 R + 0.59 G + 0.11 B; grey stays grey.

    Args:
        image: (H, W), (..., H, W, 1) or (..., H, W, 3) float, linear grey or RGB.

    Returns:
        (..., H, W) float32; a view of the input where nothing has to be computed.

    Raises:
        ValueError: if the image has another shape.
    """
    image = np.asarray(image, np.float32)
    if image.ndim == 2:
        return image
    if image.ndim < 2 or image.shape[-1] not in (1, 3):
        raise ValueError(f"grey_of: expected (H, W), (H, W, 1) or (H, W, 3), got {image.shape}")
    return image[..., 0] if image.shape[-1] == 1 else image @ np.array(GREY_WEIGHTS, np.float32)


def to_grey(image: Any) -> jax.Array:
    """Converts a JAX image to grey: 0.30 R + 0.59 G + 0.11 B.

    Args:
        image: (..., 3) float, linear RGB.

    Returns:
        (...) in the same dtype.

    Raises:
        ValueError: if the last axis is not 3 or the values are not floating.
    """
    image = checked_floats("to_grey", image, IN_RANGE)
    if image.ndim == 0 or image.shape[-1] != 3:
        raise ValueError(f"to_grey: expected (..., 3) RGB, got shape {image.shape}")
    red, green, blue = GREY_WEIGHTS
    return red * image[..., 0] + green * image[..., 1] + blue * image[..., 2]
