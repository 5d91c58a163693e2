"""`spikejax convert`: weights and recordings from one format to another."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from spikejax.cli.options import BitOrder, RecordingFile, flattened
from spikejax.cli.output import folder_for_results
from spikejax.cli.progress import track

if TYPE_CHECKING:
    import numpy as np

    from spikejax.formats import Recording

_WEIGHTS = (".pth", ".pt", ".ckpt", ".bin", ".tar")
_OURS = ".safetensors"
_RECORDINGS = (".dat", ".npy", ".npz")
_CHUNK = 64  # readouts at a time

_OUTPUT = "Recording that is written"


@flattened
def convert(
    source: RecordingFile,
    output: Annotated[Path, typer.Argument(metavar="OUT", help="What to write, by its suffix.")],
    model: Annotated[
        str | None,
        typer.Option(help="Weights: the network they are for, stir or lrn.", show_default=False),
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

    Weights: PyTorch is not needed, nothing in the file is run, and --gain is the gain that they
    were trained at (default: that of the published ones).

    Recordings: always upright in arrays; what is known of the sensor goes into OUT.json.

    \b
    [dim]Examples:[/]
      spikejax convert stir.pth stir.safetensors --model stir
      spikejax convert car.dat car.npz --height 250 --width 400 --gain 0.6
      spikejax convert raw.dat car.dat --height 250 --width 400 --stored-width 416
      spikejax convert car.npy car.dat --readouts 1000:2000
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
        _convert_recording(source, output, readouts, layout)
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
    from spikejax import weights
    from spikejax.weights.tables import TABLES

    if model is None:
        raise ValueError(f"--model: say which network, one of {', '.join(sorted(TABLES))}")
    if source.path.suffix.lower() == _OURS:
        variables = weights.load(source.path, model=model)
        if source.gain is not None:
            variables = {**variables, "constants": {"trained_gain": _gain(source.gain)}}
    else:
        variables = weights.from_torch(model, source.path, trained_gain=source.gain)
    with folder_for_results(output.parent):
        weights.save(output, variables, model=model)
    print(output)
    print(f"  {model}, trained at gain {weights.trained_gain(variables):g}")


def _gain(gain: float) -> "np.ndarray":
    import numpy as np

    return np.asarray(gain, np.float32)


def _convert_recording(
    source: RecordingFile, output: Path, readouts: str | None, layout: dict[str, Any]
) -> None:
    from spikejax.formats import write_array, write_dat

    if output.suffix.lower() != ".dat":
        defaults = {"flip": True, "bit_order": "little", "stored_width": None}
        changed = [name for name, value in layout.items() if value != defaults[name]]
        if changed:
            option = {"flip": "no-flip"}.get(changed[0], changed[0].replace("_", "-"))
            raise ValueError(f"--out-{option}: is for a .dat, {output.name} holds a plain array")
    with source.open() as recording:
        start, stop = _span(readouts, len(recording))
        facts = {
            **recording.extra,
            "rate_hz": recording.rate_hz,
            "gain": recording.gain,
            **({} if recording.sensor is None else {"sensor": recording.sensor}),
        }
        if output.exists() and output.resolve() == source.path.resolve():
            raise ValueError(f"{output}: is the file that is read; expected another name")
        with folder_for_results(output.parent):
            if output.suffix.lower() == ".dat":
                pieces = -(-(stop - start) // _CHUNK)
                chunks = track(_chunks(recording, start, stop), "converting", pieces)
                write_dat(output, chunks, sidecar=facts, **layout)
            else:
                whole = (start, stop) == (0, len(recording))
                write_array(output, recording if whole else recording[start:stop], sidecar=facts)
        print(output)
        print(f"  {stop - start} readouts of {recording.height}x{recording.width}")


def _span(readouts: str | None, length: int) -> tuple[int, int]:
    """START:STOP, each optional, inside the recording."""
    if readouts is None:
        return 0, length
    first, colon, last = readouts.partition(":")
    try:
        start, stop = int(first or 0), int(last or length)
    except ValueError:
        start, stop = 0, -1
    if not colon or not 0 <= start < stop <= length:
        raise ValueError(
            f"--readouts: expected START:STOP within 0:{length}, such as 0:{length}, "
            f"got {readouts!r}"
        )
    return start, stop


def _chunks(recording: "Recording", start: int, stop: int) -> "Iterator[np.ndarray]":
    for first in range(start, stop, _CHUNK):
        yield recording[first : min(first + _CHUNK, stop)]
