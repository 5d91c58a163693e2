"""Frames of a video file or of a folder of images."""

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from spikejax.formats.errors import FormatError
from spikejax.formats.images import read_image
from spikejax.formats.pixels import Image
from spikejax.formats.video import probe_video, read_video

_IMAGES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".ppm", ".pgm")
_MISSING = 0.1  # a header's count can be too high by hidden frames, without damage


@dataclasses.dataclass(frozen=True)
class Footage:
    """Frames of one size, read one by one; iteration can be repeated.

    Attributes:
        path: the video or the folder.
        height: rows.
        width: columns.
        frames: number of frames, for a video according to its header; None if unknown.
        images: the files of a folder, in order; empty for a video.
    """

    path: Path
    height: int
    width: int
    frames: int | None
    images: tuple[Path, ...] = ()

    @property
    def name(self) -> str:
        """The name of the video or the folder, without suffix."""
        return self.path.resolve().name if self.images else self.path.stem

    def __iter__(self) -> Iterator[Image]:
        """Yields the frames, (H, W, 3) RGB float32 in [0, 1] as stored; grey is repeated.

        Raises:
            FormatError: if a frame is damaged or has another size, or the video ends early.
        """
        shape, count = (self.height, self.width), 0
        for count, image in enumerate(self._read(), 1):
            if image.shape[:2] != shape:
                where = self.images[count - 1] if self.images else f"{self.path}: frame {count - 1}"
                raise FormatError(
                    f"{where}: {image.shape[0]}x{image.shape[1]} pixels, but the first frame has "
                    f"{shape[0]}x{shape[1]}"
                )
            yield np.stack([image] * 3, -1) if image.ndim == 2 else image
        if self.frames and count < (1 - _MISSING) * self.frames - 1:
            raise FormatError(
                f"{self.path}: ends after {count} frames, its header says {self.frames} "
                "(truncated?)"
            )

    def _read(self) -> Iterator[Image]:
        return map(read_image, self.images) if self.images else read_video(self.path)


def open_footage(path: str | Path) -> Footage:
    """Opens a video, or a folder of images as frames.

    Args:
        path: a video in any format that FFmpeg supports, or a folder of images. Images are sorted
            by name, with numbers by value: 2.png comes before 10.png.

    Returns:
        The frames, which are read during iteration.

    Raises:
        FileNotFoundError: if the path does not exist.
        FormatError: if it is not a video, or the folder contains no images.
    """
    path = Path(path)
    if not path.is_dir():
        video = probe_video(path)
        frames = video.frames
        if frames is None and video.fps and video.duration_s:
            frames = max(1, round(video.fps * video.duration_s))
        return Footage(path, video.height, video.width, frames)
    images = sorted((p for p in path.iterdir() if _is_image(p)), key=_by_number)
    if not images:
        raise FormatError(f"{path}: holds no images; expected {', '.join(_IMAGES)}")
    height, width = read_image(images[0]).shape[:2]
    return Footage(path, height, width, len(images), tuple(images))


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in _IMAGES and not path.name.startswith(".") and path.is_file()


def _by_number(path: Path) -> tuple[tuple[tuple[int, str], ...], str]:
    parts = re.split(r"([0-9]+)", path.stem)
    key = tuple((int(part), "") if i % 2 else (-1, part) for i, part in enumerate(parts))
    return key, path.name
