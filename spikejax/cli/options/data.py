"""What `spikejax evaluate` is run on: a folder, a prepared dataset or synthetic scenes."""

import dataclasses
import enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from spikejax.cli.options.recording import BitOrder, RecordingOptions
from spikejax.cli.options.values import parse_size

if TYPE_CHECKING:
    from spikejax.datasets.published.truth_pairs import Pair
    from spikejax.evaluation.samples import Samples
    from spikejax.formats import Recording

SYNTHETIC = "synthetic"
_DATA = "Data"


class Dataset(enum.StrEnum):
    """Published datasets that there are published numbers for."""

    sreds = "sreds"
    reds_base = "reds_base"


def _data(*names: str, help: str, **more: Any) -> Any:
    return typer.Option(*names, help=help, rich_help_panel=_DATA, show_default=False, **more)


@dataclasses.dataclass(frozen=True)
class DataOptions:
    """What is evaluated on.

    Attributes:
        data: a folder, 'synthetic', or a prepared dataset's name.
        folder: where prepared datasets are.
        split: of a prepared dataset.
        height: rows.
        width: columns.
        gain: spikes a readout at intensity 1.
        no_flip: whether the top row is stored first.
        bit_order: which bit of a byte comes first.
        stored_width: columns in the files, padding included.
        centre: the readout that the true images are of.
        scenes: how many synthetic ones.
        size: of the synthetic scenes.
        seed: of the synthetic scenes.
    """

    data: Annotated[
        str,
        typer.Argument(
            help="A folder: X.dat (.npy, .npz) beside X.png, or spike/X.dat and gt/X.png, or those "
            "two in its test/. Or 'synthetic': procedural scenes, made on the spot. Or the name of "
            "a dataset prepared in --folder.",
            metavar="DATA",
        ),
    ]
    folder: Annotated[
        Path | None, _data(help="Where DATA was prepared, if it is a dataset's name.")
    ] = None
    split: Annotated[
        str | None, _data(help="Of a prepared dataset; default: test, else validation.")
    ] = None
    height: Annotated[int | None, _data(help="Rows of a readout; else the sidecar's.")] = None
    width: Annotated[int | None, _data(help="Columns of a readout; else the sidecar's.")] = None
    gain: Annotated[
        float | None,
        _data(help="Spikes a readout at intensity 1; else the sidecar's, else 1; synthetic: 0.6."),
    ] = None
    no_flip: Annotated[bool, _data("--no-flip", help="The top row of a .dat is stored first.")] = (
        False
    )
    bit_order: Annotated[
        BitOrder | None, _data(help="Which bit of a .dat's byte is its first pixel; else little.")
    ] = None
    stored_width: Annotated[
        int | None, _data(help="Columns in the files, if those beyond the width are padding.")
    ] = None
    centre: Annotated[
        int | None,
        _data(
            help="Readout (from 0) that the true images are of, where names do not end in "
            "_key_idK (the K-th, from 1); default: the middle one."
        ),
    ] = None
    scenes: Annotated[int | None, _data(help="How many synthetic ones; default: 8.", min=1)] = None
    size: Annotated[
        str | None, _data(help="Of synthetic scenes; default: 192x256.", metavar="SIZE")
    ] = None
    seed: Annotated[
        int | None, _data(help="Of synthetic scenes; default: 0.", min=0, max=2**31 - 1)
    ] = None

    def open(self) -> "Samples":
        """The samples, each opened when it is its turn.

        Raises:
            ValueError: if options do not fit one another, or the folder is not what it should be.
            OSError: if there is no such data.
        """
        if self.data == SYNTHETIC:
            return self._open_synthetic()
        return self._open_folder() if self.folder is None else self._open_prepared(self.folder)

    def _open_synthetic(self) -> "Samples":
        from spikejax.evaluation import samples as data

        self._refuse("has no meaning with synthetic scenes", *_OF_FILES, *_OF_PREPARED)
        height, width = parse_size(self.size or "192x256", "--size")
        if not (16 <= height <= 2000 and 16 <= width <= 2000):
            raise ValueError(f"--size: expected 16x16 to 2000x2000, got {height}x{width}")
        gain = data.SCENE_GAIN if self.gain is None else self.gain
        if not 0 < gain <= 1:
            raise ValueError(
                f"--gain: expected more than 0 and at most 1 for synthetic scenes, got {gain}"
            )
        return data.synthetic_samples(
            8 if self.scenes is None else self.scenes, height, width, seed=self.seed or 0, gain=gain
        )

    def _open_prepared(self, folder: Path) -> "Samples":
        from spikejax.evaluation.samples import prepared_samples

        reason = "has no meaning with --folder: a prepared dataset knows it"
        self._refuse(reason, *_OF_FILES, *_OF_SYNTHETIC, "gain")
        return prepared_samples(folder, self.data, split=self.split)

    def _open_folder(self) -> "Samples":
        from spikejax.datasets.published.truth_pairs import find_pairs
        from spikejax.evaluation.samples import paired_samples

        self._refuse("only with synthetic scenes", *_OF_SYNTHETIC)
        self._refuse("only with --folder and the name of a prepared dataset", "split")
        if self.data in tuple(Dataset) and not Path(self.data).exists():
            raise ValueError(f"{self.data}: --folder says where that dataset was prepared")
        pairs = find_pairs(self.data, centre=self.centre)
        images = "1 image" if len(pairs) == 1 else f"{len(pairs)} images"
        title = f"{images} of {self.data}, {self._gains(pairs)}"
        return paired_samples(pairs, title=title, opener=self._recording)

    def _refuse(self, reason: str, *names: str) -> None:
        for name in names:
            if getattr(self, name) not in (None, False):
                raise ValueError(f"--{name.replace('_', '-')}: {reason}")

    def _gains(self, pairs: "list[Pair]") -> str:
        """Says where the gains come from: a wrong one spoils every number."""
        from spikejax.formats import read_sidecar, sidecar_path

        if self.gain is not None:
            return f"gain {self.gain:g}"
        paths = [pair.recording for pair in pairs]
        told = [p for p in paths if sidecar_path(p).exists() and read_sidecar(p).gain is not None]
        if len(told) == len(paths):
            return "gains of the sidecars"
        return f"gain 1 for the {len(paths) - len(told)} where neither --gain nor a sidecar says it"

    def _recording(self, path: Path) -> "Recording":
        return RecordingOptions(
            self.height,
            self.width,
            None,
            self.gain,
            self.no_flip,
            self.bit_order,
            self.stored_width,
        ).open_at(path)


_OF_FILES = ("height", "width", "no_flip", "bit_order", "stored_width", "centre")
_OF_PREPARED = ("folder", "split")
_OF_SYNTHETIC = ("scenes", "size", "seed")
