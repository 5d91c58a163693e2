"""`spikejax deblur`: from a blurry photograph and its spikes to sharp images or video."""

import time
from pathlib import Path
from typing import Annotated

import typer

from spikejax.cli.commands.deblur_folder import Format, deblur_folder
from spikejax.cli.commands.deblur_run import Run
from spikejax.cli.options.deblur import DeblurOptions, ExposureOptions
from spikejax.cli.options.device import computing_on
from spikejax.cli.options.picture import PictureOptions, kind_of
from spikejax.cli.options.recording import DeviceOption, RecordingOptions, flattened


@flattened
def deblur(
    photograph: Annotated[
        Path,
        typer.Argument(
            metavar="BLUR",
            help="A blurry photograph of 4 times the rows and columns of the spikes. Or a folder "
            "with blur/X.png and spikes/X.dat for every X, or with blur_data/SCENE/X.png and "
            "spike_data/SCENE/X.dat as the published ones.",
        ),
    ],
    output: Annotated[
        str,
        typer.Option(
            "--output",
            "-o",
            metavar="OUT",
            help="OUT/, a folder of PNGs named by their readouts, OUT.mp4, OUT.gif, or OUT.png or "
            "OUT.jpg for one image; for a folder OUT/ alone, which gets OUT/X/.",
        ),
    ],
    method: DeblurOptions,
    exposure: ExposureOptions,
    recording: RecordingOptions,
    spikes: Annotated[
        Path | None,
        typer.Argument(
            metavar="SPIKES",
            help="The recording: .dat, .npy or .npz. Not with a folder.",
            show_default=False,
        ),
    ] = None,
    sheet: Annotated[
        Path | None,
        typer.Option(
            metavar="SHEET.png",
            help="Also compare the photograph, the spikes alone (TFP), teacher and student "
            "(and --method), at the first, middle and last moments.",
            show_default=False,
        ),
    ] = None,
    format: Annotated[
        Format | None,
        typer.Option(
            help="Of a folder's results: png (OUT/X/, the default), or mp4 or gif (OUT/X.mp4).",
            show_default=False,
        ),
    ] = None,
    bits: Annotated[int, typer.Option(help="8 or 16, of PNG.")] = 8,
    fps: Annotated[float, typer.Option(help="Frames a second of a video.")] = 10.0,
    device: DeviceOption = None,
) -> None:
    """Turn a blurry photograph and the spikes of its exposure into a sharp sequence.

    A spike camera filmed what the photograph saw, at a quarter of its rows
    and columns. Without options the exposure is the middle 97 readouts of the
    recording. Images are written as the photograph is stored.

    \b
    [dim]Examples:[/]
      spikejax deblur blur.png car.dat --height 250 --width 400 -o sharp/
      spikejax deblur blur.jpg car.dat -o sharp.mp4 --frames 49 --exposure 140 --margin 30
      spikejax deblur blur.png car.dat -o sharp.png -m teacher --sheet compared.png
      spikejax deblur photo.jpg car.dat -o sharp/ --homography h.txt --encoding srgb
      spikejax deblur blur.png car.dat -o sharp.gif --weights ldn=ldn.pth
      spikejax deblur pairs/ -o sharp/ --format mp4
    """
    picture = PictureOptions(display=False, bits=bits, fps=fps)
    if photograph.is_dir():
        if spikes is not None:
            raise ValueError(
                f"{photograph}: is a directory; expected a photograph, or no SPIKES beside it"
            )
        if sheet is not None:
            raise ValueError("--sheet: is for one photograph, not for a folder")
        each = format or Format.png
        if kind_of(output) != "folder":
            raise ValueError(f"{output}: expected a folder (OUT/) for the results of a folder")
        picture.check(Path(output), image=each is Format.png)
        with computing_on(device):
            settings, networks = exposure.prepare(), method.networks(compared=False)
            summary = deblur_folder(
                photograph, Path(output), each, method, settings, recording, networks, picture
            )
        _say(output, summary)
        return
    if spikes is None:
        if not photograph.exists():
            raise FileNotFoundError(f"{photograph}: no such file or folder")
        raise ValueError(f"{photograph}: expected the recording of its exposure as well: SPIKES")
    if format is not None:
        raise ValueError("--format: is for a folder of pairs; here the name of the output says it")
    if sheet is not None and sheet.suffix.lower() != ".png":
        raise ValueError(f"--sheet: expected a name that ends in .png, got {sheet}")
    kind, destination = kind_of(output), Path(output)
    picture.check(destination, image=kind != "video")
    if kind == "image" and (method.frames or 1) > 1:
        raise ValueError(
            f"--frames: {method.frames} images need a folder (OUT/), .mp4 or .gif as output"
        )
    left_out: list[str] = []
    with computing_on(device), recording.open_at(spikes) as opened:
        from spikejax.deblur.input import open_pair

        settings = exposure.prepare()
        networks = method.networks(compared=sheet is not None)
        pair = open_pair(photograph, opened, settings)
        run = Run(pair, method, networks, kind, destination, picture)
        run.check((photograph, spikes), sheet)
        started = time.monotonic()
        kept = run.write(keep=run.sheet_times)
        seconds = time.monotonic() - started
        if sheet is not None:
            left_out = run.draw(sheet, kept)
        height, width = pair.photograph.shape[:2]
        what = f"{height}x{width}, {len(opened)} readouts of {opened.height}x{opened.width}"
        summary = [f"{method.described()}; {what}", *run.summary(opened.rate_hz, seconds)]
    _say(output, summary)
    if sheet is not None:
        _say(sheet, [f"left out: {line}" for line in left_out])


def _say(made: str | Path, lines: list[str]) -> None:
    print(made)
    for line in lines:
        print(f"  {line}")
