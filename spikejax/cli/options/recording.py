"""Options of a recording and of the device; dataclasses whose fields become options."""

import dataclasses
import enum
import functools
import inspect
import typing
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from spikejax.formats import Recording

RECORDING = "Recording (default: the values of the sidecar NAME.json)"


class BitOrder(enum.StrEnum):
    """The bit of a byte that holds the first of its eight pixels."""

    little = "little"
    big = "big"


class TimeAxis(enum.StrEnum):
    """The axis of time in an array."""

    first = "first"
    last = "last"


class Device(enum.StrEnum):
    """The kind of device to compute on."""

    cpu = "cpu"
    gpu = "gpu"
    tpu = "tpu"


DeviceOption = Annotated[
    Device | None,
    typer.Option(help="Device to compute on; default: the fastest available.", show_default=False),
]


def _recording(*names: str, help: str, **more: Any) -> Any:
    return typer.Option(*names, help=help, rich_help_panel=RECORDING, show_default=False, **more)


@dataclasses.dataclass(frozen=True)
class RecordingOptions:
    """The facts about a recording that the command line states.

    Attributes:
        height: rows.
        width: columns.
        rate: readouts per second.
        gain: spikes per readout at intensity 1.
        no_flip: whether the top row is stored first.
        bit_order: the bit of a byte that holds its first pixel.
        stored_width: columns in the file, with padding.
        time_axis: the axis of time in an array.
        key: the array's name in a .npz.
    """

    height: Annotated[int | None, _recording(help="Rows of a readout.")] = None
    width: Annotated[int | None, _recording(help="Columns of a readout.")] = None
    rate: Annotated[float | None, _recording(help="Readouts per second; else 20000.")] = None
    gain: Annotated[float | None, _recording(help="Spikes per readout at intensity 1; else 1.")] = (
        None
    )
    no_flip: Annotated[
        bool, _recording("--no-flip", help="The top row of a .dat is stored first.")
    ] = False
    bit_order: Annotated[
        BitOrder | None,
        _recording(help="Bit of a byte of a .dat that holds its first pixel; else little."),
    ] = None
    stored_width: Annotated[
        int | None, _recording(help="Columns in the file, with padding beyond the width.")
    ] = None
    time_axis: Annotated[
        TimeAxis | None, _recording(help="Axis of time in an array; else first.")
    ] = None
    key: Annotated[str | None, _recording(help="Name of the array in a .npz.")] = None

    def open_at(self, path: Path) -> "Recording":
        """Opens the recording of a file."""
        from spikejax.formats import open_recording

        return open_recording(path, **self.keywords())

    def keywords(self) -> dict[str, Any]:
        """Returns the given facts as keyword arguments of `open_recording`."""
        given = {
            "height": self.height,
            "width": self.width,
            "rate_hz": self.rate,
            "gain": self.gain,
            "flip": False if self.no_flip else None,
            "bit_order": self.bit_order and self.bit_order.value,
            "stored_width": self.stored_width,
            "time_axis": self.time_axis and self.time_axis.value,
            "key": self.key,
        }
        return {name: value for name, value in given.items() if value is not None}


@dataclasses.dataclass(frozen=True, kw_only=True)
class RecordingFile(RecordingOptions):
    """The file of a recording, and the facts about it.

    Attributes:
        path: the file.
    """

    path: Annotated[Path, typer.Argument(metavar="FILE", help="A .dat, .npy or .npz recording.")]

    def open(self) -> "Recording":
        """Opens the file."""
        return self.open_at(self.path)


def flattened(command: Callable[..., None]) -> Callable[..., None]:
    """Replaces the dataclass parameters of a command with one option per field.

    Args:
        command: a function whose annotations are types that Typer supports, or dataclasses of them.

    Returns:
        A function for Typer without dataclasses, with the same defaults and help.
    """
    groups: dict[str, Any] = {}
    flat: list[inspect.Parameter] = []
    hints = typing.get_type_hints(command, include_extras=True)
    for name, parameter in inspect.signature(command).parameters.items():
        if dataclasses.is_dataclass(hints[name]):
            groups[name] = hints[name]
            flat += _parameters(hints[name])
        else:
            flat.append(_parameter(name, hints[name], parameter.default))

    @functools.wraps(command)
    def run(**values: Any) -> None:
        options = {
            name: group(**{f.name: values.pop(f.name) for f in dataclasses.fields(group)})
            for name, group in groups.items()
        }
        command(**options, **values)

    run.__signature__ = inspect.Signature(flat)  # type: ignore[attr-defined]
    run.__annotations__ = {p.name: p.annotation for p in flat}
    return run


def _parameters(group: Any) -> list[inspect.Parameter]:
    hints = typing.get_type_hints(group, include_extras=True)
    return [
        _parameter(
            field.name,
            hints[field.name],
            inspect.Parameter.empty if field.default is dataclasses.MISSING else field.default,
        )
        for field in dataclasses.fields(group)
    ]


def _parameter(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    kind = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(name, kind, default=default, annotation=annotation)
