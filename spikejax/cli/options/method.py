"""Options of how a recording is reconstructed, and what follows from them."""

import dataclasses
import enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from spikejax.cli.options.values import parse_centres, parse_size

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np

    from spikejax.formats import Recording

PREFERRED = ("stir", "lrn")
"""Networks, the one with the best weights first; the first whose weights ship is the default."""

_METHOD = "Method"
_VIDEO_STRIDES = (20, 10, 5, 4, 2, 1)  # divisors of 20: windows share blocks, which saves STIR work
_VIDEO_FRAMES = 48  # fewer are hardly a video


class ActivationType(enum.StrEnum):
    """The type of a network's activations."""

    float32 = "float32"
    bfloat16 = "bfloat16"


@dataclasses.dataclass(frozen=True)
class MethodOptions:
    """How a recording is reconstructed.

    Attributes:
        method: the method's name; None for the best that can be had.
        weights: a network's weights.
        window: readouts that tfp averages, or tfi searches.
        centres: readouts whose images are wanted.
        stride: between two centres.
        batch_size: images at a time.
        tile: size of pieces, for sensors too big for the memory.
        dtype: of a network's activations.
    """

    method: Annotated[
        str | None,
        typer.Option(
            "--method",
            "-m",
            help="tfp, tfi, tfstp, stir or lrn. Default: stir, whose weights are the best that "
            "ship; lrn takes a third of the time.",
            show_default=False,
            rich_help_panel=_METHOD,
        ),
    ] = None
    weights: Annotated[
        Path | None,
        typer.Option(
            help="A network's weights, .safetensors or .pth; default: those that ship.",
            rich_help_panel=_METHOD,
            show_default=False,
        ),
    ] = None
    window: Annotated[
        int | None,
        typer.Option(
            help="Readouts that tfp averages, or tfi searches; default: 41.",
            rich_help_panel=_METHOD,
            show_default=False,
        ),
    ] = None
    centres: Annotated[
        str | None,
        typer.Option(
            "--centres",
            "-c",
            help="Readouts whose images are wanted: 30,50,100:200:20 (STOP excluded). "
            "Default: the middle one for an image, else every --stride.",
            metavar="LIST",
            rich_help_panel=_METHOD,
            show_default=False,
        ),
    ] = None
    stride: Annotated[
        int | None,
        typer.Option(
            help="Readouts from one image to the next. Default: 20; in a video less, if the "
            f"recording is too short for {_VIDEO_FRAMES} frames.",
            rich_help_panel=_METHOD,
            show_default=False,
        ),
    ] = None
    batch_size: Annotated[
        int | None,
        typer.Option(
            help="Images at a time; default: 8, or 1 for a network on a CPU.",
            rich_help_panel=_METHOD,
            show_default=False,
        ),
    ] = None
    tile: Annotated[
        str | None,
        typer.Option(
            help="Compute pieces of this size one after another, to save memory: 256 or 256x400.",
            metavar="SIZE",
            rich_help_panel=_METHOD,
            show_default=False,
        ),
    ] = None
    dtype: Annotated[
        ActivationType | None,
        typer.Option(
            help="Type of a network's activations; default: float32.",
            rich_help_panel=_METHOD,
            show_default=False,
        ),
    ] = None

    def prepare(self, recording: "Recording", *, single: bool, video: bool) -> "Reconstruction":
        """Loads the weights and settles the centres.

        Args:
            recording: what is to be reconstructed.
            single: whether one image is wanted.
            video: whether a video is.

        Raises:
            ValueError: if options contradict one another, the recording or the method.
        """
        import jax.numpy as jnp

        from spikejax import inference

        if self.stride is not None and (single or self.centres is not None):
            what = "a single image" if single else "--centres"
            raise ValueError(f"--stride: has no meaning with {what}")
        tile = None if self.tile is None else parse_size(self.tile, "--tile")
        name = self._name()
        variables = self._variables(name)
        dtype = None if self.dtype is None else jnp.dtype(self.dtype.value)
        method = inference.create_method(
            name, recording.gain, weights_or_path=variables, window=self.window, dtype=dtype
        )
        return Reconstruction(
            recording,
            name,
            self._remark(name),
            self._centres(recording, method.window, single=single, video=video),
            {
                "weights": variables,
                "batch_size": self.batch_size,
                "tile": tile,
                "window": self.window,
                "dtype": dtype,
            },
        )

    def _name(self) -> str:
        from spikejax import weights

        if self.method is not None:
            return self.method
        if self.weights is not None:
            raise ValueError("--weights: say with --method which network they are for")
        return next((n for n in PREFERRED if n in weights.available()), "tfp")

    def _remark(self, name: str) -> str:
        if self.weights is not None:
            return f" with {self.weights}"
        if self.method is None and name not in PREFERRED:
            return " (no network's weights ship with this version)"
        return ""

    def _variables(self, name: str) -> Any:
        from spikejax import inference, weights
        from spikejax.inference.methods import load_weights

        networks = set(inference.method_names()) - set(inference.CLASSICAL)
        if name not in networks:
            return self.weights
        if self.weights is None and name not in weights.available():
            raise ValueError(f"{name}: its weights do not ship with this version; give --weights")
        return load_weights(name, self.weights)

    def _centres(
        self, recording: "Recording", window: int, *, single: bool, video: bool
    ) -> "np.ndarray":
        from spikejax.inference.centres import resolve_centres

        readouts = len(recording)
        if self.centres is not None:
            wanted = parse_centres(self.centres, readouts)
            if single and len(wanted) > 1:
                raise ValueError(
                    f"--centres: {len(wanted)} images need a folder (OUT/), .mp4 or .gif as output"
                )
            return resolve_centres(wanted, readouts, window, 1)
        if single:
            return resolve_centres([readouts // 2], readouts, window, 1)
        strides: tuple[int, ...] = (20,) if self.stride is None else (self.stride,)
        if video and self.stride is None:
            strides = _VIDEO_STRIDES
        for stride in strides:
            centres = resolve_centres(None, readouts, window, stride)
            if len(centres) >= _VIDEO_FRAMES:
                break
        return centres


@dataclasses.dataclass(frozen=True)
class Reconstruction:
    """A recording with the method and the centres that were settled for it.

    Attributes:
        recording: the spikes.
        name: the method.
        remark: what is to be said about it, or nothing.
        centres: (K,) ascending.
        options: further arguments of `spikejax.reconstruct`.
    """

    recording: "Recording"
    name: str
    remark: str
    centres: "np.ndarray"
    options: dict[str, Any]

    @property
    def stride(self) -> int | None:
        """Readouts from one image to the next; None if that differs, or there is one image."""
        steps = {int(s) for s in self.centres[1:] - self.centres[:-1]}
        return steps.pop() if len(steps) == 1 else None

    def images(self) -> "Iterator[tuple[int, np.ndarray]]":
        """Pairs of centre and image (H, W) float32, intensity."""
        from spikejax.inference import reconstruct

        return reconstruct(self.recording, self.name, centres=self.centres, **self.options)
