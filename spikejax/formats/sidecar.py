"""The sidecar `NAME.json` of a recording: facts about the sensor and the layout of the file."""

import dataclasses
import json
import math
import numbers
import operator
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from reprlib import repr as short
from typing import Any

import numpy as np

from spikejax.formats.atomic import replacing
from spikejax.formats.errors import FormatError

_MAX_BYTES = 1 << 20  # a sidecar has a few lines; a longer file is something else
_SPIKECV_LINE = re.compile(r"^\s*(spike_h|spike_w)\s*:\s*(.*?)\s*(?:#.*)?$", re.MULTILINE)


def _count(name: str, value: Any) -> int:
    try:
        count = operator.index(value)
    except TypeError:
        count = 0
    if isinstance(value, bool) or count < 1:
        raise FormatError(f"{name}: expected a whole number of at least 1, got {short(value)}")
    return count


def _positive(name: str, value: Any) -> float:
    try:
        number = float(value) if isinstance(value, numbers.Real) else math.nan
    except OverflowError:
        number = math.inf
    if isinstance(value, bool) or not math.isfinite(number) or number <= 0:
        raise FormatError(f"{name}: expected a positive number, got {short(value)}")
    return number


def _switch(name: str, value: Any) -> bool:
    if not isinstance(value, bool | np.bool_):
        raise FormatError(f"{name}: expected true or false, got {short(value)}")
    return bool(value)


def _bit_order(name: str, value: Any) -> str:
    if value not in ("little", "big"):
        raise FormatError(
            f"{name}: expected 'little' (least significant bit first) or 'big', got {short(value)}"
        )
    return str(value)


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise FormatError(f"{name}: expected a string, got {short(value)}")
    return value


_CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "height": _count,
    "width": _count,
    "stored_width": _count,
    "rate_hz": _positive,
    "gain": _positive,
    "flip": _switch,
    "bit_order": _bit_order,
    "readouts": _count,
    "sensor": _text,
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Sidecar:
    """Facts about a recording and its sensor; None means unknown.

    Attributes:
        height: rows of a readout.
        width: columns of pixels in a readout.
        stored_width: columns of a row in a .dat, including padding.
        rate_hz: readouts per second.
        gain: spikes per readout at intensity 1.
        flip: whether the rows of a .dat are stored bottom-up.
        bit_order: 'little' or 'big': which bit of a .dat's byte comes first.
        readouts: expected number of readouts; a file with another number counts as truncated.
        sensor: name of the camera.
        extra: all other entries of the file, unchanged.
    """

    height: int | None = None
    width: int | None = None
    stored_width: int | None = None
    rate_hz: float | None = None
    gain: float | None = None
    flip: bool | None = None
    bit_order: str | None = None
    readouts: int | None = None
    sensor: str | None = None
    extra: Mapping[str, Any] = dataclasses.field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        for name, check in _CHECKS.items():
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, check(name, value))
        object.__setattr__(self, "extra", dict(self.extra))

    @classmethod
    def from_dict(cls, facts: Mapping[str, Any]) -> "Sidecar":
        """Creates a sidecar from a dictionary; unknown names go to `extra`."""
        known = {name: value for name, value in facts.items() if name in _CHECKS}
        return cls(**known, extra={k: v for k, v in facts.items() if k not in _CHECKS})

    def to_dict(self) -> dict[str, Any]:
        """Returns all facts that are not None as a flat dictionary, known names first."""
        known = {name: getattr(self, name) for name in _CHECKS}
        return {k: v for k, v in known.items() if v is not None} | dict(self.extra)

    def over(self, other: "Sidecar") -> "Sidecar":
        """Returns the facts of `self`, completed by those of `other` where `self` has None."""
        return Sidecar.from_dict(other.to_dict() | self.to_dict())


def sidecar_path(path: str | Path) -> Path:
    """Returns the path of the sidecar: `NAME.json` beside `NAME.dat`."""
    return Path(path).with_suffix(".json")


def read_sidecar(path: str | Path) -> Sidecar:
    """Reads a sidecar.

    Args:
        path: the JSON file, or the recording beside it.

    Returns:
        The sidecar; unknown names are in `extra`.

    Raises:
        FileNotFoundError: if the sidecar does not exist.
        FormatError: if it is not a JSON object, or a field has the wrong type.
    """
    path = sidecar_path(path)
    text = _read_text(path)
    try:
        facts = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{path}: not valid JSON ({error})") from None
    if not isinstance(facts, dict):
        raise FormatError(f"{path}: expected a JSON object, got {type(facts).__name__}")
    try:
        return Sidecar.from_dict(facts)
    except FormatError as error:
        raise FormatError(f"{path}: {error}") from None


def write_sidecar(path: str | Path, sidecar: Sidecar | Mapping[str, Any]) -> None:
    """Writes a sidecar atomically.

    Args:
        path: the JSON file, or the recording beside it.
        sidecar: the facts; a dictionary may contain any other names.

    Raises:
        FormatError: if a field has the wrong type or cannot be written as JSON.
    """
    path = sidecar_path(path)
    text = encode_sidecar(sidecar)
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def encode_sidecar(sidecar: Sidecar | Mapping[str, Any]) -> str:
    """Checks a sidecar and returns it as JSON text.

    Raises:
        FormatError: if a field has the wrong type or cannot be written as JSON.
    """
    facts = sidecar if isinstance(sidecar, Sidecar) else Sidecar.from_dict(sidecar)
    try:
        return json.dumps(facts.to_dict(), indent=2, allow_nan=False) + "\n"
    except (TypeError, ValueError, RecursionError) as error:
        raise FormatError(f"sidecar: a value cannot be written as JSON ({error})") from None


def read_spikecv_config(path: str | Path) -> Sidecar:
    """Reads the sensor's size from a SpikeCV `config.yaml`; other lines are ignored.

    Args:
        path: the file, with lines `spike_h: 250` and `spike_w: 400`.

    Returns:
        A sidecar with the height and the width, None where the file has no such line.

    Raises:
        FormatError: if one of them is not a positive whole number.
    """
    sizes: dict[str, int] = {}
    for name, text in _SPIKECV_LINE.findall(_read_text(Path(path))):
        if not re.fullmatch(r"[1-9][0-9]{0,8}", text, re.ASCII):
            raise FormatError(
                f"{path}: {name}: expected a positive whole number, got {short(text)}"
            )
        sizes[name] = int(text)
    return Sidecar(height=sizes.get("spike_h"), width=sizes.get("spike_w"))


def _read_text(path: Path) -> str:
    with path.open("rb") as file:
        data = file.read(_MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        raise FormatError(f"{path}: expected at most {_MAX_BYTES} bytes, got more")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FormatError(f"{path}: not a text file ({error})") from None
