"""Options of `spikejax deblur`: the method, its networks, the exposure, the photograph."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from spikejax.cli.options.method import ActivationType

if TYPE_CHECKING:
    import numpy as np

    from spikejax.deblur import DeblurInput, DeblurSettings

_METHOD, _EXPOSURE, _PHOTOGRAPH = "Method", "Exposure", "Photograph"


def _option(panel: str, *names: str, help: str, **more: Any) -> Any:
    return typer.Option(*names, help=help, rich_help_panel=panel, show_default=False, **more)


@dataclasses.dataclass(frozen=True)
class DeblurOptions:
    """The method and its networks.

    Attributes:
        method: a key of `spikejax.deblur.METHODS`.
        weights: NAME=FILE for each network with weights other than those that ship.
        frames: images of a photograph.
        blind: whether BSN alone cleans the spikes.
        dtype: the type of the networks' activations.
    """

    # Plain text: importing the table of methods imports JAX, which --help must not wait for.
    method: Annotated[
        str,
        _option(
            _METHOD,
            "--method",
            "-m",
            metavar="NAME",
            help="student (LDN, one small network; the default), teacher (BSN and EDSR clean and "
            "enlarge the spikes, the model of the blur does the rest), stir (the teacher with STIR "
            "in place of BSN), or sdm (the model alone).",
        ),
    ] = "student"
    weights: Annotated[
        list[str] | None,
        _option(
            _METHOD,
            metavar="NAME=FILE",
            help="Weights of ldn, bsn, edsr or stir: .safetensors, .pth, or the folder of a "
            "training run; repeatable. Default: those that ship.",
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
            help="teacher: clean the spikes with BSN alone, as published, which ignores each "
            "pixel's own spikes.",
        ),
    ] = False
    dtype: Annotated[
        ActivationType | None,
        _option(_METHOD, help="Type of the networks' activations; default: float32."),
    ] = None

    def load(self, *, compared: bool) -> dict[str, Any]:
        """Loads the networks' weights.

        Args:
            compared: whether to load the networks of the sheet's other methods too, as far as
                their weights are available.

        Returns:
            Variables by network.

        Raises:
            ValueError: if there is no such method, it lacks weights, or an option does not apply
                to it.
            OSError: if a file cannot be read.
        """
        from spikejax import weights
        from spikejax.deblur import METHODS, find_method
        from spikejax.deblur.sheet import COMPARED

        method = find_method(self.method)
        methods = [method, *(METHODS[name] for name in COMPARED if compared)]
        networks = list(dict.fromkeys(name for each in methods for name in each.networks))
        if self.blind and not any(each.takes_blind for each in methods):
            raise ValueError(f"--blind: is for --method teacher; {self.method} has no BSN")
        paths = self._paths()
        for name in paths.keys() - set(networks):
            raise ValueError(f"--weights: the method {self.method} has no network {name}")
        available = {*paths, *weights.available()}
        if (problem := missing_weights(self.method, available)) is not None:
            raise ValueError(f"{problem}, or use --method sdm, which has no networks")
        return {n: weights.resolve(n, paths.get(n)) for n in networks if n in available}

    def images(
        self,
        source: "DeblurInput",
        networks: Mapping[str, Any],
        times: Sequence[int],
        method: str | None = None,
    ) -> "Iterator[tuple[int, np.ndarray]]":
        """Deblurs a photograph: pairs of a time and a linear image.

        Args:
            source: the photograph and its spikes.
            networks: variables by network, at least those of the method.
            times: the moments.
            method: another method than the chosen one.
        """
        import jax.numpy as jnp

        from spikejax.deblur import METHODS

        method = method or self.method
        return source.frames(
            method,
            times,
            weights={name: networks[name] for name in METHODS[method].networks},
            blind=self.blind,
            dtype=jnp.dtype("float32" if self.dtype is None else self.dtype.value),
        )

    def describe(self) -> str:
        """Returns the method's name and the files of its weights."""
        from spikejax.deblur import METHODS

        paths = self._paths()
        files = [str(paths[name]) for name in METHODS[self.method].networks if name in paths]
        return f"{self.method} with {', '.join(files)}" if files else self.method

    def _paths(self) -> dict[str, Path]:
        """Returns the files that `weights` names, by network."""
        from spikejax.deblur import METHODS

        known = dict.fromkeys(name for method in METHODS.values() for name in method.networks)
        paths: dict[str, Path] = {}
        for text in self.weights or ():
            name, _, path = text.partition("=")
            if name not in known or not path:
                raise ValueError(
                    f"--weights: expected NAME=FILE with {', '.join(known)} as the name, such as "
                    f"ldn=ldn.pth, got {text!r}"
                )
            if name in paths:
                raise ValueError(f"--weights: {name} appears twice, {paths[name]} and {path}")
            paths[name] = Path(path)
        return paths


def missing_weights(method: str, available: "set[str] | Mapping[str, Any]") -> str | None:
    """Returns a message about the weights that a method lacks, or None if it lacks none."""
    from spikejax.deblur import METHODS

    missing = METHODS[method].missing(available)
    if not missing:
        return None
    options = " and ".join(f"--weights {name}=FILE" for name in missing)
    return (
        f"{method}: the weights of {' and '.join(missing)} do not ship with this version; "
        f"pass {options}"
    )


@dataclasses.dataclass(frozen=True)
class ExposureOptions:
    """The exposure of the photograph, and the meaning of its values.

    Attributes:
        exposure: readouts of the exposure.
        margin: readouts of the recording before it.
        short: readouts of the short average.
        homography: a file with the matrix from photograph to result.
        encoding: the encoding of the photograph's values.
    """

    exposure: Annotated[
        int | None,
        _option(
            _EXPOSURE,
            help="Readouts of the photograph's exposure; default: 97, or all of a shorter "
            "recording.",
            min=1,
        ),
    ] = None
    margin: Annotated[
        int | None,
        _option(
            _EXPOSURE,
            help="Readouts of the recording before the exposure; default: as many as after it, or "
            "one fewer.",
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
            help="3x3 numbers, text or .npy, from pixels of the photograph to pixels of the "
            "result, whose size is 4 times that of the spikes. The photograph may then have any "
            "size.",
        ),
    ] = None
    encoding: Annotated[
        str,
        _option(
            _PHOTOGRAPH,
            metavar="linear|srgb|G",
            help="Encoding of stored values, of the photograph and of the images: linear (the "
            "default, as in the published data), the sRGB curve (a camera's JPEG), or value^G.",
        ),
    ] = "linear"

    def prepare(self) -> "DeblurSettings":
        """Reads the matrix and checks the options."""
        from spikejax.deblur import DeblurSettings
        from spikejax.formats.matrices import read_matrix

        if self.short is not None and self.short % 2 == 0:
            raise ValueError(f"--short: expected an odd number of readouts, got {self.short}")
        matrix = None if self.homography is None else read_matrix(self.homography)
        return DeblurSettings(
            exposure=self.exposure,
            margin=self.margin,
            short=self.short,
            homography=matrix,
            encoding=self.encoding,
        )
