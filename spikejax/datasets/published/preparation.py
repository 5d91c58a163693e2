"""Preparation of datasets: published files, your own files or procedural scenes -> clips.

Each clip becomes one file, which `published.prepared` memory-maps; or the dataset becomes the TFDS
dataset of `published.builders`. A file is complete or absent, and a complete one is kept: the same
call continues a preparation that was interrupted.
"""

import dataclasses
import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from spikejax.datasets.published.clips import Clip, require_gains
from spikejax.datasets.published.layouts import LAYOUTS, find_clips
from spikejax.datasets.published.prepared import entry_of, read_index, write_clip, write_index
from spikejax.datasets.published.synthetic_clips import SYNTHETIC, SyntheticDataset
from spikejax.formats import FormatError, replacing

Progress = Callable[[Iterable[Any], str, int], Iterator[Any]]
"""Takes items, the work on them and their number; returns the items."""

NAMES = (*LAYOUTS, SYNTHETIC)
"""The datasets that can be prepared."""

FORMATS = ("mapped", "array_record")

_OWN = ("recordings", "pairs")  # the user's own files, which may not state their gain


class Openable(Protocol):
    """A clip that is read or generated when it is opened."""

    @property
    def name(self) -> str:
        """Unique within its split."""

    def open(self) -> Clip:
        """Reads or generates the clip."""


def prepare_dataset(
    name: str,
    data_dir: str | Path,
    *,
    manual_dir: str | Path | None = None,
    splits: Sequence[str] | None = None,
    format: str = "mapped",
    gain: float | None = None,
    synthetic: SyntheticDataset | None = None,
    overwrite: bool = False,
    progress: Progress = lambda items, *_: iter(items),
) -> dict[str, int]:
    """Prepares a dataset for training; continues where an earlier call was interrupted.

    Args:
        name: one of `NAMES`.
        data_dir: the folder of all datasets; this one goes to `data_dir / name`.
        manual_dir: the folder of the published files, or of your own.
        splits: the splits to prepare; None for all.
        format: 'mapped' writes one file per clip; 'array_record' writes a TFDS dataset.
        gain: spikes per readout at intensity 1, for your own files without a sidecar.
        synthetic: the options of 'spikejax_synthetic'; None for the defaults.
        overwrite: whether to replace existing splits.
        progress: called with the clips, the work on them and their number; returns the clips. Not
            used for 'array_record'.

    Returns:
        The number of clips of each split that was prepared.

    Raises:
        ValueError: if the name, a split or the format is unknown, an option does not apply to this
            dataset, a file is damaged, or the existing clips are from other files or options.
        OSError: if a file is missing, or cannot be read or written.
    """
    if name not in NAMES:
        raise ValueError(f"{name}: no such dataset; expected {', '.join(NAMES)}")
    if format not in FORMATS:
        raise ValueError(f"format={format!r}: expected {' or '.join(FORMATS)}")
    if synthetic is not None and name != SYNTHETIC:
        raise ValueError(f"synthetic: does not apply to {name}")
    if manual_dir is not None and name == SYNTHETIC:
        raise ValueError(f"manual_dir={manual_dir}: does not apply to {name}, which has no files")
    if gain is not None and name not in _OWN:
        raise ValueError(f"gain={gain:g}: does not apply to {name}")
    clips, origin = _find(name, manual_dir, gain, synthetic or SyntheticDataset())
    for split in splits or ():
        if split not in clips:
            raise ValueError(f"{name}: no split {split!r}; it has {', '.join(map(repr, clips))}")
    if format == "array_record":
        if name in _OWN or splits:
            raise ValueError(
                "format='array_record': only for published datasets, and all their splits"
            )
        _write_records(name, data_dir, manual_dir, synthetic, overwrite=overwrite)
    else:
        clips = {split: clips[split] for split in splits or clips}
        folder = Path(data_dir) / name
        write_clips(folder, clips, origin=origin, overwrite=overwrite, progress=progress)
    return {split: len(clips[split]) for split in clips}


def _find(
    name: str, manual_dir: str | Path | None, gain: float | None, synthetic: SyntheticDataset
) -> tuple[dict[str, Sequence[Openable]], dict[str, Any]]:
    """Returns the clips of each split, and their origin."""
    if name == SYNTHETIC:
        return dict(synthetic.splits()), dataclasses.asdict(synthetic)
    if manual_dir is None:
        raise ValueError(f"{name}: pass manual_dir=FOLDER, which holds {LAYOUTS[name].tree}")
    files = find_clips(name, manual_dir)
    origin: dict[str, Any] = {"manual_dir": str(Path(manual_dir).resolve())}
    if name in _OWN:
        files = {
            split: [dataclasses.replace(clip, gain=gain) for clip in clips]
            for split, clips in files.items()
        }
        for clips in files.values():
            require_gains(clips)
        origin["gain"] = gain
    return dict(files), origin


