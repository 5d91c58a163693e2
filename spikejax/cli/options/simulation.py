"""Options of `spikejax simulate`: the camera, the video, the photographs."""

import dataclasses
import enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from spikejax.camera import Sensor
    from spikejax.simulation.shutter import ShutterTimes
    from spikejax.simulation.video import Filming


class Noise(enum.StrEnum):
    """The kinds of noise that `Sensor.without` switches off."""

    prnu = "prnu"
    dark = "dark"
    threshold = "threshold"
    shot = "shot"
    jitter = "jitter"
    stray = "stray"


class Interpolation(enum.StrEnum):
    """The interpolation of light between two frames."""

    linear = "linear"
    motion = "motion"


def _option(panel: str, *names: str, help: str, **more: Any) -> Any:
    return typer.Option(*names, help=help, rich_help_panel=panel, **more)


_CAMERA, _VIDEO, _PHOTOGRAPHS = "Camera", "Video", "Photographs"


@dataclasses.dataclass(frozen=True)
class CameraOptions:
    """The camera.

    Attributes:
        sensor: a key of `spikejax.camera.SENSORS`.
        gain: spikes per readout at intensity 1.
        rate: readouts per second.
        without: kinds of noise to switch off.
        seed: the seed of the fixed pattern and all noise.
    """

    sensor: Annotated[str, _option(_CAMERA, metavar="NAME", help="Camera: {sensors}.")] = "vidar"
    gain: Annotated[
        float | None,
        _option(
            _CAMERA, help="Spikes per readout at white; default: the camera's.", show_default=False
        ),
    ] = None
    rate: Annotated[
        float | None,
        _option(
            _CAMERA, help="Readouts per second; default: the camera's, 20000.", show_default=False
        ),
    ] = None
    without: Annotated[
        list[Noise] | None,
        _option(_CAMERA, help="Switch off a noise of the camera; repeatable.", show_default=False),
    ] = None
    seed: Annotated[
        int, _option(_CAMERA, help="Seed of fixed pattern and noise.", min=0, max=2**32 - 1)
    ] = 0

    def prepare(self) -> "Sensor":
        """Returns the sensor."""
        from spikejax.camera import SENSORS

        for name in ("gain", "rate"):
            value = getattr(self, name)
            if value is not None and not 0 < value < float("inf"):
                raise ValueError(f"--{name}: expected a positive number, got {value}")
        if self.sensor not in SENSORS:
            raise ValueError(f"--sensor: expected {', '.join(SENSORS)}, got {self.sensor!r}")
        sensor = SENSORS[self.sensor].without(*(noise.value for noise in self.without or ()))
        gain = sensor.gain if self.gain is None else self.gain
        rate = sensor.rate_hz if self.rate is None else self.rate
        return dataclasses.replace(sensor, gain=gain, rate_hz=rate)


@dataclasses.dataclass(frozen=True)
class VideoOptions:
    """The conversion of the video to light.

    Attributes:
        upsample: readouts from one frame to the next.
        interpolation: the interpolation between frames.
        encoding: the encoding of the frames' values.
        scale: rows and columns of the video per row and column of the camera.
        frames: the number of frames to film.
    """

    upsample: Annotated[
        int, _option(_VIDEO, help="Readouts from one frame to the next.", min=1)
    ] = 8
    interpolation: Annotated[
        Interpolation,
        _option(
            _VIDEO,
            help="Interpolation between frames: fading, or along the motion (needs OpenCV).",
        ),
    ] = Interpolation.linear
    encoding: Annotated[
        str,
        _option(
            _VIDEO,
            metavar="srgb|linear|G",
            help="Encoding of stored values: the sRGB curve, linear, or value^G.",
        ),
    ] = "srgb"
    scale: Annotated[
        int | None,
        _option(
            _VIDEO,
            help="The camera has 1/SCALE of the video's rows and columns; "
            "default: 1, with --blur 4.",
            min=1,
            show_default=False,
        ),
    ] = None
    frames: Annotated[
        int | None,
        _option(_VIDEO, help="Frames to film; default: all.", min=2, show_default=False),
    ] = None

    def prepare(self, *, photographs: bool) -> "Filming":
        """Returns the settings of `simulate_video`."""
        from spikejax.simulation.video import Filming

        return Filming(
            upsample=self.upsample,
            interpolation=self.interpolation.value,
            encoding=self.encoding,
            scale=self.scale or (4 if photographs else 1),
        )


@dataclasses.dataclass(frozen=True)
class PhotographOptions:
    """Blurry photographs with the spikes of their exposures.

    Attributes:
        blur: the folder of the photographs; None to take none.
        exposure: readouts of an exposure.
        every: readouts from one exposure to the next.
        margin: readouts of spikes before and after an exposure.
        bits: bits of the images.
    """

    blur: Annotated[
        Path | None,
        _option(
            _PHOTOGRAPHS,
            metavar="FOLDER",
            help="Also write blurry photographs, sharp images and their spikes, in the layout of "
            "Spike-GOPRO.",
            show_default=False,
        ),
    ] = None
    exposure: Annotated[int, _option(_PHOTOGRAPHS, help="Readouts of an exposure.", min=1)] = 97
    every: Annotated[
        int, _option(_PHOTOGRAPHS, help="Readouts from one exposure to the next.", min=1)
    ] = 104
    margin: Annotated[
        int, _option(_PHOTOGRAPHS, help="Readouts of spikes before and after an exposure.", min=0)
    ] = 20
    bits: Annotated[int, _option(_PHOTOGRAPHS, help="8 or 16, of the images.")] = 8

    def prepare(self) -> "ShutterTimes | None":
        """Returns the times of the photographs, or None."""
        from spikejax.simulation.shutter import ShutterTimes

        if self.blur is None:
            for field in dataclasses.fields(self):
                if getattr(self, field.name) != field.default:
                    raise ValueError(f"--{field.name}: requires --blur")
            return None
        return ShutterTimes(length=self.exposure, every=self.every, margin=self.margin)
