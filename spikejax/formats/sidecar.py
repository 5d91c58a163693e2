"""The sidecar `NAME.json`: what a recording's own file cannot say about its sensor."""

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

_MAX_BYTES = 1 << 20  # a sidecar is a few lines; anything longer is some other file
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
    """Facts about a recording and its sensor; None is "not said".

    Attributes:
        height: rows of a readout.
        width: columns of a readout that hold pixels.
        stored_width: columns of a row as stored in a .dat, padding included.
        rate_hz: readouts a second.
        gain: spikes a readout at intensity 1.
        flip: whether the rows of a .dat are stored bottom-up.
        bit_order: 'little' or 'big': which bit of a .dat's byte comes first.
        readouts: how many there should be; a file with another number is refused as truncated.
        sensor: the camera's name.
        extra: everything else that the file says, kept as it is.
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
        """Takes the known names as fields and keeps the unknown ones in `extra`."""
        known = {name: value for name, value in facts.items() if name in _CHECKS}
        return cls(**known, extra={k: v for k, v in facts.items() if k not in _CHECKS})

    def to_dict(self) -> dict[str, Any]:
        """Gives what is said, known names first, as one flat dictionary."""
        known = {name: getattr(self, name) for name in _CHECKS}
        return {k: v for k, v in known.items() if v is not None} | dict(self.extra)

    def over(self, other: "Sidecar") -> "Sidecar":
        """Merges two: what `self` says wins, what it leaves unsaid comes from `other`."""
        return Sidecar.from_dict(other.to_dict() | self.to_dict())


def sidecar_path(path: str | Path) -> Path:
    """Gives the sidecar's path: `NAME.json` beside `NAME.dat`."""
    return Path(path).with_suffix(".json")


def read_sidecar(path: str | Path) -> Sidecar:
    """Reads a sidecar.

    Args:
        path: the JSON file, or the recording that it lies beside.

    Returns:
        What it says; unknown names are in `extra`.

    Raises:
        FileNotFoundError: if there is none.
        FormatError: if it is no JSON object, or a field has the wrong type.
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
    """Writes a sidecar, whole or not at all.

    Args:
        path: the JSON file, or the recording that it is to lie beside.
        sidecar: what it should say; a dictionary may hold any further names.

    Raises:
        FormatError: if a field has the wrong type or cannot stand in JSON.
    """
    path = sidecar_path(path)
    text = encode_sidecar(sidecar)
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def encode_sidecar(sidecar: Sidecar | Mapping[str, Any]) -> str:
    """Gives the JSON text of a sidecar, checked."""
    facts = sidecar if isinstance(sidecar, Sidecar) else Sidecar.from_dict(sidecar)
    try:
        return json.dumps(facts.to_dict(), indent=2, allow_nan=False) + "\n"
    except (TypeError, ValueError, RecursionError) as error:
        raise FormatError(f"sidecar: a value cannot be written as JSON ({error})") from None


def read_spikecv_config(path: str | Path) -> Sidecar:
    """Reads the sensor's size from a SpikeCV `config.yaml`, by its two lines alone.

    Args:
        path: the file, with lines `spike_h: 250` and `spike_w: 400`.

    Returns:
        Height and width, as far as the file gives them.

    Raises:
        FormatError: if one of them is no positive whole number.
    """
    found: dict[str, int] = {}
    for name, text in _SPIKECV_LINE.findall(_read_text(Path(path))):
        if not re.fullmatch(r"[1-9][0-9]{0,8}", text, re.ASCII):
            raise FormatError(
                f"{path}: {name}: expected a positive whole number, got {short(text)}"
            )
        found[name] = int(text)
    return Sidecar(height=found.get("spike_h"), width=found.get("spike_w"))


def _read_text(path: Path) -> str:
    with path.open("rb") as file:
        data = file.read(_MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        raise FormatError(f"{path}: larger than {_MAX_BYTES} bytes; is it this recording's?")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FormatError(f"{path}: not a text file ({error})") from None
