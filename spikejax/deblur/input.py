"""A blurry photograph's file and a recording -> what deblurring takes: `Pair`."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np

from spikejax import camera, deblur
from spikejax.camera.encoding import Encoding, checked_encoding, from_linear, to_linear
from spikejax.formats import Recording, read_image
from spikejax.models.edsr import SCALE
from spikejax.models.stir import WINDOW

READOUTS = 97
"""Of an exposure, if nobody says and the recording has them: those of the published data."""

_SHORT = 9  # readouts of the short average, likewise


@dataclasses.dataclass(frozen=True, kw_only=True)
class PairSettings:
    """What is known about a photograph and the recording that goes with it.

    Attributes:
        exposure: readouts that the photograph's exposure lasts; None for 97, or all that the
            recording has if those are fewer.
        margin: readouts of the recording before it; None for as many as after it.
        short: readouts of the short average; odd; None for 9, or fewer in a shorter exposure.
        homography: (3, 3) from pixels of the photograph to those of the result, as for
            `deblur.register`; None if the photograph shows the spike camera's view already.
        encoding: how the photograph's stored values become light; see `camera.encoding`.
    """

    exposure: int | None = None
    margin: int | None = None
    short: int | None = None
    homography: np.ndarray | None = None
    encoding: Encoding = "linear"

    def __post_init__(self) -> None:
        checked_encoding(self.encoding)
        camera.ExposureTiming(
            self.exposure or READOUTS, self.margin or 0, 1 if self.short is None else self.short
        )

    def place(self, readouts: int) -> tuple[int, int]:
        """Says when a photograph was exposed.

        Args:
            readouts: that the recording has.

        Returns:
            The first readout of the exposure, and how many it lasts.

        Raises:
            ValueError: if the recording is too short, or the exposure cannot be in its middle.
        """
        lasts = min(READOUTS, readouts) if self.exposure is None else self.exposure
        before = self.margin
        if before is None:
            before, uneven = divmod(readouts - lasts, 2)
            if lasts <= readouts and uneven:
                raise ValueError(
                    f"an exposure of {lasts} readouts cannot be in the middle of {readouts}: pass "
                    f"margin={before} or another number of readouts before it"
                )
        if before < 0 or before + lasts > readouts:
            around = "" if self.margin is None else f" after a margin of {self.margin}"
            raise ValueError(
                f"an exposure of {lasts} readouts{around} does not fit into the recording's "
                f"{readouts}"
            )
        return before, lasts


@dataclasses.dataclass(frozen=True, eq=False)
class Pair:
    """A photograph and the spikes of its exposure.

    Attributes:
        photograph: (4h, 4w, 3) float32, linear RGB in [0, 1].
        spikes: (T, h, w) uint8: the exposure, and as much around it as networks look at.
        exposure: where in `spikes` the photograph was exposed.
        before: readouts of the recording before those in `spikes`.
        encoding: of the photograph's file.
    """

    photograph: np.ndarray
    spikes: np.ndarray
    exposure: camera.ExposureTiming
    before: int = 0
    encoding: Encoding = "linear"

    def frames(
        self,
        method: str,
        weights: Mapping[str, Any],
        times: Sequence[int],
        *,
        blind: bool = False,
        dtype: Any,
    ) -> Iterator[tuple[int, np.ndarray]]:
        """Deblurs, as `deblur.frames`: pairs of a time in `spikes` and a linear image."""
        return deblur.frames(
            self.photograph,
            self.spikes,
            method=method,
            times=times,
            weights=weights,
            exposure=self.exposure,
            blind=blind,
            dtype=dtype,
        )

    def stored(self, image: Any) -> np.ndarray:
        """Encodes a linear image as the photograph's file is."""
        return np.asarray(from_linear(image, self.encoding))


def exposure_in(recording: Recording, settings: PairSettings) -> tuple[camera.ExposureTiming, int]:
    """Says which part of a recording belongs to a photograph.

    Args:
        recording: of any length.
        settings: what is known about the exposure.

    Returns:
        The exposure in that part, and the readouts of the recording before that part.

    Raises:
        ValueError: if the exposure does not fit into the recording, which it names.
    """
    try:
        first, lasts = settings.place(len(recording))
        short = min(_SHORT, lasts - 1 + lasts % 2) if settings.short is None else settings.short
        needed = max(WINDOW, short) // 2
        margin = min(first, len(recording) - first - lasts, needed)
        return camera.ExposureTiming(lasts, margin, short), first - margin
    except ValueError as error:
        raise ValueError(f"{recording.path}: {error}") from None


def open_pair(path: str | Path, recording: Recording, settings: PairSettings) -> Pair:
    """Reads a photograph and as much of a recording as belongs to it.

    Args:
        path: the photograph; a grey one is taken as a colour one without colour.
        recording: the spikes, any length: only the exposure and what is next to it is read.
        settings: what is known about the two.

    Returns:
        The pair; the photograph is linear, and registered if there is a homography.

    Raises:
        OSError: if the photograph cannot be read.
        ValueError: if it is no image, or the two do not fit one another.
    """
    exposure, start = exposure_in(recording, settings)
    image = read_image(path)
    if image.ndim == 2:
        image = np.stack([image] * 3, -1)
    height, width = recording.height, recording.width
    if settings.homography is None:
        expected = jax.ShapeDtypeStruct((exposure.length, height, width), np.uint8)
        try:
            deblur.check_pair(image, expected, exposure)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None
    image = np.asarray(to_linear(image, settings.encoding))
    if settings.homography is not None:
        size = (SCALE * height, SCALE * width)
        image = np.asarray(deblur.register(image, settings.homography, size))
    spikes = recording[start : start + exposure.length]
    return Pair(image, spikes, exposure, start, settings.encoding)