def write_clips(
    folder: Path,
    splits: Mapping[str, Sequence[Openable]],
    *,
    origin: dict[str, Any],
    overwrite: bool = False,
    progress: Progress = lambda items, *_: iter(items),
) -> None:
    """Writes the clips that are missing, then the index that marks the dataset as complete.

    Args:
        folder: the folder of the dataset.
        splits: the clips of each split.
        origin: the files or options of the clips, as JSON.
        overwrite: whether to replace these splits, whatever their origin.
        progress: as for `prepare_dataset`.

    Raises:
        ValueError: if the existing clips are of another origin, or two clips share a name.
        OSError: if a file cannot be read or written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _check_origin(folder, origin, splits, overwrite)
    for split, clips in splits.items():
        if len({clip.name for clip in clips}) < len(clips):
            raise ValueError(f"{folder / split}: two clips of {folder.name} have the same name")
        (folder / split).mkdir(exist_ok=True)
        for partial in (folder / split).glob(".*.part"):
            partial.unlink()  # from a process that was killed
    entries: dict[str, list[dict[str, Any]]] = {split: [] for split in splits}
    pairs = [(split, clip) for split, clips in splits.items() for clip in clips]
    for split, clip in progress(pairs, f"preparing clips of {folder.name}", len(pairs)):
        entries[split].append(_write(folder / split / f"{clip.name}.npz", clip))
    earlier = read_index(folder)["splits"] if (folder / "index.json").exists() else {}
    write_index(folder, earlier | entries)


def _check_origin(
    folder: Path,
    origin: dict[str, Any],
    splits: Mapping[str, Sequence[Openable]],
    overwrite: bool,
) -> None:
    """Records the origin of a dataset, or compares it with the recorded one."""
    note = folder / "origin.json"
    others = sorted({path.parent.name for path in folder.glob("*/*.npz")} - set(splits))
    if note.exists() and (others or not overwrite):
        before = json.loads(note.read_text(encoding="utf-8"))
        if before != origin:
            changed = next(k for k in before | origin if before.get(k) != origin.get(k))
            remedy = f"delete the split {others[0]!r}" if overwrite else "pass overwrite=True"
            raise ValueError(
                f"{folder}: was prepared with {changed} {before.get(changed)}, not "
                f"{origin.get(changed)}; {remedy} to replace it, or prepare in another folder"
            )
    if overwrite:
        _remove(folder, splits, others)
    with replacing(note) as temporary:
        temporary.write_text(json.dumps(origin), encoding="utf-8")


def _remove(folder: Path, splits: Mapping[str, Sequence[Openable]], others: Sequence[str]) -> None:
    """Removes splits from the index, then their files."""
    if others and (folder / "index.json").exists():
        entries = read_index(folder)["splits"]
        write_index(folder, {split: entries[split] for split in entries if split in others})
    else:
        (folder / "index.json").unlink(missing_ok=True)
    for split in splits:
        for path in (folder / split).glob("*.npz"):
            path.unlink()


def _write(path: Path, clip: Openable) -> dict[str, Any]:
    try:
        return entry_of(path)
    except (FileNotFoundError, FormatError):
        write_clip(path, clip.open())
        return entry_of(path)


def _write_records(
    name: str,
    data_dir: str | Path,
    manual_dir: str | Path | None,
    synthetic: SyntheticDataset | None,
    *,
    overwrite: bool,
) -> None:
    """Writes a TFDS dataset; TFDS writes all splits and starts over after an interruption."""
    import tensorflow_datasets as tfds

    import spikejax.datasets.published.builders  # noqa: F401 (registers)

    config = tfds.download.DownloadConfig(manual_dir=manual_dir)
    options = {} if synthetic is None else {"dataset": synthetic}
    builder = tfds.builder(name, data_dir=data_dir, **options)
    folder = Path(builder.data_dir)
    if folder.exists() and not overwrite:  # TFDS would keep it, whatever it holds
        raise ValueError(f"{folder}: already exists; pass overwrite=True to replace it")
    if folder.exists():
        shutil.rmtree(folder)
        builder = tfds.builder(name, data_dir=data_dir, **options)
    builder.download_and_prepare(download_config=config)
