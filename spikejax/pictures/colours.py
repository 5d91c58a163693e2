"""Colour maps: display values to RGB."""

from typing import Any

import numpy as np
import numpy.typing as npt

from spikejax.formats.pixels import Image

COLOUR_MAPS = ("gray", "viridis", "inferno", "magma", "cividis", "turbo")
"""The names of the colour maps, as in Matplotlib; 'gray' leaves images grey."""


def check_colours(name: str) -> str:
    """Returns the name of a colour map.

    Raises:
        ValueError: if there is no such map.
    """
    if name not in COLOUR_MAPS:
        raise ValueError(f"colours: expected {', '.join(COLOUR_MAPS)}, got {name!r}")
    return name


def colour_table(name: str) -> npt.NDArray[np.float32]:
    """Returns the colours of a map.

    Args:
        name: one of `COLOUR_MAPS`.

    Returns:
        (256, 3) float32 RGB in [0, 1], from black to white point.

    Raises:
        ValueError: if there is no such map.
    """
    check_colours(name)
    import matplotlib

    colours = matplotlib.colormaps[name](np.arange(256))[:, :3]
    return np.asarray(colours, np.float32)


def coloured(image: Any, name: str | None) -> Image:
    """Maps display values to colours.

    Args:
        image: (H, W) float, display values in [0, 1]; other values are clipped.
        name: one of `COLOUR_MAPS`; None is 'gray'.

    Returns:
        (H, W, 3) float32 in [0, 1]; the image itself for 'gray'.

    Raises:
        ValueError: if there is no such map.
    """
    if name is None or check_colours(name) == "gray":
        return np.asarray(image, np.float32)
    levels = np.clip(np.nan_to_num(np.asarray(image, np.float32)), 0, 1)
    return colour_table(name)[(levels * 255 + 0.5).astype(np.uint8)]
