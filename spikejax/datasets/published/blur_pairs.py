"""Blurry photographs of one's own with the spikes of their exposures: what S-SDM is trained on.

`blur/X.png` with `spikes/X.dat`, and perhaps `sharp/X.png`, in a folder or in its `train` and
`test`. Photographs are four times as fine as spikes, and were exposed in the middle of them.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from spikejax.datasets.batch import CELL
from spikejax.datasets.procedural.photograph_pieces import SUFFIXES
from spikejax.datasets.published.clips import Clip, ClipFiles, require_gains

TREE = "blur/X.png (any image) with spikes/X.dat (.npy, .npz), and perhaps sharp/X.png"

SPLITS = ("train", "validation", "test")
_RECORDINGS = (".dat", ".npy", ".npz")


class BlurPair(NamedTuple):
    """The files of a photograph.

    Attributes:
        name: what they are all called, without the ending.
        blur: the photograph.
        spikes: the recording: .dat, .npy or .npz.
        sharp: the sharp image of the middle of the exposure, if there is one.
    """

    name: str
    blur: Path
    spikes: Path
    sharp: Path | None


def find_blur_pairs(folder: str | Path, *, split: str = "train") -> list[BlurPair]:
    """Finds photographs with their recordings.

    Args:
        folder: holds the folders `blur` and `spikes`, and perhaps `sharp`, or a folder a split
            that does.
        split: which; a folder that is not split is all 'train'.

    Returns:
        The pairs by name.

    Raises:
        OSError: if a folder is none, or a photograph or a recording is without the other.
        ValueError: if there is no such split, no photograph at all, or two files are of one name.
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
        alone = [name for name in some if name not in others]
        if alone:
            raise FileNotFoundError(
                f"{some[alone[0]]}: nothing of this name in {base / kind}; {len(alone)} of "
                f"{len(some)} are without"
            )
    return [BlurPair(n, blurry[n], recordings[n], sharp.get(n)) for n in sorted(blurry)]


def splits_of(folder: str | Path) -> list[str]:
    """The splits that a folder of pairs has, ['train'] if it is not split."""
    found = [split for split in SPLITS if (Path(folder) / split).is_dir()]
    whole = (Path(folder) / "blur").is_dir() and "train" not in found
    return ["train", *found] if whole or not found else found


def files_of_blur_pairs(
    folder: str | Path, *, split: str = "train", gain: float | None = None
) -> list[ClipFiles]:
    """Finds photographs with their recordings, as clips.

    Args:
        folder: as for `find_blur_pairs`, which see for the errors.
        split: likewise.
        gain: spikes a readout at intensity 1, where no sidecar says it.

    Raises:
        FileNotFoundError: also if some have a sharp image and others none.
    """
    pairs = find_blur_pairs(folder, split=split)
    without = [pair for pair in pairs if pair.sharp is None]
    if 0 < len(without) < len(pairs):
        raise FileNotFoundError(
            f"{without[0].blur}: there is no sharp image of this name; {len(without)} of "
            f"{len(pairs)} photographs have none: give them to all or to none"
        )
    return [
        ClipFiles(
            name=pair.name,
            recordings=(pair.spikes,),
            images=() if pair.sharp is None else (pair.sharp,),
            centres=() if pair.sharp is None else (None,),
            blur=pair.blur,
            gain=gain,
            scale=CELL,
            colour=True,
        )
        for pair in pairs
    ]


class BlurPairFolder:
    """Photographs of one's own with their recordings, to train on as they are.

    Spikes are read window by window, photographs whole: `prepare` makes many small files faster.

    Attributes:
        entries: of each clip `file`, `readouts`, `height`, `width`, `centres`, `blur`.
    """

    def __init__(
        self, folder: str | Path, *, split: str = "train", gain: float | None = None
    ) -> None:
        """Finds the pairs, and looks whether photographs and recordings fit by their sizes.

        Args:
            folder: as for `find_blur_pairs`.
            split: likewise.
            gain: spikes a readout at intensity 1, where no sidecar says it; only asked for where
                there are sharp images to compare with.

        Raises:
            OSError: as `find_blur_pairs`, or if some have a sharp image and others none.
            ValueError: as `find_blur_pairs`, or if nothing says a gain that is asked for, or
                sizes do not fit.
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
    """The files that end so, hidden ones left out, by their names without the ending."""
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in suffixes and not path.name.startswith("."):
            if path.stem in found:
                raise ValueError(f"{path}: {found[path.stem].name} has the same name; keep one")
            found[path.stem] = path
    return found
