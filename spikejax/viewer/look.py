"""What the page asks for: `Look`, how an image is made, and `Tone`, how it is shown."""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

from spikejax.pictures import COLOUR_MAPS, SCREEN, Display

MAX_WINDOW = 2001


@dataclasses.dataclass(frozen=True)
class Look:
    """How an image is made.

    Attributes:
        method: the id of a `Choice`.
        centre: a readout.
        window: readouts of 'tfp' and 'tfi'; None for the default.
        gain: spikes per readout at intensity 1; None for the recording's own.
    """

    method: str
    centre: int
    window: int | None = None
    gain: float | None = None

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> "Look":
        """Reads the words of a query or the fields of a JSON object.

        Raises:
            ValueError: if one is missing or out of range.
        """
        window = values.get("window")
        gain = values.get("gain")
        return cls(
            method=str(values.get("method", "tfp")),
            centre=whole(values, "centre", 0, 1 << 50),
            window=None if window in (None, "") else whole(values, "window", 1, MAX_WINDOW),
            gain=None if gain in (None, "") else number(values, "gain", 1e-6, 1e6),
        )


@dataclasses.dataclass(frozen=True)
class Tone:
    """How intensity is shown.

    Attributes:
        levels: intensities that become black and white; None stretches percentiles.
        gamma: of the screen.
        colours: a colour map.
    """

    levels: tuple[float, float] | None = None
    gamma: float = 2.2
    colours: str = "gray"

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> "Tone":
        """Reads the fields of a JSON object.

        Raises:
            ValueError: if one is out of range.
        """
        levels = None
        if values.get("low") is not None:
            low, high = number(values, "low", -1e6, 1e6), number(values, "high", -1e6, 1e6)
            if not low < high:
                raise ValueError(f"expected a black point below the white point, got {low}, {high}")
            levels = low, high
        colours = str(values.get("colours", "gray"))
        if colours not in COLOUR_MAPS:
            raise ValueError(f"colours: expected {', '.join(COLOUR_MAPS)}, got {colours!r}")
        return cls(levels, number({"gamma": 2.2, **values}, "gamma", 0.05, 20), colours)

    @property
    def display(self) -> Display:
        """The mapping of intensity to display values."""
        if self.levels is None:
            return dataclasses.replace(SCREEN, gamma=self.gamma)
        return Display(levels=self.levels, gamma=self.gamma)


def whole(values: Mapping[str, Any], name: str, least: int, most: int) -> int:
    """Returns a whole number of a request.

    Raises:
        ValueError: if it is missing, no whole number or out of range.
    """
    value = values.get(name)
    try:
        result = int(str(value)[:32])
    except ValueError:
        raise ValueError(f"{name}: expected a whole number, got {str(value)[:40]!r}") from None
    if not least <= result <= most:
        raise ValueError(f"{name}: expected {least} to {most}, got {result}")
    return result


def number(values: Mapping[str, Any], name: str, least: float, most: float) -> float:
    """Returns a number of a request.

    Raises:
        ValueError: if it is missing, no number or out of range.
    """
    value = values.get(name)
    try:
        result = float(str(value)[:40])
    except ValueError:
        result = math.nan
    if not least <= result <= most:
        raise ValueError(f"{name}: expected {least:g} to {most:g}, got {str(value)[:40]!r}")
    return result
