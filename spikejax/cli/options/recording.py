"""Options that several commands share: dataclasses whose fields become options."""

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

RECORDING = "Recording (default: what the sidecar NAME.json says)"


class BitOrder(enum.StrEnum):
    """Which bit of a byte holds the first of its eight pixels."""

    little = "little"
    big = "big"


class TimeAxis(enum.StrEnum):
    """Where time stands in the shape of an array."""

    first = "first"
    last = "last"


class Device(enum.StrEnum):
    """Where the computing is done."""

    cpu = "cpu"
    gpu = "gpu"
    tpu = "tpu"


DeviceOption = Annotated[
    Device | None,
    typer.Option(help="Where to compute; default: the fastest there is.", show_default=False),
]


def _recording(*names: str, help: str, **more: Any) -> Any:
    return typer.Option(*names, help=help, rich_help_panel=RECORDING, show_default=False, **more)


@dataclasses.dataclass(frozen=True)
class RecordingOptions:
    """What a user says about a recording.

    Attributes:
        height: rows.
        width: columns.
        rate: readouts a second.
        gain: spikes a readout at intensity 1.
        no_flip: whether the top row is stored first.
        bit_order: which bit of a byte comes first.
        stored_width: columns in the file, padding included.
        time_axis: where time stands in the shape of an array.
        key: the array's name in a .npz.
    """

    height: Annotated[int | None, _recording(help="Rows of a readout.")] = None
    width: Annotated[int | None, _recording(help="Columns of a readout.")] = None
    rate: Annotated[float | None, _recording(help="Readouts a second; else 20000.")] = None
    gain: Annotated[float | None, _recording(help="Spikes a readout at intensity 1; else 1.")] = (
        None
    )
    no_flip: Annotated[
        bool, _recording("--no-flip", help="The top row of a .dat is stored first.")
    ] = False
    bit_order: Annotated[
        BitOrder | None,
        _recording(help="Which bit of a .dat's byte is its first pixel; else little."),
    ] = None
    stored_width: Annotated[
        int | None, _recording(help="Columns in the file, if those beyond the width are padding.")
    ] = None
    time_axis: Annotated[
        TimeAxis | None, _recording(help="Where time is in an array's shape; else first.")
    ] = None
    key: Annotated[str | None, _recording(help="The array's name in a .npz.")] = None

    def open_at(self, path: Path) -> "Recording":
        """Opens the recording of a file."""
        from spikejax.formats import open_recording

        return open_recording(
            path,
            self.height,
            self.width,
            rate_hz=self.rate,
            gain=self.gain,
            flip=False if self.no_flip else None,
            bit_order=self.bit_order and self.bit_order.value,
            stored_width=self.stored_width,
            time_axis="first" if self.time_axis is None else self.time_axis.value,
            key=self.key,
        )


@dataclasses.dataclass(frozen=True, kw_only=True)
class RecordingFile(RecordingOptions):
    """A recording's file, and what its user says about it.

    Attributes:
        path: the file.
    """

    path: Annotated[Path, typer.Argument(metavar="FILE", help="A .dat, .npy or .npz recording.")]

    def open(self) -> "Recording":
        """Opens it."""
        return self.open_at(self.path)


def flattened(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command the fields of its dataclass parameters as options of its own.

    Args:
        command: a function whose annotations are types that typer knows, or dataclasses of such.

    Returns:
        The function that typer is to see: no dataclasses, the same defaults and help.
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
        made = {
            name: group(**{f.name: values.pop(f.name) for f in dataclasses.fields(group)})
            for name, group in groups.items()
        }
        command(**made, **values)

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
