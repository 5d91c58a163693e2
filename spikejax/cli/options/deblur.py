"""Options of `spikejax deblur`: the networks, the exposure, the photograph."""

import dataclasses
import enum
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from spikejax.cli.options.method import ActivationType

if TYPE_CHECKING:
    from spikejax.deblur.input import PairSettings

_METHOD, _EXPOSURE, _PHOTOGRAPH = "Method", "Exposure", "Photograph"
_NAMES = ("ldn", "bsn", "edsr", "stir")
COMPARED = ("teacher", "student")
"""The methods that a sheet shows, whatever the chosen one is."""


class DeblurMethod(enum.StrEnum):
    """How a photograph is deblurred; `spikejax.deblur.METHODS`."""

    student = "student"
    teacher = "teacher"
    stir = "stir"
    sdm = "sdm"


def _option(panel: str, *names: str, help: str, **more: Any) -> Any:
    return typer.Option(*names, help=help, rich_help_panel=panel, show_default=False, **more)


@dataclasses.dataclass(frozen=True)
class DeblurOptions:
    """The method and its networks.

    Attributes:
        method: the method.
        weights: NAME=FILE for each network whose weights are given.
        frames: images for a photograph.
        blind: whether the teacher's BSN alone cleans the spikes.
        dtype: of the networks' activations.
    """

    method: Annotated[
        DeblurMethod,
        _option(
            _METHOD,
            "--method",
            "-m",
            help="student (LDN, one small network; the default), teacher (BSN and EDSR clean and "
            "enlarge the spikes, the model of the blur does the rest), stir (that with STIR in "
            "place of BSN), or sdm (the model alone).",
        ),
    ] = DeblurMethod.student
    weights: Annotated[
        list[str] | None,
        _option(
            _METHOD,
            metavar="NAME=FILE",
            help="Weights of ldn, bsn, edsr or stir, .safetensors or .pth; repeatable. Default: "
            "those that ship.",
        ),
    ] = None
    frames: Annotated[
        int | None,
        _option(
            _METHOD,
            help="Sharp images, evenly spread over the exposure; default: 13, for OUT.png 1, the "
            "middle.",
            min=1,
        ),
    ] = None
    blind: Annotated[
        bool,
        _option(
            _METHOD,
            "--blind",
            help="teacher: clean the spikes by BSN alone, as published, without what each pixel "
            "saw itself.",
        ),
    ] = False
    dtype: Annotated[
        ActivationType | None,
        _option(_METHOD, help="Type of the networks' activations; default: float32."),
    ] = None

    @property
    def name(self) -> str:
        """The method's name."""
        return self.method.value

    def networks(self, *, compared: bool) -> dict[str, Any]:
        """Loads the weights: those that were given, and of the others those that ship.

        Args:
            compared: whether the other methods are wanted too, as far as they can be had.

        Returns:
            Variables by network.

        Raises:
            ValueError: if the method lacks weights, or some are given that are of no use.
            OSError: if a file cannot be read.
        """
        from spikejax import weights

        if self.blind and self.name != "teacher" and not compared:
            raise ValueError(f"--blind: is for --method teacher; {self.name} has no BSN")
        given, needed = self._given(), _networks_of(self.name)
        others = [name for method in COMPARED for name in _networks_of(method)] if compared else []
        wanted = tuple(dict.fromkeys((*needed, *others)))
        for name in given.keys() - set(wanted):
            raise ValueError(f"--weights: the method {self.name} has no network {name}")
        absent = [n for n in needed if n not in given and n not in weights.available()]
        if absent:
            raise ValueError(
                f"{self.name}: {_missing(absent)}; give {_advice(absent)}, or take "
                "--method sdm, which needs none"
            )
        ship = [name for name in wanted if name in weights.available() and name not in given]
        loaded = {name: weights.load(name, model=name) for name in ship}
        return loaded | {name: weights.load_any(name, path) for name, path in given.items()}

    def _given(self) -> dict[str, Path]:
        given: dict[str, Path] = {}
        for text in self.weights or ():
            name, _, path = text.partition("=")
            if name not in _NAMES or not path:
                raise ValueError(
                    f"--weights: expected NAME=FILE with {', '.join(_NAMES)} as the name, such as "
                    f"ldn=ldn.pth, got {text!r}"
                )
            if name in given:
                raise ValueError(f"--weights: {name} is given twice, {given[name]} and {path}")
            given[name] = Path(path)
        return given

    def described(self) -> str:
        """The method, and the files that its weights are from, in a few words."""
        given = self._given()
        files = [str(given[name]) for name in _networks_of(self.name) if name in given]
        return f"{self.name} with {', '.join(files)}" if files else self.name


def weights_of(method: str, networks: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the networks that a method has."""
    return {name: networks[name] for name in _networks_of(method) if name in networks}


def lacking(method: str, networks: Mapping[str, Any]) -> str | None:
    """Says which weights a method would need besides these, if any."""
    absent = [name for name in _networks_of(method) if name not in networks]
    return f"{method} ({_missing(absent)}; give {_advice(absent)})" if absent else None


def _networks_of(method: str) -> tuple[str, ...]:
    from spikejax.deblur import NETWORKS  # takes too long for --help

    return NETWORKS[method]


def _missing(networks: list[str]) -> str:
    return f"the weights of {' and '.join(networks)} do not ship with this version"


def _advice(networks: list[str]) -> str:
    return " and ".join(f"--weights {name}=FILE" for name in networks)


@dataclasses.dataclass(frozen=True)
class ExposureOptions:
    """When the photograph was exposed, and what its file holds.

    Attributes:
        exposure: readouts.
        margin: readouts of the recording before it.
        short: readouts of the short average.
        homography: a file with the matrix from photograph to result.
        encoding: of the photograph's values.
    """

    exposure: Annotated[
        int | None,
        _option(
            _EXPOSURE,
            help="Readouts that the exposure of the photograph lasts; default: 97, or all of a "
            "recording that has no more.",
            min=1,
        ),
    ] = None
    margin: Annotated[
        int | None,
        _option(
            _EXPOSURE,
            help="Readouts of the recording before the exposure; default: as many as after it.",
            min=0,
        ),
    ] = None
    short: Annotated[
        int | None,
        _option(
            _EXPOSURE,
            help="Readouts around a moment that teacher and sdm average, odd; default: 9, or fewer "
            "in a shorter exposure.",
            min=1,
        ),
    ] = None
    homography: Annotated[
        Path | None,
        _option(
            _PHOTOGRAPH,
            help="3x3 numbers, text or .npy, from pixels of the photograph to those of the "
            "result, whose size is 4 times that of the spikes. The photograph may then be of any "
            "size.",
        ),
    ] = None
    encoding: Annotated[
        str,
        _option(
            _PHOTOGRAPH,
            metavar="linear|srgb|G",
            help="How stored values become light, and the images' light stored values: as they "
            "are (the default, and what the published networks saw), the sRGB curve (of a camera's "
            "JPEG), or value^G.",
        ),
    ] = "linear"

    def prepare(self) -> "PairSettings":
        """Reads the matrix and checks the rest."""
        from spikejax.deblur.input import PairSettings
        from spikejax.formats.matrices import read_matrix

        if self.short is not None and self.short % 2 == 0:
            raise ValueError(f"--short: expected an odd number of readouts, got {self.short}")
        matrix = None if self.homography is None else read_matrix(self.homography)
        return PairSettings(
            exposure=self.exposure,
            margin=self.margin,
            short=self.short,
            homography=matrix,
            encoding=self.encoding,
        )
