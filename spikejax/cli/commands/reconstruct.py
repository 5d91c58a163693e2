"""`spikejax reconstruct`: an image, a folder of images or a video of a recording."""

import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spikejax.cli.console.output import folder_for_results
from spikejax.cli.console.progress import track
from spikejax.cli.options.device import computing_on
from spikejax.cli.options.method import MethodOptions
from spikejax.cli.options.picture import PictureOptions, kind_of
from spikejax.cli.options.recording import DeviceOption, RecordingFile, flattened

if TYPE_CHECKING:
    import numpy as np

    from spikejax.inference import Plan


@flattened
def reconstruct(
    recording: RecordingFile,
    output: Annotated[
        str,  # a path would lose the slash at its end
        typer.Option(
            "--output",
            "-o",
            metavar="OUT",
            help="OUT.png or OUT.jpg for one image, OUT.mp4, OUT.gif, or OUT/, a folder of PNGs.",
        ),
    ],
    method: MethodOptions,
    picture: PictureOptions,
    device: DeviceOption = None,
) -> None:
    """Reconstruct an image, a folder of images or a video from a recording.

    Images hold linear intensity; --display maps it for looking at.

    \b
    [dim]Examples:[/]
      spikejax reconstruct car.dat --height 250 --width 400 -o car.png --display
      spikejax reconstruct car.dat --height 250 --width 400 -o car.mp4 -m tfp --window 21
      spikejax reconstruct car.npz -o frames/ --centres 100:300:20 --bits 16
      spikejax reconstruct car.npz -o car.gif -m stir --weights stir.pth --device gpu
    """
    kind = kind_of(output)
    destination = Path(output)
    picture.check(destination, image=kind != "video")
    with computing_on(device), recording.open() as opened:
        plan = method.plan(opened, single=kind == "image", video=kind == "video")
        started = time.monotonic()
        with folder_for_results(destination if kind == "folder" else destination.parent):
            images = track(plan.images(), f"reconstructing by {plan.method.name}", len(plan))
            if kind == "video":
                picture.write_video(destination, (image for _, image in images))
                advice = None
            else:
                advice = _write_images(destination, images, picture, single=kind == "image")
        seconds = time.monotonic() - started
        summary = _summary(plan, method.remark, picture if kind == "video" else None, seconds)
    print(output)
    for line in summary:
        print(f"  {line}")
    if advice:
        print(f"  {advice}")


def _write_images(
    output: Path,
    images: Iterable[tuple[int, "np.ndarray"]],
    picture: PictureOptions,
    *,
    single: bool,
) -> str | None:
    """Writes each image as it comes; returns advice about the first, if any."""
    advice = None
    display = None
    for centre, image in images:
        if display is None:
            display = picture.mapping(video=False).fixed(image)  # one for all: nothing flickers
            advice = picture.advice(image)
        path = output if single else output / f"{centre:06d}.png"
        picture.write_image(path, image, display)
    return advice


def _summary(plan: "Plan", remark: str, video: PictureOptions | None, seconds: float) -> list[str]:
    count = len(plan)
    rate = plan.recording.rate_hz
    size = f"{plan.recording.height}x{plan.recording.width}"
    first, last = int(plan.centres[0]), int(plan.centres[-1])
    where = f"readout {first}" if count == 1 else f"{count} readouts from {first} to {last}"
    every = "" if plan.stride is None else f", every {plan.stride}"
    lines = [
        f"{plan.method.name}{remark}, gain {plan.gain:g}",
        f"{size}, {where}{every}, {seconds:.1f} s",
    ]
    if video is not None and plan.stride is not None:
        slower = rate / plan.stride / video.fps
        lines.append(f"{video.fps:g} frames/s, {slower:.3g} times slower than real ({rate:g} Hz)")
    return lines
