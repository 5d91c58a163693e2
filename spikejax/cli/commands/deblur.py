"""`spikejax deblur`: a blurry photograph and its spikes -> sharp images or video."""

import dataclasses
import enum
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from spikejax.cli.console import interruption
from spikejax.cli.console.output import folder_for_results
from spikejax.cli.console.progress import track
from spikejax.cli.options.deblur import DeblurOptions, ExposureOptions, missing_weights
from spikejax.cli.options.device import computing_on
from spikejax.cli.options.picture import PictureOptions, kind_of
from spikejax.cli.options.recording import DeviceOption, RecordingOptions, flattened

if TYPE_CHECKING:
    import numpy as np

    from spikejax.deblur import DeblurInput


class OutputFormat(enum.StrEnum):
    """The format of the images of each photograph of a folder."""

    png = "png"
    mp4 = "mp4"
    gif = "gif"


@flattened
def deblur(
    photograph: Annotated[
        Path,
        typer.Argument(
            metavar="BLUR",
            help="A blurry photograph with 4 times the rows and columns of the spikes. Or a folder "
            "with blur/X.png and spikes/X.dat for every X, or with blur_data/SCENE/X.png and "
            "spike_data/SCENE/X.dat as in the published data.",
        ),
    ],
    output: Annotated[
        str,
        typer.Option(
            "--output",
            "-o",
            metavar="OUT",
            help="OUT/, a folder of PNGs named by their readouts, OUT.mp4, OUT.gif, or OUT.png or "
            "OUT.jpg for one image; for a folder only OUT/, with OUT/X/ for each photograph.",
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
        OutputFormat | None,
        typer.Option(
            help="Format of a folder's results: png (OUT/X/, the default), or mp4 or gif "
            "(OUT/X.mp4).",
            show_default=False,
        ),
    ] = None,
    bits: Annotated[int, typer.Option(help="8 or 16, of PNG.")] = 8,
    fps: Annotated[float, typer.Option(help="Frames per second of a video.")] = 10.0,
    device: DeviceOption = None,
) -> None:
    """Turn a blurry photograph and the spikes of its exposure into a sharp sequence.

    The spike camera films the view of the photograph, with a quarter of its
    rows and columns. The default exposure is the middle 97 readouts of the
    recording. Images have the encoding of the photograph.

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
        if kind_of(output) != "folder":
            raise ValueError(f"{output}: expected a folder (OUT/) for the results of a folder")
        format = format or OutputFormat.png
        picture.check(Path(output), image=format is OutputFormat.png)
        with computing_on(device):
            lines = _deblur_folder(photograph, output, format, method, exposure, recording, picture)
        print(output, *lines, sep="\n  ")
        return
    if spikes is None:
        if not photograph.exists():
            raise FileNotFoundError(f"{photograph}: no such file or folder")
        raise ValueError(f"{photograph}: expected the recording of its exposure as well: SPIKES")
    if format is not None:
        raise ValueError("--format: is for a folder; the name of the output states the format")
    if sheet is not None and sheet.suffix.lower() != ".png":
        raise ValueError(f"--sheet: expected a name that ends in .png, got {sheet}")
    results = _Results(kind_of(output), Path(output), picture)
    picture.check(results.path, image=results.kind != "video")
    if results.kind == "image" and (method.frames or 1) > 1:
        raise ValueError(
            f"--frames: {method.frames} images need a folder (OUT/), .mp4 or .gif as output"
        )
    left_out: list[str] = []
    with computing_on(device), recording.open_at(spikes) as opened:
        from spikejax.deblur import choose_times, open_input
        from spikejax.deblur.sheet import sheet_times

        settings, networks = exposure.prepare(), method.load(compared=sheet is not None)
        source = open_input(photograph, opened, settings)
        times = choose_times(source.exposure, method.frames, single=results.kind == "image")
        results.check(source, times, (photograph, spikes), sheet)
        started = time.monotonic()
        images = method.images(source, networks, times)
        images = track(images, f"deblurring by {method.method}", len(times))
        kept = results.write(source, images, keep=sheet_times(source.exposure))
        lines = results.summary(source, times, opened.rate_hz, time.monotonic() - started)
        if sheet is not None:
            left_out = _draw_sheet(sheet, source, method, networks, kept)
        height, width = source.photograph.shape[:2]
        sizes = f"{height}x{width}, {len(opened)} readouts of {opened.height}x{opened.width}"
    print(output, f"{method.describe()}; {sizes}", *lines, sep="\n  ")
    if sheet is not None:
        print(sheet, *(f"left out: {line}" for line in left_out), sep="\n  ")


def _deblur_folder(
    photographs: Path,
    output: str,
    format: OutputFormat,
    method: DeblurOptions,
    exposure: ExposureOptions,
    recording: RecordingOptions,
    picture: PictureOptions,
) -> list[str]:
    """Deblurs every photograph of a folder; returns a summary in lines."""
    from spikejax.deblur import choose_times, open_folder

    settings, networks = exposure.prepare(), method.load(compared=False)
    folder = open_folder(photographs, settings, opener=recording.open_at)
    counts = {len(choose_times(each, method.frames)) for each in folder.exposures}
    inputs = [path for pair in folder.files for path in (pair.blur, pair.spikes)]
    kind = "folder" if format is OutputFormat.png else "video"
    remarks: dict[str, int] = {}
    started = time.monotonic()
    for name, source in track(folder, f"deblurring photographs by {method.method}", len(folder)):
        path = Path(output) / (name if kind == "folder" else f"{name}.{format.value}")
        results = _Results(kind, path, picture)
        times = choose_times(source.exposure, method.frames)
        results.check(source, times, inputs)
        results.write(source, method.images(source, networks, times))
        if source.remark is not None:
            remarks[source.remark] = remarks.get(source.remark, 0) + 1
    images = " to ".join(str(count) for count in sorted({min(counts), max(counts)}))
    return [
        f"{method.describe()}; {len(folder)} photographs",
        f"{images} images of each, {time.monotonic() - started:.1f} s",
        *(f"{count} exposures: {remark}; --margin places it" for remark, count in remarks.items()),
    ]


@dataclasses.dataclass(frozen=True)
class _Results:
    """The files of one photograph's images.

    Attributes:
        kind: 'image', 'video' or 'folder', as from `kind_of`.
        path: the file or folder.
        picture: the format of images and videos.
    """

    kind: str
    path: Path
    picture: PictureOptions

    def image_path(self, readout: int) -> Path:
        """Returns the file that holds the image of a readout of the recording."""
        return self.path / f"{readout:06d}.png" if self.kind == "folder" else self.path

    def check(
        self,
        source: "DeblurInput",
        times: Sequence[int],
        inputs: Iterable[Path],
        sheet: Path | None = None,
    ) -> None:
        """Raises ValueError if a result or the sheet would replace an input."""
        outputs = {self.image_path(source.before + time).resolve() for time in times}
        if sheet is not None:
            if sheet.is_dir():
                raise ValueError(f"--sheet: {sheet} is a folder; expected a name ending in .png")
            above = next(folder for folder in sheet.absolute().parents if folder.exists())
            if not above.is_dir():
                raise ValueError(f"--sheet: {above} is a file; expected the name of a folder")
            if sheet.resolve() in outputs:
                raise ValueError(f"--sheet: {sheet} is already the name of an image")
            outputs.add(sheet.resolve())
        for path in inputs:
            if path.resolve() in outputs:
                raise ValueError(f"{path}: is an input; expected another name as output")

    def write(
        self,
        source: "DeblurInput",
        images: "Iterable[tuple[int, np.ndarray]]",
        keep: Sequence[int] = (),
    ) -> "dict[int, np.ndarray]":
        """Writes linear images by time as they are computed; returns those at the times `keep`."""
        from spikejax.pictures import DATA

        kept: dict[int, np.ndarray] = {}

        def encoded() -> "Iterator[tuple[int, np.ndarray]]":
            for time, image in images:
                interruption.check()
                if time in keep:
                    kept[time] = image
                yield time, source.stored(image)

        with folder_for_results(self.path if self.kind == "folder" else self.path.parent):
            if self.kind == "video":
                self.picture.write_video(self.path, (image for _, image in encoded()))
            else:
                for time, image in encoded():
                    self.picture.write_image(self.image_path(source.before + time), image, DATA)
        return kept

    def summary(
        self, source: "DeblurInput", times: Sequence[int], rate_hz: float, seconds: float
    ) -> list[str]:
        """Describes the exposure and the images, in lines."""
        before, exposure = source.before, source.exposure
        first, last = before + exposure.margin, before + exposure.stop - 1
        length = 1e3 * exposure.readouts / rate_hz
        lines = [f"exposure: readouts {first} to {last}, {length:.3g} ms at {rate_hz:g} Hz"]
        if source.remark is not None:
            lines.append(f"that is {source.remark}; --margin places it")
        if len(times) == 1:
            return [*lines, f"one image, of readout {before + times[0]}, {seconds:.1f} s"]
        step = (times[-1] - times[0]) / (len(times) - 1)
        lines.append(f"{len(times)} images, every {step:.3g} readouts, {seconds:.1f} s")
        if self.kind == "video":
            fps = self.picture.fps
            lines.append(f"{fps:g} frames/s, {rate_hz / step / fps:.3g} times slower than real")
        return lines


def _draw_sheet(
    path: Path,
    source: "DeblurInput",
    method: DeblurOptions,
    networks: dict[str, Any],
    computed: "dict[int, np.ndarray]",
) -> list[str]:
    """Draws the sheet that compares the methods; returns why methods are left out.

    `computed` holds images of the chosen method by time, which are not computed again.
    """
    from spikejax.deblur.sheet import COMPARED, deblur_sheet, sheet_times
    from spikejax.formats import write_image

    times = sheet_times(source.exposure)
    names = COMPARED if method.method in COMPARED else (method.method, *COMPARED)
    left_out, columns = [], {}
    for name in names:
        if (problem := missing_weights(name, networks)) is not None:
            left_out.append(problem)
            continue
        images = dict(computed) if name == method.method else {}
        if rest := [time for time in times if time not in images]:
            others = method.images(source, networks, rest, name)
            images |= dict(track(others, f"for the sheet, {name}", len(rest)))
        columns[name] = [images[time] for time in times]
    with folder_for_results(path.parent):
        write_image(path, deblur_sheet(source, times, columns))
    return left_out
