"""`spikejax view`: recordings in the browser."""

import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from spikejax.cli.console import interruption
from spikejax.cli.options.deblur import ExposureOptions
from spikejax.cli.options.device import computing_on
from spikejax.cli.options.recording import DeviceOption, RecordingOptions, flattened


@flattened
def view(
    path: Annotated[
        Path,
        typer.Argument(
            metavar="RECORDING|FOLDER", help="A .dat, .npy or .npz recording, or a folder of them."
        ),
    ],
    recording: RecordingOptions,
    exposure: ExposureOptions,
    photograph: Annotated[
        Path | None,
        typer.Option(
            metavar="BLUR.png",
            help="A blurry photograph of the recording's exposure, for the page to deblur.",
            show_default=False,
        ),
    ] = None,
    weights: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=FILE",
            help="Weights of a network, to choose on the page beside those that ship; repeatable.",
            show_default=False,
        ),
    ] = None,
    port: Annotated[int, typer.Option(help="Port of the server; 0 for any that is free.")] = 0,
    host: Annotated[
        str,
        typer.Option(help="Address to listen at; the default is reached from this computer alone."),
    ] = "127.0.0.1",
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Print the address and open no browser.")
    ] = False,
    device: DeviceOption = None,
) -> None:
    """Show a recording in the browser: scrub, compare methods, export.

    The address holds a random token; whoever has it can look. Ctrl-C ends
    the server. Needs pip install 'spikejax\\[view]'.

    \b
    [dim]Examples:[/]
      spikejax view car.dat --height 250 --width 400
      spikejax view recordings/ --no-browser --port 8000
      spikejax view car.dat --height 250 --width 400 --photograph blur.png
    """
    files = [_network_and_file(text) for text in weights or ()]
    with computing_on(device):
        from spikejax import viewer

        beside = None
        if photograph is not None:
            if not photograph.is_file():
                raise FileNotFoundError(f"{photograph}: no such file; expected a photograph")
            beside = viewer.Photograph(photograph, exposure.prepare())
        options = recording.keywords()
        entries = viewer.list_recordings(path, recording.open_at, options)
        if len(entries) == 1:
            _ = entries[0].recording  # a wrong file is told here, not on the page
        with viewer.Viewer(
            entries, host=host, port=port, weights=files, photograph=beside
        ) as running:
            print(running.url, flush=True)
            count = "" if len(entries) == 1 else f"{len(entries)} recordings; "
            print(f"  {count}Ctrl-C ends the viewer", flush=True)
            if not no_browser:
                webbrowser.open(running.url)
            try:
                running.wait()
            except KeyboardInterrupt:
                interruption.answered()


def _network_and_file(text: str) -> tuple[str, Path]:
    name, equals, file = text.partition("=")
    if not equals or not file:
        raise ValueError(f"--weights: expected NAME=FILE, such as stir=stir.pth, got {text!r}")
    return name, Path(file)
