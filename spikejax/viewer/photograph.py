"""The blurry photograph beside a recording: its exposure, and sharp images at its moments."""

import dataclasses
import functools
from pathlib import Path
from typing import Any

import numpy as np

from spikejax import weights
from spikejax.deblur import METHODS, DeblurInput, DeblurSettings, choose_times, open_input
from spikejax.formats import Recording


@dataclasses.dataclass(frozen=True, eq=False)
class Photograph:
    """A photograph and the facts about it.

    Attributes:
        path: its file.
        settings: its exposure, and what its values mean.
    """

    path: Path
    settings: DeblurSettings

    def open(self, recording: Recording) -> "OpenPhotograph":
        """Reads the photograph and the spikes of its exposure.

        Raises:
            OSError: if it cannot be read.
            ValueError: if it does not fit the recording.
        """
        return OpenPhotograph(self.path, open_input(self.path, recording, self.settings))


@dataclasses.dataclass(frozen=True, eq=False)
class OpenPhotograph:
    """A photograph with the spikes of its exposure.

    Attributes:
        path: its file.
        input: what is deblurred.
    """

    path: Path
    input: DeblurInput

    @functools.cached_property
    def methods(self) -> tuple[str, ...]:
        """The deblurring methods whose networks ship."""
        available = set(weights.available())
        return tuple(name for name, method in METHODS.items() if not method.missing(available))

    def facts(self) -> dict[str, Any]:
        """Returns what the page is told."""
        exposure, before = self.input.exposure, self.input.before
        height, width = self.input.photograph.shape[:2]
        return {
            "name": self.path.name,
            "height": height,
            "width": width,
            "start": before + exposure.margin,
            "stop": before + exposure.stop,
            "moments": [before + time for time in choose_times(exposure)],
            "methods": [
                {"id": name, "label": METHODS[name].label, "description": METHODS[name].description}
                for name in self.methods
            ],
        }

    def stored(self) -> np.ndarray:
        """Returns the photograph, (H, W, 3) uint8 in its own encoding."""
        return _bytes(self.input.stored(self.input.photograph))

    def sharp(self, readout: int, method: str) -> np.ndarray:
        """Returns a sharp image, (H, W, 3) uint8 in the encoding of the photograph.

        Args:
            readout: a readout of the exposure.
            method: one of `methods`.

        Raises:
            ValueError: if the readout is outside the exposure, or there is no such method.
        """
        if method not in self.methods:
            raise ValueError(f"expected one of {', '.join(self.methods)}, got {method!r}")
        exposure, time = self.input.exposure, readout - self.input.before
        if not exposure.margin <= time < exposure.stop:
            facts = self.facts()
            raise ValueError(
                f"readout {readout} is outside the exposure, {facts['start']} to "
                f"{facts['stop'] - 1}"
            )
        ((_, image),) = self.input.frames(method, [time])
        return _bytes(self.input.stored(image))


def _bytes(image: np.ndarray) -> np.ndarray:
    return (np.clip(image, 0, 1) * np.float32(255) + np.float32(0.5)).astype(np.uint8)
