"""Checks and quantisation of image arrays for the writers of images and videos."""

from typing import Any

import numpy as np
import numpy.typing as npt

from spikejax.formats.errors import FormatError

Image = npt.NDArray[np.float32]


def as_image(image: Any, name: str = "image") -> Image:
    """Checks that an array is a grey or an RGB image.

    Args:
        image: (H, W), (H, W, 1) or (H, W, 3), float or bool.
        name: name of the image, for messages.

    Returns:
        (H, W) or (H, W, 3) float32.

    Raises:
        FormatError: if the array has another shape or type.
    """
    array = np.asarray(image)
    if array.dtype.kind not in "bfV" or array.dtype.names:
        raise FormatError(
            f"{name}: expected float intensity in [0, 1], got {array.dtype}; scale it first"
        )
    try:
        array = array.astype(np.float32)  # bfloat16 has no numpy kind of its own, but converts
    except (TypeError, ValueError):
        raise FormatError(f"{name}: expected float intensity, got {array.dtype}") from None
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.ndim not in (2, 3) or array.shape[2:] not in ((), (3,)) or 0 in array.shape:
        raise FormatError(f"{name}: expected the shape (H, W) or (H, W, 3), got {array.shape}")
    return array


def quantise(image: Image, bits: int = 8) -> npt.NDArray[Any]:
    """Clips values to [0, 1], NaN to 0, and rounds to uint8 (8 bits) or uint16 (16 bits)."""
    top = (1 << bits) - 1
    values = np.clip(np.nan_to_num(image), 0, 1).astype(np.float64)
    return (values * top + 0.5).astype(np.uint8 if bits == 8 else np.uint16)
