"""`spikejax demo`: a simulated recording, reconstructed by every method."""

import dataclasses
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spikejax.cli.console.output import folder_for_results
from spikejax.cli.console.progress import track
from spikejax.cli.options.device import computing_on
from spikejax.cli.options.recording import DeviceOption
from spikejax.cli.options.values import parse_size

if TYPE_CHECKING:
    import numpy as np

    from spikejax.formats import Recording
    from spikejax.inference import Method

READOUTS = 301
CENTRE = READOUTS // 2
GAIN = 0.6
_FRAMES = range(30, READOUTS - 30, 5)
_FPS = 20
_CHUNK = 43  # readouts rendered at a time; divides 301


@dataclasses.dataclass(frozen=True, eq=False)
class _Result:
    """A method's image of the middle readout, and its scores."""

    method: "Method"
    image: "np.ndarray"
    psnr: float
    ssim: float
    seconds: float


def demo(
    out: Annotated[Path, typer.Option(help="Folder for the results.")] = Path("spikejax_demo"),
    size: Annotated[str, typer.Option(help="Size of the sensor, HEIGHTxWIDTH.")] = "160x240",
    seed: Annotated[int, typer.Option(help="Seed of the scene and the camera.", min=0)] = 0,
    device: DeviceOption = None,
) -> None:
    """Simulate a recording of a moving scene, reconstruct it, and compare with the truth.

    Writes the recording, a picture that compares the methods, and a video.

    \b
    [dim]Examples:[/]
      spikejax demo
      spikejax demo --size 250x400 --out try
    """
    height, width = parse_size(size, "--size")
    if not (48 <= height <= 2000 and 48 <= width <= 2000):
        raise ValueError(f"--size: expected 48x48 to 2000x2000 for the demo, got {height}x{width}")
    with computing_on(device), folder_for_results(out):
        truth = _film(out / "scene.dat", height, width, seed)
        from spikejax.formats import open_recording
        from spikejax.inference import available_methods

        with open_recording(out / "scene.dat") as recording:
            results = [_reconstruct(recording, name, truth[CENTRE]) for name in available_methods()]
            best = max(results, key=lambda result: result.psnr)
            _write_picture(out / "comparison.png", recording, truth[CENTRE], results, best)
            _write_video(out / "video.mp4", recording, truth, best.method)
    _print_table(results, best)
    print("\nwhat it left:")
    for name, what in (
        (
            "scene.dat",
            f"the recording, {READOUTS} readouts of {height}x{width}; its facts in .json",
        ),
        ("comparison.png", "all methods side by side, open it"),
        ("video.mp4", f"spikes, {best.method.label} and the truth"),
    ):
        print(f"  {out / name}  ({what})")
    print(f"\nnext:  spikejax reconstruct {out / 'scene.dat'} -o {out / 'frames'} --display")


def _film(path: Path, height: int, width: int, seed: int) -> "dict[int, np.ndarray]":
    """Writes the recording and returns the true images of the readouts in pictures and video."""
    import jax
    import numpy as np

    from spikejax.camera import SENSORS, simulate_stream
    from spikejax.datasets import demo_scene
    from spikejax.formats import write_dat

    truth: dict[int, np.ndarray] = {}
    wanted = {CENTRE, *_FRAMES}

    def pieces() -> Iterator[np.ndarray]:
        scene = enumerate(demo_scene(np.random.default_rng(seed), READOUTS, height, width))
        piece = []
        for n, image in track(scene, "filming", READOUTS):
            piece.append(image)
            if n in wanted:
                truth[n] = image
            if len(piece) == _CHUNK:
                yield np.stack(piece)
                piece.clear()

    sensor = dataclasses.replace(SENSORS["ideal"], gain=GAIN)
    spikes = simulate_stream(jax.random.key(seed), pieces(), sensor)
    facts = {"rate_hz": 20000.0, "gain": GAIN, "sensor": "simulated, ideal"}
    write_dat(path, (np.asarray(s) for s in spikes), sidecar=facts)
    return truth


def _reconstruct(recording: "Recording", name: str, truth: "np.ndarray") -> _Result:
    import numpy as np

    from spikejax import inference, metrics

    started = time.perf_counter()
    method = inference.create_method(name)
    images = inference.reconstruct(recording, method, centres=[CENTRE])
    [(_, image)] = track(images, f"reconstructing by {name}", 1)
    seconds = time.perf_counter() - started
    clipped = np.clip(image, 0.0, 1.0)
    psnr, ssim = float(metrics.psnr(clipped, truth)), float(metrics.ssim(clipped, truth))
    return _Result(method, clipped, psnr, ssim, seconds)


def _write_picture(
    path: Path,
    recording: "Recording",
    truth: "np.ndarray",
    results: list[_Result],
    best: _Result,
) -> None:
    from spikejax.formats import write_image
    from spikejax.pictures.sheet import Panel, sheet

    height, width = truth.shape
    panels = [
        Panel(recording[CENTRE].astype("float32"), "one readout"),
        *(
            Panel(
                _screen(result.image),
                result.method.caption,
                f"{result.psnr:.2f} dB · SSIM matlab {result.ssim:.3f}",
                highlight=result is best,
            )
            for result in results
        ),
        Panel(_screen(truth), "truth"),
    ]
    detail = (height // 5, width // 12, 2 * height // 5, 2 * width // 5)
    columns = len(panels) if len(panels) <= 5 else -(-len(panels) // 2)
    picture = sheet(panels, detail=detail, scale=_scale(width), columns=columns)
    write_image(path, picture)


def _write_video(
    path: Path, recording: "Recording", truth: "dict[int, np.ndarray]", method: "Method"
) -> None:
    from spikejax import inference
    from spikejax.formats import write_video
    from spikejax.pictures.sheet import Panel, sheet

    images = inference.reconstruct(recording, method, centres=list(_FRAMES))

    def frames() -> "Iterator[np.ndarray]":
        for centre, image in track(images, "making the video", len(_FRAMES)):
            yield sheet(
                [
                    Panel(recording[centre].astype("float32"), "spikes", f"readout {centre}"),
                    Panel(_screen(image), method.caption, highlight=True),
                    Panel(_screen(truth[centre]), "truth"),
                ],
                scale=_scale(recording.width),
            )

    write_video(path, frames(), fps=_FPS)


def _scale(width: int) -> int:
    """Returns how often to repeat pixels so that the letters below a picture are smooth."""
    return max(1, round(480 / width))


def _screen(image: "np.ndarray") -> "np.ndarray":
    """Maps intensity in [0, 1] for a screen."""
    from spikejax.pictures import Display

    return Display(gamma=2.2)(image)


def _print_table(results: list[_Result], best: _Result) -> None:
    print(f"\nthe image of readout {CENTRE}, gain {GAIN:g}, against the truth")
    print("  method     PSNR   SSIM (matlab)   first image")
    for r in results:
        mark = "  best" if r is best else ""
        print(f"  {r.method.name:<8}{r.psnr:>6.2f} dB{r.ssim:>11.4f}{r.seconds:>12.1f} s{mark}")
