"""Options of a reconstruction: the method, its weights, the centres."""

import dataclasses
import enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spikejax.cli.options.values import parse_centres, parse_size

if TYPE_CHECKING:
    import numpy as np

    from spikejax.formats import Recording
    from spikejax.inference import Plan

_METHOD = "Method"


class ActivationType(enum.StrEnum):
    """The type of a network's activations."""

    float32 = "float32"
    bfloat16 = "bfloat16"


@dataclasses.dataclass(frozen=True)
class MethodOptions:
    """The options of a reconstruction.

    Attributes:
        method: the name of the method; None for the best one whose weights ship.
        weights: a network's weights.
        window: readouts that tfp averages, or tfi searches.
        centres: readouts whose images are wanted.
        stride: between two centres.
        batch_size: images per batch.
        tile: size of tiles, for sensors too big for memory.
        dtype: of a network's activations.
    """

    method: Annotated[
        str | None,
        typer.Option(
            "--method",
            "-m",
            help="{methods}. Default: {default_method}, whose weights are the best that ship.",
            show_default=False,
            rich_help_panel=_METHOD,
        ),
    ] = None
    weights: Annotated[
        Path | None,
        typer.Option(
            help="A network's weights: .safetensors, .pth, or the folder of a training run; "
            "default: those that ship.",
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
            help="Readouts from one image to the next. Default: 20; in a video fewer, if the "
            "recording is too short for 48 frames.",
            rich_help_panel=_METHOD,
            show_default=False,
        ),
    ] = None
    batch_size: Annotated[
        int | None,
        typer.Option(
            help="Images per batch; default: 8, or 1 for a network on a CPU.",
            rich_help_panel=_METHOD,
            show_default=False,
        ),
    ] = None
    tile: Annotated[
        str | None,
        typer.Option(
            help="Compute tiles of this size one after another, to save memory: 256 or 256x400.",
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

    def plan(self, recording: "Recording", *, single: bool, video: bool) -> "Plan":
        """Loads the weights and decides on the centres.

        Args:
            recording: the spikes.
            single: whether one image is wanted.
            video: whether a video is wanted.

        Raises:
            ValueError: if options contradict one another, the recording or the method.
        """
        import jax.numpy as jnp

        from spikejax import inference

        if self.stride is not None and (single or self.centres is not None):
            what = "a single image" if single else "--centres"
            raise ValueError(f"--stride: has no meaning with {what}")
        if self.method is None and self.weights is not None:
            raise ValueError("--weights: say with --method which network they are for")
        method = inference.create_method(
            self.method or inference.default_method(),
            weights=self.weights,
            window=self.window,
            dtype=None if self.dtype is None else jnp.dtype(self.dtype.value),
        )
        return inference.plan(
            recording,
            method,
            centres=self._centres(recording, method.window, single=single, video=video),
            batch_size=self.batch_size,
            tile=None if self.tile is None else parse_size(self.tile, "--tile"),
        )

    @property
    def remark(self) -> str:
        """What to say about the method behind its name, or nothing."""
        return "" if self.weights is None else f" with {self.weights}"

    def _centres(
        self, recording: "Recording", window: int, *, single: bool, video: bool
    ) -> "np.ndarray":
        from spikejax.inference import centres

        readouts = len(recording)
        if self.centres is not None:
            wanted = parse_centres(self.centres, readouts)
            if single and len(wanted) > 1:
                raise ValueError(
                    f"--centres: {len(wanted)} images need a folder (OUT/), .mp4 or .gif as output"
                )
            return centres.resolve_centres(wanted, readouts, window)
        if single:
            return centres.resolve_centres([readouts // 2], readouts, window)
        if video and self.stride is None:
            return centres.video_centres(readouts, window)
        return centres.resolve_centres(
            None, readouts, window, *([] if self.stride is None else [self.stride])
        )
