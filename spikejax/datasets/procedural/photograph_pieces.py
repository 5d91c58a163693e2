"""Pieces of user photographs, to paint procedural scenes with."""

from pathlib import Path

import jax
import numpy as np
import numpy.typing as npt

from spikejax.camera import to_grey
from spikejax.camera.encoding import to_linear
from spikejax.formats import read_image

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp")
_SHRINKS = 3.0  # largest factor by which a piece is reduced


class PhotographPieces:
    """Random pieces of the photographs in a folder.

    Attributes:
        folder: folder of the photographs.
        files: paths of the photographs, sorted.
    """

    def __init__(self, folder: str | Path) -> None:
        """Lists the photographs in a folder and its subfolders.

        Args:
            folder: folder of the photographs.

        Raises:
            ValueError: if there is no such folder or no photograph in it.
        """
        self.folder = Path(folder)
        if not self.folder.is_dir():
            raise ValueError(f"{self.folder}: no such folder; data.folder holds the photographs")
        files = (p for p in self.folder.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())
        self.files = sorted(files)
        if not self.files:
            raise ValueError(
                f"{self.folder}: holds no photographs; expected files {', '.join(SUFFIXES)}"
            )

    def pieces(
        self, rng: np.random.Generator, count: int, side: int, *, channels: int
    ) -> npt.NDArray[np.float32]:
        """Cuts random squares of random size, and resizes them to one size.

        Args:
            rng: draws the photographs and the squares.
            count: number of pieces.
            side: S, pixels per side of a piece.
            channels: C, 1 for grey, 3 for colour.

        Returns:
            (count, C, S, S) linear intensity in [0, 1].

        Raises:
            OSError: if a photograph cannot be read.
            ValueError: if a photograph is damaged.
        """
        return np.stack([self._piece(rng, side, channels) for _ in range(count)])

    def _piece(self, rng: np.random.Generator, side: int, channels: int) -> npt.NDArray[np.float32]:
        import PIL.Image

        image = read_image(self.files[rng.integers(len(self.files))])
        if image.ndim == 2:
            image = np.repeat(image[..., None], 3, -1)
        height, width = image.shape[:2]
        short = min(height, width)
        size = round(min(short, side * np.exp(rng.uniform(0, np.log(_SHRINKS)))))
        top, left = rng.integers(height - size + 1), rng.integers(width - size + 1)
        piece = np.rot90(image[top : top + size, left : left + size], int(rng.integers(4)))
        linear = jax.device_get(to_linear(np.ascontiguousarray(piece)))
        if channels == 1:
            linear = np.asarray(to_grey(linear))[..., None]
        how = PIL.Image.Resampling.BOX if size >= side else PIL.Image.Resampling.BICUBIC
        planes = [
            np.asarray(PIL.Image.fromarray(plane).resize((side, side), how))
            for plane in np.moveaxis(linear, -1, 0)
        ]
        return np.clip(np.stack(planes), 0, 1).astype(np.float32)
