"""Folders of recordings with true images."""

import dataclasses
import re
from pathlib import Path

_RECORDINGS = (".dat", ".npy", ".npz")
_KEYED = re.compile(r"_key_id([0-9]{1,9})$")


@dataclasses.dataclass(frozen=True)
class TruthPair:
    """The files of a recording and its true image.

    Attributes:
        recording: .dat, .npy or .npz.
        truth: .png.
        centre: the readout that the true image shows; None for the middle one.
    """

    recording: Path
    truth: Path
    centre: int | None


def find_truth_pairs(
    folder: str | Path, *, centre: int | None = None, split: str = "test"
) -> list[TruthPair]:
    """Finds recordings with their true images.

    Either X.dat (.npy, .npz) beside X.png in the folder, or REDS_BASE's layout: recordings in
    `spike`, images in `gt`, in the folder or in its `test` (or another split). A name that ends in
    _key_idK says which readout the true image shows: the K-th, counted from 1.

    Args:
        folder: folder of the files.
        centre: the readout that the true images show, counted from 0, if names do not say it; None
            for the middle ones.
        split: sub-folder to search if `folder` itself has no `spike`.

    Returns:
        The pairs, sorted by name.

    Raises:
        OSError: if there is no such folder, or a true image is missing.
        ValueError: if there is no recording in it, or names say the centre and `centre` is given.
    """
    folder = Path(folder)
    if not folder.exists():
        raise FileNotFoundError(f"{folder}: no such folder")
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder}: is a file; expected a folder of recordings")
    spikes, truths = _places(folder, split)
    recordings = sorted(p for p in spikes.iterdir() if p.suffix.lower() in _RECORDINGS)
    if not recordings:
        raise ValueError(
            f"{spikes}: holds no .dat, .npy or .npz; expected X.dat beside X.png, or the folders "
            f"spike and gt (or {split}/spike and {split}/gt)"
        )
    pairs = [_pair(path, truths, centre) for path in recordings]
    absent = [pair.truth for pair in pairs if not pair.truth.is_file()]
    if absent:
        raise FileNotFoundError(
            f"{absent[0]}: no such file; {len(absent)} of {len(pairs)} recordings have no true "
            "image (X.png for X.dat)"
        )
    return pairs


def _places(folder: Path, split: str) -> tuple[Path, Path]:
    """Returns the folders of recordings and of true images."""
    for base in (folder, folder / split):
        if (base / "spike").is_dir():
            return base / "spike", base / "gt"
    return folder, folder


def _pair(path: Path, truths: Path, centre: int | None) -> TruthPair:
    keyed = _KEYED.search(path.stem)
    if keyed is not None:
        if centre is not None:
            raise ValueError(f"centre: {path.name} says itself which readout its true image shows")
        centre = int(keyed[1]) - 1
        if centre < 0:
            raise ValueError(f"{path}: _key_idK counts readouts from 1, got 0")
    return TruthPair(path, truths / f"{path.stem}.png", centre)
