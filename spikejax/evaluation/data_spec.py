"""Description of the data of an evaluation, shared by the Python API and the command lines.

This module imports only the standard library, so that a command line can list its options without
loading JAX.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from spikejax.evaluation.published import PUBLISHED

if TYPE_CHECKING:
    from spikejax.datasets.published.truth_pairs import TruthPair
    from spikejax.evaluation.samples import Samples
    from spikejax.formats import Recording

SYNTHETIC = "synthetic"
"""The name that stands for procedural scenes."""

_DEFAULT_SIZE = "192x256"
_DEFAULT_SCENES = 8
_SIZE = re.compile(r"\s*([1-9][0-9]{0,5})(?:[xX]([1-9][0-9]{0,5}))?\s*")


@dataclass(frozen=True)
class DataSpec:
    """Recordings with true images: a folder, a prepared dataset, or synthetic scenes.

    Each field has its description in `metadata["help"]`, and where they apply `"metavar"`, `"min"`
    and `"max"` of numbers, and `"argument"`, whether it is no option of a command line.

    Attributes:
        data: a folder, 'synthetic', or the name of a prepared dataset.
        folder: folder of the prepared datasets.
        split: split of a prepared dataset.
        height: rows.
        width: columns.
        gain: spikes per readout at intensity 1.
        no_flip: whether the top row is stored first.
        bit_order: which bit of a byte is the first pixel.
        stored_width: columns in the files, padding included.
        centre: the readout that the true images show.
        scenes: number of synthetic scenes.
        size: size of synthetic scenes, 'HEIGHTxWIDTH'.
        seed: seed of synthetic scenes.
    """

    data: str = field(
        default=SYNTHETIC,
        metadata={
            "argument": True,
            "help": "A folder: X.dat (.npy, .npz) beside X.png, or spike/X.dat and gt/X.png, or "
            "those two in its test/. Or 'synthetic': procedural scenes. Or the name of a dataset "
            "prepared in --folder. Default: synthetic.",
            "metavar": "DATA",
        },
    )
    folder: Path | None = field(
        default=None, metadata={"help": "Folder that the dataset DATA was prepared in."}
    )
    split: str | None = field(
        default=None,
        metadata={"help": "Split of a prepared dataset; default: test, else validation."},
    )
    height: int | None = field(
        default=None, metadata={"help": "Rows of a readout; default: from the sidecar."}
    )
    width: int | None = field(
        default=None, metadata={"help": "Columns of a readout; default: from the sidecar."}
    )
    gain: float | None = field(
        default=None,
        metadata={
            "help": "Spikes per readout at intensity 1; default: from the sidecar, else 1; "
            "synthetic: 0.6."
        },
    )
    no_flip: bool = field(
        default=False, metadata={"help": "The top row of a .dat is stored first."}
    )
    bit_order: Literal["little", "big"] | None = field(
        default=None,
        metadata={"help": "Which bit of a byte of a .dat is its first pixel; default: little."},
    )
    stored_width: int | None = field(
        default=None,
        metadata={"help": "Columns in the files, if those beyond the width are padding."},
    )
    centre: int | None = field(
        default=None,
        metadata={
            "help": "Readout (from 0) that the true images show, if names do not end in _key_idK "
            "(the K-th, from 1); default: the middle one."
        },
    )
    scenes: int | None = field(
        default=None,
        metadata={"help": f"Number of synthetic scenes; default: {_DEFAULT_SCENES}.", "min": 1},
    )
    size: str | None = field(
        default=None,
        metadata={
            "help": f"Size of synthetic scenes; default: {_DEFAULT_SIZE}.",
            "metavar": "SIZE",
        },
    )
    seed: int | None = field(
        default=None,
        metadata={"help": "Seed of synthetic scenes; default: 0.", "min": 0, "max": 2**31 - 1},
    )

    def open(self) -> "Samples":
        """Finds the samples; each recording is opened when its turn comes.

        Raises:
            ValueError: if fields do not go together, or the folder does not hold what it should;
                a message about a field starts with its name, 'split: ...'.
            OSError: if there is no such data.
        """
        if self.data == SYNTHETIC:
            return self._open_synthetic()
        return self._open_folder() if self.folder is None else self._open_prepared(self.folder)

    def _open_synthetic(self) -> "Samples":
        from spikejax.evaluation import samples

        self._refuse("has no meaning with synthetic scenes", *_OF_FILES, *_OF_PREPARED)
        height, width = _parse_size(self.size or _DEFAULT_SIZE)
        if not (16 <= height <= 2000 and 16 <= width <= 2000):
            raise ValueError(f"size: expected 16x16 to 2000x2000, got {height}x{width}")
        gain = samples.SCENE_GAIN if self.gain is None else self.gain
        if not 0 < gain <= 1:
            raise ValueError(
                f"gain: expected more than 0 and at most 1 for synthetic scenes, got {gain}"
            )
        count = _DEFAULT_SCENES if self.scenes is None else self.scenes
        if count < 1:
            raise ValueError(f"scenes: expected at least 1, got {count}")
        return samples.synthetic_samples(count, height, width, seed=self.seed or 0, gain=gain)

    def _open_prepared(self, folder: Path) -> "Samples":
        from spikejax.evaluation.samples import prepared_samples

        reason = "has no meaning with a prepared dataset, which states it"
        self._refuse(reason, *_OF_FILES, *_OF_SYNTHETIC, "gain")
        return prepared_samples(folder, self.data, split=self.split)

    def _open_folder(self) -> "Samples":
        from spikejax.datasets.published.truth_pairs import find_truth_pairs
        from spikejax.evaluation.samples import paired_samples

        self._refuse("only with synthetic scenes", *_OF_SYNTHETIC)
        self._refuse("only with the folder and the name of a prepared dataset", "split")
        if self.data in PUBLISHED and not Path(self.data).exists():
            raise ValueError(
                f"folder: expected the folder that {self.data} was prepared in, got none"
            )
        pairs = find_truth_pairs(self.data, centre=self.centre)
        images = "1 image" if len(pairs) == 1 else f"{len(pairs)} images"
        title = f"{images} of {self.data}, {self._gains(pairs)}"
        return paired_samples(pairs, title=title, opener=self._recording)

    def _refuse(self, reason: str, *names: str) -> None:
        for name in names:
            if getattr(self, name) not in (None, False):
                raise ValueError(f"{name}: {reason}")

    def _gains(self, pairs: "list[TruthPair]") -> str:
        """Says where the gains come from: a wrong one spoils every score."""
        from spikejax.formats import read_sidecar, sidecar_path

        if self.gain is not None:
            return f"gain {self.gain:g}"
        paths = [pair.recording for pair in pairs]
        without = sum(not sidecar_path(p).exists() or read_sidecar(p).gain is None for p in paths)
        if not without:
            return "gains of the sidecars"
        return f"gain 1 for the {without} where neither --gain nor a sidecar says it"

    def _recording(self, path: Path) -> "Recording":
        from spikejax.formats import open_recording

        return open_recording(
            path,
            self.height,
            self.width,
            gain=self.gain,
            flip=False if self.no_flip else None,
            bit_order=self.bit_order,
            stored_width=self.stored_width,
        )


_OF_FILES = ("height", "width", "no_flip", "bit_order", "stored_width", "centre")
_OF_PREPARED = ("folder", "split")
_OF_SYNTHETIC = ("scenes", "size", "seed")


def _parse_size(text: str) -> tuple[int, int]:
    match = _SIZE.fullmatch(text)
    if match is None:
        raise ValueError(f"size: expected HEIGHTxWIDTH, such as 250x400, got {text!r}")
    return int(match[1]), int(match[2] or match[1])
