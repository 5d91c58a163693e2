"""The images of clips as integers of 8 or 16 bits, in colour or grey."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from spikejax.camera import grey_of
from spikejax.formats import FormatError, read_image

_ORIENTATION, _FIRST_THAT_TURNS = 0x0112, 5  # EXIF

Pixels = npt.NDArray[Any]


def image_size(path: Path) -> tuple[int, int]:
    """Reads the size of an image without reading the pixels.

    Args:
        path: the file.

    Returns:
        (H, W), after the rotation that its EXIF data states.

    Raises:
        OSError: if there is no such file, or it is not readable.
        FormatError: if the file is empty or not an image.
    """
    import PIL.Image

    if path.stat().st_size == 0:
        raise FormatError(f"{path}: the file is empty")
    try:
        with PIL.Image.open(path) as image:
            turned = image.getexif().get(_ORIENTATION, 1) >= _FIRST_THAT_TURNS
            return (image.width, image.height) if turned else (image.height, image.width)
    except (OSError, ValueError, SyntaxError, PIL.Image.DecompressionBombError):
        raise FormatError(f"{path}: not a readable image") from None


def read_pixels(path: Path, *, colour: bool) -> Pixels:
    """Reads an image.

    Args:
        path: the file.
        colour: whether to return three channels, which are equal for a grey image; otherwise one
            channel, the grey of a colour image.

    Returns:
        (H, W, C) uint8 if 8 bits hold all values, else uint16.

    Raises:
        OSError: if the file cannot be read.
        FormatError: if the file is not an image, or damaged.
    """
    image = read_image(path)
    if image.ndim == 2:
        image = np.stack([image] * (3 if colour else 1), -1)
    elif not colour:
        image = grey_of(image)[..., None]
    eight = np.rint(image * np.float32(255))
    if np.abs(image * np.float32(255) - eight).max() < 1e-3:
        return eight.astype(np.uint8)
    return np.rint(image * np.float32(65535)).astype(np.uint16)


def alike(images: list[Pixels]) -> list[Pixels]:
    """Converts images to one dtype: those of 8 bits become uint16 if another has 16 bits.

    Args:
        images: (H, W, C) uint8 or uint16 each.

    Returns:
        The images, all uint8 or all uint16.
    """
    kind = np.result_type(*images)
    return [x.astype(kind) * 257 if x.dtype != kind else x for x in images]
