"""`spikejax convert`: weights and recordings from one format to another."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from spikejax.cli.console.output import folder_for_results
from spikejax.cli.console.progress import Advance, progress
from spikejax.cli.options.device import computing_on
from spikejax.cli.options.recording import BitOrder, Device, RecordingFile, flattened
from spikejax.cli.options.values import parse_range

if TYPE_CHECKING:
    import numpy as np

    from spikejax.formats import Recording, Sidecar

_WEIGHTS = (".pth", ".pt", ".ckpt", ".bin", ".tar")
_OURS = ".safetensors"
_RECORDINGS = (".dat", ".npy", ".npz")
_LAYOUT = {"flip": True, "bit_order": "little", "stored_width": None}  # what a .dat has by itself
_OUTPUT = "Recording that is written"


@flattened
def convert(
    source: RecordingFile,
    output: Annotated[
        Path, typer.Argument(metavar="OUT", help="File to write; its suffix decides the format.")
    ],
    model: Annotated[
        str | None,
        typer.Option(
            help="Weights: the network that they are for, {convertible}.", show_default=False
        ),
    ] = None,
    readouts: Annotated[
        str | None,
        typer.Option(
            metavar="START:STOP",
            help="Only these readouts, STOP excluded.",
            rich_help_panel=_OUTPUT,
            show_default=False,
        ),
    ] = None,
    rows: Annotated[
        str | None,
        typer.Option(
            metavar="START:STOP",
            help="Only these rows, STOP excluded.",
            rich_help_panel=_OUTPUT,
            show_default=False,
        ),
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option(
            metavar="START:STOP",
            help="Only these columns, STOP excluded.",
            rich_help_panel=_OUTPUT,
            show_default=False,
        ),
    ] = None,
    out_no_flip: Annotated[
        bool,
        typer.Option(
            "--out-no-flip", help="Store the top row of a .dat first.", rich_help_panel=_OUTPUT
        ),
    ] = False,
    out_bit_order: Annotated[
        BitOrder,
        typer.Option(
            help="Which bit of a .dat's byte is its first pixel.", rich_help_panel=_OUTPUT
        ),
    ] = BitOrder.little,
    out_stored_width: Annotated[
        int | None,
        typer.Option(
            help="Columns of a .dat's row, padding included; default: the width.",
            rich_help_panel=_OUTPUT,
            show_default=False,
        ),
    ] = None,
) -> None:
    """Convert weights (.pth to .safetensors) or recordings (.dat, .npy, .npz to one another).

    Weights: PyTorch is not needed, and nothing in the file is run. --gain is the gain of their
    training (default: that of the published weights).

    Recordings: arrays are upright; OUT.json gets the facts of the sensor.

    \b
    [dim]Examples:[/]
      spikejax convert stir.pth stir.safetensors --model stir
      spikejax convert car.dat car.npz --height 250 --width 400 --gain 0.6
      spikejax convert raw.dat car.dat --height 250 --width 400 --stored-width 416
      spikejax convert car.npy car.dat --readouts 1000:2000 --rows 50:150
    """
    kinds = source.path.suffix.lower(), output.suffix.lower()
    if kinds[0] in (*_WEIGHTS, _OURS) and kinds[1] == _OURS:
        _convert_weights(source, output, model)
    elif kinds[0] in _RECORDINGS and kinds[1] in _RECORDINGS:
        if model is not None:
            raise ValueError("--model: is for weights, not for recordings")
        layout = {
            "flip": not out_no_flip,
            "bit_order": out_bit_order.value,
            "stored_width": out_stored_width,
        }
        _convert_recording(source, output, (readouts, rows, columns), layout)
    else:
        raise ValueError(
            f"cannot convert {source.path.name} to {output.name}: "
            f"weights go from {', '.join(_WEIGHTS)} to {_OURS}, "
            f"recordings between {', '.join(_RECORDINGS)}"
        )


def _convert_weights(source: RecordingFile, output: Path, model: str | None) -> None:
    given = [
        f"--{field.name.replace('_', '-')}"
        for field in dataclasses.fields(source)
        if field.name not in ("path", "gain") and getattr(source, field.name) != field.default
    ]
    if given:
        raise ValueError(f"{given[0]}: is for recordings, not for weights")
    with computing_on(Device.cpu):
        import numpy as np

        from spikejax import models, weights

        if model is None:
            known = ", ".join(models.names())
            raise ValueError(f"--model: say which network, one of {known}")
        if source.path.suffix.lower() == _OURS:
            variables = weights.load(source.path, model=model)
            if source.gain is not None:
                constants = {"trained_gain": np.float32(source.gain)}
                variables = {**variables, "constants": constants}
        else:
            variables = weights.from_torch(model, source.path, trained_gain=source.gain)
        with folder_for_results(output.parent):
            weights.save(output, variables, model=model)
        print(output)
        print(f"  weights of {model}, trained at gain {weights.trained_gain(variables):g}")


def _convert_recording(
    source: RecordingFile,
    output: Path,
    ranges: tuple[str | None, str | None, str | None],
    layout: dict[str, Any],
) -> None:
    from spikejax.formats import excerpt, write_array, write_dat

    to_dat = output.suffix.lower() == ".dat"
    changed = [name for name, value in layout.items() if value != _LAYOUT[name]]
    if changed and not to_dat:
        option = {"flip": "no-flip"}.get(changed[0], changed[0].replace("_", "-"))
        raise ValueError(f"--out-{option}: is for a .dat, {output.name} holds a plain array")
    if output.exists() and output.samefile(source.path):
        raise ValueError(f"{output}: is the file that is read; expected another name")
    with source.open() as opened, folder_for_results(output.parent):
        names = ("readouts", "rows", "columns")
        readouts, rows, columns = (
            parse_range(text, length, f"--{name}", of=name)
            for text, length, name in zip(ranges, opened.shape, names, strict=True)
        )
        part = excerpt(opened, readouts=readouts, rows=rows, columns=columns)
        facts = _facts_beside(output, opened, part)
        with progress("converting readouts", len(part)) as advance:
            counted = _Counted(part, advance)
            if to_dat:
                write_dat(output, counted, sidecar=facts, **layout)
            else:
                write_array(output, counted, sidecar=facts)
    count, height, width = part.shape
    print(output)
    print(f"  {count} readouts of {height}x{width}, {output.stat().st_size / 1e6:,.1f} MB")


@dataclasses.dataclass(frozen=True)
class _Counted:
    """A recording that the writers read slice by slice; it reports the progress."""

    recording: "Recording"
    advance: Advance

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.recording.shape

    def __getitem__(self, index: slice) -> "np.ndarray":
        spikes = self.recording[index]
        self.advance(len(spikes))
        return spikes


def _facts_beside(output: Path, recording: "Recording", part: "Recording") -> "Sidecar":
    """Returns the content of NAME.json, which OUT may share with other recordings called NAME.

    Raises:
        ValueError: if the new file is not the same recording as those.
    """
    from spikejax.formats import Sidecar, read_sidecar, sidecar_path

    others = [output.with_suffix(suffix) for suffix in _RECORDINGS if suffix != output.suffix]
    others = [other for other in others if other.exists()]
    beside = sidecar_path(output)
    said = read_sidecar(beside) if others and beside.exists() else Sidecar()
    shape = part.shape
    known = [recording.shape] if recording.path in others else []
    known.append((said.readouts or shape[0], said.height or shape[1], said.width or shape[2]))
    if any(other != shape for other in known):
        raise ValueError(
            f"{output}: would share {beside.name} with {others[0].name}, which is another "
            "recording; give it another name"
        )
    # What it says of a .dat's layout stays, for arrays have none.
    return part.sidecar.over(said if output.suffix.lower() != ".dat" else Sidecar())
