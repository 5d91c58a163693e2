"""Timing of a photograph's exposure, in readouts of its spike recording."""

import dataclasses
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from spikejax.camera.conventions import reflect_time

WINDOW = 21
"""Readouts in the input window of the student network."""


@dataclasses.dataclass(frozen=True)
class ExposureTiming:
    """The exposure of a photograph within its recording.

    Attributes:
        readouts: length of the exposure in readouts.
        margin: readouts before the exposure, and the same number after it.
        short: length in readouts of the short average, which estimates the light at one moment;
            odd.
    """

    readouts: int = 97
    margin: int = 20
    short: int = 9

    def __post_init__(self) -> None:
        if self.readouts < 1 or self.margin < 0:
            raise ValueError(
                "ExposureTiming: expected at least 1 readout and a margin of at least 0, got "
                f"{self.readouts} and {self.margin}"
            )
        if self.short < 1 or self.short % 2 == 0 or self.short > self.readouts:
            raise ValueError(
                "ExposureTiming: expected a short average of an odd number of readouts, at most "
                f"the {self.readouts} of the exposure, got {self.short}"
            )

    @property
    def length(self) -> int:
        """T, the number of readouts in the recording."""
        return self.readouts + 2 * self.margin

    @property
    def stop(self) -> int:
        """The first readout after the exposure."""
        return self.margin + self.readouts

    @property
    def centre(self) -> int:
        """The readout in the middle of the exposure."""
        return self.margin + self.readouts // 2

    def times(self, count: int) -> tuple[int, ...]:
        """Returns moments that divide the exposure evenly, including its first and last readout.

        Args:
            count: number of moments, 1 to `readouts`; 1 gives the middle one.

        Returns:
            Readout indices, ascending.

        Raises:
            ValueError: if the count is out of range.
        """
        if not 1 <= count <= self.readouts:
            raise ValueError(f"times: expected 1 to {self.readouts} moments, got {count}")
        if count == 1:
            return (self.centre,)
        return tuple(np.rint(np.linspace(self.margin, self.stop - 1, count)).astype(int).tolist())

    def check_times(self, times: Sequence[int]) -> tuple[int, ...]:
        """Checks that moments lie in the exposure.

        Args:
            times: readout indices.

        Returns:
            The same moments as Python integers.

        Raises:
            ValueError: if there are no moments, or one lies outside the exposure.
            TypeError: if one is not an integer.
        """
        numbers = tuple(operator.index(time) for time in times)
        outside = [time for time in numbers if not self.margin <= time < self.stop]
        if not numbers or outside:
            raise ValueError(
                f"times: expected readouts of the exposure, {self.margin} to {self.stop - 1}, got "
                f"{outside[0] if outside else 'none'}"
            )
        return numbers

    def check_spikes(self, spikes: Any) -> None:
        """Raises ValueError unless `spikes` is (B, T, h, w) with the readouts of the recording."""
        shape = tuple(spikes.shape)
        if len(shape) != 4 or shape[1] != self.length or not all(shape):
            raise ValueError(
                f"spikes: expected (B, {self.length}, h, w), {self.readouts} readouts of the "
                f"exposure and {self.margin} before and after it, got shape {shape}"
            )

    def windows(self, times: Sequence[int], length: int = WINDOW) -> np.ndarray:
        """Returns the readouts around moments, (N, length), reflected at the recording's ends."""
        offsets = np.arange(length) - length // 2
        return reflect_time(np.asarray(times)[:, None] + offsets, self.length)
