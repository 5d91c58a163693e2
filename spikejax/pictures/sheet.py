"""Sheets of labelled images, side by side for comparison."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from spikejax.formats.errors import FormatError
from spikejax.formats.pixels import Image, as_image

_PAPER = (17, 19, 24)
_INK = (236, 238, 242)
_FAINT = (150, 156, 168)
_ACCENT = (255, 196, 92)


@dataclasses.dataclass(frozen=True, eq=False)
class Panel:
    """One image of a sheet.

    Attributes:
        image: (H, W) or (H, W, 3) float, display values in [0, 1]; other values are clipped.
        label: name of the image.
        note: further text in a smaller font; may be empty.
        highlight: whether the label is coloured.
    """

    image: Any
    label: str
    note: str = ""
    highlight: bool = False


def sheet(
    panels: Sequence[Panel],
    *,
    columns: int | None = None,
    scale: float = 1,
    detail: tuple[int, int, int, int] | None = None,
) -> Image:
    """Lays out images side by side, each with its label and note below.

    Args:
        panels: at least one panel; all images have the same height and width.
        columns: images per row; None for one row.
        scale: whole number of repetitions of each pixel; a value below 1 shrinks the images, but
            not their details.
        detail: top, left, height and width of a rectangle that is framed in every image and
            enlarged below it to the image's width.

    Returns:
        (H, W, 3) float32 RGB display values in [0, 1], for `write_image`, or for a frame of
        `write_video`; H and W are even.

    Raises:
        FormatError: if there are no panels, their sizes differ, the detail is not inside them or
            the scale is not supported.
    """
    images = [as_image(panel.image, panel.label) for panel in panels]
    if not images:
        raise FormatError("sheet: expected at least one panel, got none")
    height, width = images[0].shape[:2]
    for panel, image in zip(panels, images, strict=True):
        if image.shape[:2] != (height, width):
            size = "x".join(map(str, image.shape[:2]))
            raise FormatError(f"sheet: {panel.label} is {size}, the first is {height}x{width}")
    if detail is not None:
        top, left, rows, cols = detail
        if min(top, left) < 0 or min(rows, cols) < 1 or top + rows > height or left + cols > width:
            raise FormatError(f"sheet: the detail {detail} is not inside {height}x{width}")
    if not (0 < scale < 1 or (scale >= 1 and scale == int(scale))):
        raise FormatError(f"sheet: expected a whole number as scale, or below 1, got {scale}")
    columns = max(1, min(columns or len(images), len(images)))
    tile_width = max(1, round(width * scale))
    below = not all(_fits(panel, tile_width) for panel in panels)  # the same for all panels
    tiles = [
        _tile(panel, image, scale, detail, below)
        for panel, image in zip(panels, images, strict=True)
    ]
    return _grid(tiles, columns, gap=_gap(tile_width))


def _gap(width: int) -> int:
    return max(4, round(width / 40))


def _tile(
    panel: Panel, image: Image, scale: float, detail: tuple[int, int, int, int] | None, below: bool
) -> Any:
    """Returns an image, its detail and its caption as a Pillow image."""
    import PIL.Image
    import PIL.ImageDraw

    whole = _pillow(image)
    size = tuple(max(1, round(n * scale)) for n in whole.size)
    kind = PIL.Image.Resampling.NEAREST if scale >= 1 else PIL.Image.Resampling.LANCZOS
    scaled = whole.resize(size, kind)
    width = scaled.width
    parts = [scaled]
    if detail is not None:
        top, left, rows, cols = detail
        crop = whole.crop((left, top, left + cols, top + rows))
        kind = PIL.Image.Resampling.NEAREST if cols <= width else PIL.Image.Resampling.LANCZOS
        parts.append(crop.resize((width, round(width * rows / cols)), kind))
        top, left, rows, cols = (round(n * scale) for n in detail)
        line = max(1, round(width / 200))
        frame = (left - line, top - line, left + cols + line - 1, top + rows + line - 1)
        PIL.ImageDraw.Draw(scaled).rectangle(frame, outline=_ACCENT, width=line)
    parts.append(_caption(panel, width, below))
    space = max(2, _gap(width) // 2)
    height = sum(part.height for part in parts) + space * (len(parts) - 2)
    tile = PIL.Image.new("RGB", (width, height), _PAPER)
    y = 0
    for part in parts:
        tile.paste(part, (0, y))
        y += part.height + (0 if part is parts[-2] else space)
    return tile


def _fonts(width: int) -> tuple[Any, Any]:
    """Returns the fonts of labels and notes."""
    import PIL.ImageFont

    size = min(max(11.0, width / 18), 40.0)
    return PIL.ImageFont.load_default(size), PIL.ImageFont.load_default(0.8 * size)


def _fits(panel: Panel, width: int) -> bool:
    """Returns whether a label and its note fit on one line."""
    label, note = _fonts(width)
    return label.getlength(panel.label) + note.getlength(panel.note) + label.size <= width


def _caption(panel: Panel, width: int, below: bool) -> Any:
    """Returns an image of the label, with the note below it or at the right end of the line."""
    import PIL.Image
    import PIL.ImageDraw

    label, note = _fonts(width)
    line = round(1.6 * label.size)
    caption = PIL.Image.new("RGB", (width, line * (2 if below else 1)), _PAPER)
    draw = PIL.ImageDraw.Draw(caption)
    middle = line / 2
    draw.text((0, middle), panel.label, _ACCENT if panel.highlight else _INK, label, anchor="lm")
    if below:
        draw.text((0, line + 0.8 * middle), panel.note, _FAINT, note, anchor="lm")
    else:
        draw.text((width, middle), panel.note, _FAINT, note, anchor="rm")
    return caption


def _pillow(image: Image) -> Any:
    import PIL.Image

    pixels = (np.clip(np.nan_to_num(image), 0, 1) * 255 + 0.5).astype(np.uint8)
    return PIL.Image.fromarray(pixels).convert("RGB")


def _grid(tiles: list[Any], columns: int, gap: int) -> Image:
    import PIL.Image

    rows = [tiles[start : start + columns] for start in range(0, len(tiles), columns)]
    heights = [max(tile.height for tile in row) for row in rows]
    width = columns * (tiles[0].width + gap) + gap
    height = sum(heights) + gap * (len(rows) + 1)
    paper = PIL.Image.new("RGB", (width + width % 2, height + height % 2), _PAPER)
    y = gap
    for row, tallest in zip(rows, heights, strict=True):
        for i, tile in enumerate(row):
            paper.paste(tile, (gap + i * (tile.width + gap), y))
        y += tallest + gap
    return np.asarray(paper, np.float32) / np.float32(255)
