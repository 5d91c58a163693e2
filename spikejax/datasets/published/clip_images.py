"""The images of clips, as they are kept: whole numbers of 8 or 16 bits, in colour or grey."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from spikejax.camera.exposure import GREY_WEIGHTS
from spikejax.formats import FormatError, read_image

_ORIENTATION, _FIRST_THAT_TURNS = 0x0112, 5  # EXIF

Pixels = npt.NDArray[Any]


def image_size(path: Path) -> tuple[int, int]:
    """Says how large an image is, if its file allows without reading the pixels.

    Args:
        path: the file.

    Returns:
        (H, W), as it is shown.

    Raises:
        OSError: if there is no such file, or it may not be read.
        FormatError: if it is empty or no image.
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
        colour: keep its colour, or give a grey one three equal channels, instead of weighing it to
            grey.

    Returns:
        (H, W, C) uint8 if it has no more than that, else uint16.

    Raises:
        OSError: if it cannot be read.
        FormatError: if it is no image, or damaged.
    """
    image = read_image(path)
    if image.ndim == 2:
        image = np.stack([image] * (3 if colour else 1), -1)
    elif not colour:
        image = (image @ np.array(GREY_WEIGHTS, np.float32))[..., None]
    eight = np.rint(image * np.float32(255))
    if np.abs(image * np.float32(255) - eight).max() < 1e-3:
        return eight.astype(np.uint8)
    return np.rint(image * np.float32(65535)).astype(np.uint16)


def alike(images: list[Pixels]) -> list[Pixels]:
    """Makes images of one type: what has 8 bits is widened if another has 16.

    Args:
        images: (H, W, C) uint8 or uint16 each.

    Returns:
        The same images.
    """
    kind = np.result_type(*images)
    return [x.astype(kind) * 257 if x.dtype != kind else x for x in images]
