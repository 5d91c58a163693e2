"""`spikejax deblur`: from a blurry photograph and its spikes to sharp images or video."""

import time
from pathlib import Path
from typing import Annotated

import typer

from spikejax.cli.deblur_run import Run
from spikejax.cli.deblurring import DeblurOptions, ExposureOptions
from spikejax.cli.device import computing_on
from spikejax.cli.options import DeviceOption, RecordingOptions, flattened
from spikejax.cli.picture import PictureOptions, kind_of


@flattened
def deblur(
    photograph: Annotated[
        Path, typer.Argument(metavar="BLUR", help="A blurry photograph, 4 times the spikes' size.")
    ],
    spikes: Annotated[
        Path,
        typer.Argument(metavar="SPIKES", help="The recording: .dat, .npy or .npz."),
    ],
    output: Annotated[
        str,
        typer.Option(
            "--output",
            "-o",
            metavar="OUT",
            help="OUT/, a folder of PNGs named by their readouts, OUT.mp4, OUT.gif, or OUT.png or "
            "OUT.jpg for one image.",
        ),
    ],
    method: DeblurOptions,
    exposure: ExposureOptions,
    recording: RecordingOptions,
    sheet: Annotated[
        Path | None,
        typer.Option(
            metavar="SHEET.png",
            help="Also compare the photograph, the spikes alone (TFP), teacher and student, at "
            "the first, middle and last moments.",
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
    """
    picture = PictureOptions(display=False, bits=bits, fps=fps)
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
        from spikejax.inference.photographs import open_pair

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
    print(output)
    for line in summary:
        print(f"  {line}")
    if sheet is not None:
        print(sheet)
    for line in left_out:
        print(f"  left out: {line}")
