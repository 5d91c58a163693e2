"""When the photograph was exposed, in readouts of the recording that goes with it."""

import dataclasses
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

WINDOW = 21
"""Readouts that the student sees around a moment."""


@dataclasses.dataclass(frozen=True)
class ExposureTiming:
    """The exposure of a photograph and the recording around it.

    Attributes:
        readouts: how many the exposure lasts.
        margin: readouts before it, and as many after it.
        short: readouts of the short average that says how bright it was at one moment; odd.
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
        """T, the readouts of the recording."""
        return self.readouts + 2 * self.margin

    @property
    def stop(self) -> int:
        """The first readout after the exposure."""
        return self.margin + self.readouts

    @property
    def centre(self) -> int:
        """The readout in its middle."""
        return self.margin + self.readouts // 2

    def times(self, count: int) -> tuple[int, ...]:
        """Gives moments that divide the exposure evenly, its first and last readout included.

        Args:
            count: how many, 1 to `readouts`; 1 gives the middle one.

        Returns:
            Readouts, ascending.

        Raises:
            ValueError: if the count is out of range.
        """
        if not 1 <= count <= self.readouts:
            raise ValueError(f"times: expected 1 to {self.readouts} moments, got {count}")
        if count == 1:
            return (self.centre,)
        return tuple(np.rint(np.linspace(self.margin, self.stop - 1, count)).astype(int).tolist())

    def check_times(self, times: Sequence[int]) -> tuple[int, ...]:
        """Makes sure that moments lie in the exposure.

        Args:
            times: readouts.

        Returns:
            The same, as plain numbers.

        Raises:
            ValueError: if there is none, or one lies outside.
            TypeError: if one is no whole number.
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
        """Gives the readouts around moments, (N, length): beyond the recording, time runs back."""
        offsets = np.arange(length) - length // 2
        index = np.asarray(times)[:, None] + offsets
        period = max(2 * (self.length - 1), 1)
        index = np.abs(index) % period
        return np.minimum(index, period - index)
