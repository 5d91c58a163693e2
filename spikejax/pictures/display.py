"""Mapping of intensity to display values: stretch, brightness and gamma."""

import dataclasses
import itertools
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from spikejax.formats.pixels import Image, as_image

_SETTLING = 32  # frames that determine a stretch by percentiles
_SAMPLES = 1 << 20  # more values than this change percentiles by less than a grey level


@dataclasses.dataclass(frozen=True, kw_only=True)
class Display:
    """A mapping of intensity to display values: stretch, gain, clip to [0, 1], gamma.

    `percentiles` stretch each image on its own; `levels` stretch all images equally. A video needs
    `levels`, otherwise it flickers; `fixed` converts percentiles to levels.

    Attributes:
        gain: brightness, a factor after the stretch.
        levels: the intensities that become 0 and 1.
        percentiles: the percentiles of the image, 0 to 100, that become 0 and 1.
        gamma: display values are intensity to the power of 1 / gamma; None or 1 leaves them
            linear; screens expect 2.2.
    """

    gain: float = 1.0
    levels: tuple[float, float] | None = None
    percentiles: tuple[float, float] | None = None
    gamma: float | None = None

    def __post_init__(self) -> None:
        if not 0 < self.gain < np.inf:
            raise ValueError(f"gain: expected a positive number, got {self.gain}")
        if self.gamma is not None and not 0 < self.gamma < np.inf:
            raise ValueError(f"gamma: expected a positive number, got {self.gamma}")
        if self.levels is not None:
            low, high = self.levels
            if not -np.inf < low < high < np.inf:
                raise ValueError(f"levels: expected two rising numbers, got {self.levels}")
        if self.percentiles is not None:
            low, high = self.percentiles
            if not 0 <= low < high <= 100:
                raise ValueError(
                    f"percentiles: expected two rising numbers of 0 to 100, got {self.percentiles}"
                )
            if self.levels is not None:
                raise ValueError("expected levels or percentiles, got both")

    def fixed(self, images: Any) -> "Display":
        """Converts a stretch by percentiles to the levels of the images.

        Args:
            images: one float image or several of any shapes; values that are not finite are
                ignored.

        Returns:
            A display with `levels` instead of `percentiles`; without a stretch if all images have
            one intensity.
        """
        if self.percentiles is None:
            return self
        images = [images] if isinstance(images, np.ndarray) else images
        values = np.concatenate([np.asarray(image, np.float32).ravel() for image in images])
        values = values[:: -(-values.size // _SAMPLES) or 1]
        values = values[np.isfinite(values)]
        levels = None
        if values.size:
            low, high = (float(v) for v in np.percentile(values, self.percentiles))
            levels = (low, high) if low < high else None
        return dataclasses.replace(self, percentiles=None, levels=levels)

    def frames(self, frames: Iterable[Any]) -> Iterator[Image]:
        """Maps the frames of a video one by one with the same stretch, to prevent flicker.

        The first 32 frames determine a stretch by percentiles. A scene that becomes much brighter
        later needs a display with `levels`.

        Args:
            frames: images (H, W), (H, W, 1) or (H, W, 3), float intensity.

        Yields:
            Display values in [0, 1], float32.
        """
        images = (as_image(frame, f"frame {i}") for i, frame in enumerate(frames))
        first = list(itertools.islice(images, _SETTLING if self.percentiles else 1))
        settled = self.fixed(first) if first else self
        for image in itertools.chain(first, images):
            yield settled(image)

    def __call__(self, image: Any) -> Image:
        """Maps an image.

        Args:
            image: float array of any shape, intensity.

        Returns:
            The same shape, float32 in [0, 1]; NaN becomes 0.
        """
        values = np.asarray(image, np.float32)
        if self.percentiles is not None:
            return self.fixed(values)(values)
        if self.levels is not None:
            low, high = self.levels
            values = (values - np.float32(low)) / np.float32(high - low)
        values = np.clip(np.nan_to_num(values * np.float32(self.gain)), 0, 1)
        if self.gamma is not None and self.gamma != 1:
            values = values ** np.float32(1 / self.gamma)
        return values


DATA = Display()
"""Clips intensity and leaves it linear, for measurements."""

SCREEN = Display(percentiles=(0.5, 99.5), gamma=2.2)
"""Stretches intensity and applies a screen's gamma, for viewing."""
