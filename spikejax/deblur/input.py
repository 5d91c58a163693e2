"""The input of deblurring: a photograph's file and a recording -> `DeblurInput`."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from spikejax.camera import ExposureTiming
from spikejax.camera.conventions import SCALE
from spikejax.camera.encoding import Encoding, checked_encoding, from_linear, to_linear
from spikejax.deblur.registration import register
from spikejax.deblur.sequence import check_pair, frames
from spikejax.formats import Recording, read_image
from spikejax.models.stir import WINDOW

READOUTS = 97
"""The default length of an exposure, that of the published data."""

_SHORT = 9  # the default length of the short average


@dataclasses.dataclass(frozen=True, kw_only=True)
class DeblurSettings:
    """The facts about a photograph that its file and its recording do not state.

    Attributes:
        exposure: readouts that the exposure lasts; None for 97, or all of a shorter recording.
        margin: readouts of the recording before the exposure; None for as many as after it, or one
            fewer if their number is odd.
        short: readouts of the short average, odd; None for 9, or fewer in a shorter exposure.
        homography: (3, 3) from pixels of the photograph to pixels of the result, as for
            `deblur.register`; None if the photograph shows the view of the spike camera.
        encoding: the encoding of the photograph's stored values; see `camera.encoding`.
    """

    exposure: int | None = None
    margin: int | None = None
    short: int | None = None
    homography: np.ndarray | None = None
    encoding: Encoding = "linear"

    def __post_init__(self) -> None:
        checked_encoding(self.encoding)
        ExposureTiming(
            self.exposure or READOUTS, self.margin or 0, 1 if self.short is None else self.short
        )

    def place(self, readouts: int) -> tuple[int, int]:
        """Places the exposure in a recording.

        Args:
            readouts: the readouts of the recording.

        Returns:
            The first readout of the exposure, and its length.

        Raises:
            ValueError: if the recording is too short.
        """
        length = min(READOUTS, readouts) if self.exposure is None else self.exposure
        before = (readouts - length) // 2 if self.margin is None else self.margin
        if before < 0 or before + length > readouts:
            around = "" if self.margin is None else f" after a margin of {self.margin}"
            raise ValueError(
                f"an exposure of {length} readouts{around} does not fit into the recording's "
                f"{readouts}"
            )
        return before, length

    def remark(self, readouts: int) -> str | None:
        """Says where the exposure was placed if it cannot be in the middle of a recording.

        Args:
            readouts: the readouts of the recording.

        Returns:
            The text; None if the exposure is in the middle or `margin` is given.
        """
        before, length = self.place(readouts)
        after = readouts - before - length
        if self.margin is not None or before == after:
            return None
        return (
            f"the nearest to the middle of {readouts} readouts: {before} before it, {after} after"
        )


_SETTINGS = DeblurSettings()


@dataclasses.dataclass(frozen=True, eq=False)
class DeblurInput:
    """A photograph and the spikes of its exposure.

    Attributes:
        photograph: (4h, 4w, 3) float32, linear RGB in [0, 1].
        spikes: (T, h, w) uint8: the exposure, and the readouts around it that networks read.
        exposure: the position of the exposure in `spikes`.
        before: readouts of the recording before the first one in `spikes`.
        encoding: the encoding of the photograph's file.
        remark: where the exposure was placed, if it could not be in the middle.
    """

    photograph: np.ndarray
    spikes: np.ndarray
    exposure: ExposureTiming
    before: int = 0
    encoding: Encoding = "linear"
    remark: str | None = None

    def frames(
        self,
        method: str = "student",
        times: Sequence[int] | None = None,
        *,
        weights: Mapping[str, Any] | None = None,
        blind: bool = False,
        dtype: Any = jnp.float32,
    ) -> Iterator[tuple[int, np.ndarray]]:
        """Deblurs, as `deblur.frames`: pairs of a time in `spikes` and a linear image."""
        return frames(
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
        """Returns a linear image in the encoding of the photograph's file."""
        return np.asarray(from_linear(image, self.encoding))


def locate_exposure(
    recording: Recording, settings: DeblurSettings = _SETTINGS
) -> tuple[ExposureTiming, int]:
    """Returns the part of a recording that belongs to a photograph.

    Args:
        recording: the recording, of any length.
        settings: the facts about the exposure.

    Returns:
        The exposure in that part, and the readouts of the recording before that part.

    Raises:
        ValueError: if the exposure does not fit into the recording; the message names its file.
    """
    try:
        first, length = settings.place(len(recording))
        short = min(_SHORT, length - 1 + length % 2) if settings.short is None else settings.short
        needed = max(WINDOW, short) // 2
        margin = min(first, len(recording) - first - length, needed)
        return ExposureTiming(length, margin, short), first - margin
    except ValueError as error:
        raise ValueError(f"{recording.path}: {error}") from None


def open_input(
    path: str | Path, recording: Recording, settings: DeblurSettings = _SETTINGS
) -> DeblurInput:
    """Reads a photograph and the part of a recording that belongs to it.

    Args:
        path: the photograph; a grey one becomes RGB with three equal channels.
        recording: the spikes, of any length; only the exposure and the readouts around it are read.
        settings: the facts about the two.

    Returns:
        The input; its photograph is linear, and registered if there is a homography.

    Raises:
        OSError: if the photograph cannot be read.
        ValueError: if it is no image, or does not fit the recording.
    """
    exposure, start = locate_exposure(recording, settings)
    image = read_image(path)
    if image.ndim == 2:
        image = np.stack([image] * 3, -1)
    height, width = recording.height, recording.width
    if settings.homography is None:
        expected = jax.ShapeDtypeStruct((exposure.length, height, width), np.uint8)
        try:
            check_pair(image, expected, exposure)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None
    image = np.asarray(to_linear(image, settings.encoding))
    if settings.homography is not None:
        size = (SCALE * height, SCALE * width)
        image = np.asarray(register(image, settings.homography, size))
    spikes = recording[start : start + exposure.length]
    remark = settings.remark(len(recording))
    return DeblurInput(image, spikes, exposure, start, settings.encoding, remark)
