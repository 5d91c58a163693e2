"""`spikejax simulate`: a video, or a folder of images -> a recording."""

import contextlib
import dataclasses
import itertools
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from spikejax.cli.console import interruption
from spikejax.cli.console.output import folder_for_results
from spikejax.cli.console.progress import progress
from spikejax.cli.options.device import computing_on
from spikejax.cli.options.recording import DeviceOption, flattened
from spikejax.cli.options.simulation import CameraOptions, PhotographOptions, VideoOptions

if TYPE_CHECKING:
    import numpy as np

    from spikejax.camera import Sensor
    from spikejax.formats.footage import Footage
    from spikejax.simulation.shutter import ShutterTimes
    from spikejax.simulation.video import Filming


@flattened
def simulate(
    source: Annotated[Path, typer.Argument(metavar="VIDEO", help="A video or a folder of images.")],
    output: Annotated[Path, typer.Argument(metavar="OUT.dat", help="The recording to write.")],
    camera: CameraOptions,
    video: VideoOptions,
    photographs: PhotographOptions,
    device: DeviceOption = None,
) -> None:
    """Film a video, or a folder of images, with a simulated spike camera.

    Frames are 8 readouts apart (--upsample); the light between them is interpolated. The camera
    sees 0.30 R + 0.59 G + 0.11 B. OUT.json states size, gain, rate and settings, so that other
    commands need no options. The same seed gives the same recording. Memory is constant.

    --blur FOLDER adds FOLDER/{blur_data,sharp_data}/NAME/NNNNNN.png and
    FOLDER/spike_data/NAME/NNNNNN.dat: the mean light over an exposure, the light at its middle
    (both linear), and the spikes from 20 readouts before it to 20 after it.

    \b
    [dim]Examples:[/]
      spikejax simulate street.mp4 street.dat
      spikejax simulate street.mp4 street.dat --interpolation motion --gain 0.6
      spikejax simulate frames/ ideal.dat --sensor ideal --scale 2 --seed 3
      spikejax simulate frames/ scene1.dat --blur train/ --encoding linear --sensor ssdm
    """
    from spikejax.formats.footage import open_footage

    footage = open_footage(source)
    with computing_on(device):
        film = _prepare(footage, camera, video, photographs)
        started = time.monotonic()
        _require_own_sidecar(output)
        with contextlib.ExitStack() as stack:
            stack.enter_context(folder_for_results(output.parent))
            readouts, exposures = film.write(output, photographs, stack)
        seconds = time.monotonic() - started
    print(output)
    print(f"  {readouts} readouts of {film.height}x{film.width}, {seconds:.1f} s")
    print(f"  {film.facts['sensor']}, gain {film.sensor.gain:g}, {film.sensor.rate_hz:g} Hz")
    if film.left_out:
        print(f"  {film.left_out}")
    if photographs.blur is not None:
        print(photographs.blur)
        print(f"  {exposures} photographs with their spikes, scene {film.scene_name}")


@dataclasses.dataclass(frozen=True)
class _Film:
    """A simulation whose settings are checked.

    Attributes:
        footage: the frames.
        sensor: the camera.
        filming: the conversion of frames to light.
        times: the times of the photographs; None for no photographs.
        limit: the largest number of frames; None for all.
        seed: the seed of the camera.
        facts: the sidecar.
    """

    footage: "Footage"
    sensor: "Sensor"
    filming: "Filming"
    times: "ShutterTimes | None"
    limit: int | None
    seed: int
    facts: dict[str, Any]

    @property
    def height(self) -> int:
        return self.footage.height // self.filming.scale

    @property
    def width(self) -> int:
        return self.footage.width // self.filming.scale

    @property
    def scene_name(self) -> str:
        return self.footage.name or "scene"

    @property
    def frames(self) -> int | None:
        """The number of frames; None if it is unknown."""
        known = [n for n in (self.footage.frames, self.limit) if n is not None]
        return min(known) if self.footage.frames is not None else None

    @property
    def left_out(self) -> str:
        """A message about rows and columns that fill no whole cell, or ''."""
        rest = self.footage.height % self.filming.scale, self.footage.width % self.filming.scale
        return f"left out: the video's last rows ({rest[0]}) and columns ({rest[1]})" * any(rest)

    def require_enough(self, frames: int) -> None:
        """Raises ValueError if the video is too short."""
        if frames < 2:
            raise ValueError(f"{self.footage.path}: a video needs at least 2 frames, got {frames}")
        if self.times is not None:
            readouts = self.filming.readouts(frames)
            least = self.times.least_readouts(self.filming.upsample)
            if readouts < least:
                raise ValueError(
                    f"{self.footage.path}: {frames} frames are {readouts} readouts, and the first "
                    f"photograph with its spikes needs {least}; try a smaller --exposure, or a "
                    "larger --upsample"
                )

    def write(
        self, output: Path, photographs: PhotographOptions, stack: contextlib.ExitStack
    ) -> tuple[int, int]:
        """Writes the recording and the photographs; returns how many readouts and photographs."""
        import jax

        from spikejax.formats import write_dat
        from spikejax.formats.scene_folder import new_scene
        from spikejax.simulation.video import simulate_video

        scene, readouts = None, 0
        if photographs.blur is not None:
            folder = stack.enter_context(folder_for_results(photographs.blur))
            scene = stack.enter_context(
                new_scene(folder, self.scene_name, facts=self.facts, bits=photographs.bits)
            )
        total = None if self.frames is None else self.filming.readouts(self.frames)
        advance = stack.enter_context(progress("filming readouts", total))

        def pieces() -> "Iterator[np.ndarray]":
            nonlocal readouts
            frames = itertools.islice(self.footage, self.limit)
            film = simulate_video(
                jax.random.key(self.seed),
                frames,
                self.sensor,
                filming=self.filming,
                times=self.times,
            )
            for spikes, exposures in film:
                interruption.check()
                for exposure in exposures:
                    assert scene is not None
                    scene.write(exposure.blur, exposure.sharp, exposure.spikes)
                readouts += len(spikes)
                yield spikes
                advance(len(spikes))
            if scene is not None and scene.count == 0:  # the header stated more frames
                self.require_enough((readouts - 1) // self.filming.upsample + 1)

        write_dat(output, pieces(), sidecar=self.facts)
        return readouts, 0 if scene is None else scene.count


def _require_own_sidecar(output: Path) -> None:
    """Raises ValueError if the sidecar would replace a .json of another file."""
    from spikejax.formats import sidecar_path

    beside = sidecar_path(output)
    if beside.exists() and not output.exists():
        raise ValueError(
            f"{beside}: exists without {output.name} and would be replaced; "
            "move it or choose another name"
        )


def _prepare(
    footage: "Footage", camera: CameraOptions, video: VideoOptions, photographs: PhotographOptions
) -> _Film:
    sensor = camera.prepare()
    filming = video.prepare(photographs=photographs.blur is not None)
    filming.size(footage.height, footage.width)
    facts = {
        "rate_hz": sensor.rate_hz,
        "gain": sensor.gain,
        "sensor": f"simulated, {camera.sensor}",
        "simulation": {
            "video": footage.path.name,
            **dataclasses.asdict(filming),
            "without": [noise.value for noise in camera.without or ()],
            "seed": camera.seed,
        },
    }
    times = photographs.prepare()
    film = _Film(footage, sensor, filming, times, video.frames, camera.seed, facts)
    if film.frames is not None:
        film.require_enough(film.frames)
    return film
