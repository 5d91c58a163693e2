"""Folders of blurry photographs with the spikes of their exposures, the training data of S-SDM.

A folder, or each of its folders `train` and `test`, holds `blur/X.png` with `spikes/X.dat`, and
optionally `sharp/X.png`. Photographs have four times the resolution of the spikes. The exposure
lies in the middle of the recording.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from spikejax.camera.conventions import SCALE
from spikejax.datasets.procedural.photograph_pieces import SUFFIXES
from spikejax.datasets.published.clips import Clip, ClipFiles, require_gains

TREE = "blur/X.png (any image) with spikes/X.dat (.npy, .npz), and optionally sharp/X.png"

SPLITS = ("train", "validation", "test")
_RECORDINGS = (".dat", ".npy", ".npz")


class BlurPair(NamedTuple):
    """The files of a photograph and its spikes.

    Attributes:
        name: common name of the files, without suffix.
        blur: photograph.
        spikes: recording: .dat, .npy or .npz.
        sharp: sharp image of the middle of the exposure; None if there is none.
    """

    name: str
    blur: Path
    spikes: Path
    sharp: Path | None


def find_blur_pairs(folder: str | Path, *, split: str = "train") -> list[BlurPair]:
    """Finds photographs with their recordings.

    Args:
        folder: folder with the folders `blur`, `spikes` and optionally `sharp`, or with one such
            folder per split.
        split: the split; a folder without splits is all 'train'.

    Returns:
        The pairs, sorted by name.

    Raises:
        OSError: if there is no such folder, or a photograph has no recording or vice versa.
        ValueError: if there is no such split, there are no photographs, or two files have the same
            name.
    """
    base = _base(Path(folder), split)
    for kind in ("blur", "spikes"):
        if not (base / kind).is_dir():
            raise FileNotFoundError(f"{base / kind}: no such folder; expected {TREE}")
    blurry = _by_name(base / "blur", SUFFIXES)
    recordings = _by_name(base / "spikes", _RECORDINGS)
    sharp = _by_name(base / "sharp", SUFFIXES) if (base / "sharp").is_dir() else {}
    if not blurry:
        raise ValueError(f"{base / 'blur'}: holds no photographs; expected {TREE}")
    for some, others, kind in ((blurry, recordings, "spikes"), (recordings, blurry, "blur")):
        unmatched = [name for name in some if name not in others]
        if unmatched:
            raise FileNotFoundError(
                f"{some[unmatched[0]]}: no file of this name in {base / kind}; {len(unmatched)} of "
                f"{len(some)} have none"
            )
    return [BlurPair(n, blurry[n], recordings[n], sharp.get(n)) for n in sorted(blurry)]


def splits_of(folder: str | Path) -> list[str]:
    """Returns the splits of a folder of pairs, ['train'] for a folder without splits."""
    splits = [split for split in SPLITS if (Path(folder) / split).is_dir()]
    whole = (Path(folder) / "blur").is_dir() and "train" not in splits
    return ["train", *splits] if whole or not splits else splits


def files_of_blur_pairs(
    folder: str | Path, *, split: str = "train", gain: float | None = None
) -> list[ClipFiles]:
    """Finds photographs with their recordings, as clips.

    Args:
        folder: see `find_blur_pairs`.
        split: see `find_blur_pairs`.
        gain: spikes per readout at intensity 1, of recordings without a sidecar.

    Returns:
        The files of the clips.

    Raises:
        FileNotFoundError: if only some photographs have a sharp image; also as `find_blur_pairs`.
        ValueError: as `find_blur_pairs`.
    """
    pairs = find_blur_pairs(folder, split=split)
    without = [pair for pair in pairs if pair.sharp is None]
    if 0 < len(without) < len(pairs):
        raise FileNotFoundError(
            f"{without[0].blur}: there is no sharp image of this name; {len(without)} of "
            f"{len(pairs)} photographs have none; expected one for all or for none"
        )
    return [
        ClipFiles(
            name=pair.name,
            recordings=(pair.spikes,),
            images=() if pair.sharp is None else (pair.sharp,),
            centres=() if pair.sharp is None else (None,),
            blur=pair.blur,
            gain=gain,
            scale=SCALE,
            colour=True,
        )
        for pair in pairs
    ]


class BlurPairFolder:
    """A user folder of photographs with their recordings, for training without preparation.

    Spikes are read window by window, photographs as a whole. For many small files, a dataset from
    `prepare` is faster.

    Attributes:
        entries: for each clip `file`, `readouts`, `height`, `width`, `centres`, `blur`.
    """

    def __init__(
        self, folder: str | Path, *, split: str = "train", gain: float | None = None
    ) -> None:
        """Finds the pairs, and checks that the sizes of photographs and recordings fit.

        Args:
            folder: see `find_blur_pairs`.
            split: see `find_blur_pairs`.
            gain: spikes per readout at intensity 1, of recordings without a sidecar; required only
                with sharp images.

        Raises:
            OSError: as `find_blur_pairs`, or if only some photographs have a sharp image.
            ValueError: as `find_blur_pairs`, or if a required gain is unknown, or sizes do not fit.
        """
        self._clips = files_of_blur_pairs(folder, split=split, gain=gain)
        require_gains(self._clips)
        self.entries = [clip.facts() for clip in self._clips]

    def __len__(self) -> int:
        return len(self._clips)

    def __getitem__(self, index: int) -> Clip:
        return self._clips[index].open() | {"name": str(self._clips[index].recordings[0])}


def _base(folder: Path, split: str) -> Path:
    if not folder.exists():
        raise FileNotFoundError(f"{folder}: no such folder")
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder}: is a file; expected a folder with {TREE}")
    splits = splits_of(folder)
    if split not in splits:
        raise ValueError(f"{folder}: no split {split!r}; it has {', '.join(map(repr, splits))}")
    return folder / split if (folder / split).is_dir() else folder


def _by_name(folder: Path, suffixes: Iterable[str]) -> dict[str, Path]:
    """Finds the files with these suffixes, except hidden ones, by their names without suffix."""
    files: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in suffixes and not path.name.startswith("."):
            if path.stem in files:
                raise ValueError(f"{path}: {files[path.stem].name} has the same name; keep one")
            files[path.stem] = path
    return files
