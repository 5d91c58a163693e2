"""Prepared datasets: one memory-mapped file per clip; reading a window reads only its bytes.

`FOLDER/NAME/index.json` lists the clips. `FOLDER/NAME/SPLIT/CLIP.npz` holds one clip: an
uncompressed .npz with the arrays of `published.clips`, which `np.load` reads too.
"""

import dataclasses
import functools
import json
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from spikejax.datasets.published.blur_pairs import BlurPairFolder
from spikejax.datasets.published.clips import Clip, RecordingFolder
from spikejax.formats import FormatError, replacing

VERSION = 1

_CHUNK_BYTES = 16 << 20
_REQUIRED = ("packed", "width", "gain", "rate_hz")


def open_prepared(folder: str | Path, name: str, *, split: str = "train") -> "Prepared":
    """Opens one split of a prepared dataset.

    Args:
        folder: the folder of the prepared datasets.
        name: the dataset: 'sreds', 'reds_base', ...
        split: 'train', 'validation', 'test', or another split of the dataset.

    Returns:
        The clips by index; their arrays are memory-mapped.

    Raises:
        FileNotFoundError: if the dataset is not prepared, or a file is missing.
        ValueError: if the dataset has no such split, or a file was changed or truncated.
    """
    base = Path(folder) / name
    command = f"spikejax prepare {name} --data-dir {folder}"
    if not base.is_dir():
        raise FileNotFoundError(f"{base}: no prepared dataset; run `{command} ...`")
    if not (base / "index.json").is_file():
        raise FileNotFoundError(
            f"{base}: the preparation did not finish; continue it with `{command} ...`"
        )
    splits = read_index(base)["splits"]
    if split not in splits:
        raise ValueError(f"{base}: no split {split!r}; it has {', '.join(map(repr, splits))}")
    for entry in splits[split]:
        path = base / split / entry["file"]
        if not path.is_file():
            raise FileNotFoundError(f"{path}: no such file; run `{command} ...` again")
        if path.stat().st_size != entry["bytes"]:
            raise FormatError(
                f"{path}: holds {path.stat().st_size} bytes, but index.json states "
                f"{entry['bytes']} (truncated?); delete it and run `{command} ...`"
            )
    return Prepared(base / split, splits[split])


def held_out_split(folder: str | Path, name: str) -> str:
    """Returns the split of a prepared dataset to evaluate on.

    Args:
        folder: the folder of the prepared datasets.
        name: the dataset.

    Returns:
        'validation' if the dataset has that split and no 'test'; otherwise 'test'.
    """
    base = Path(folder) / name
    splits = read_index(base)["splits"] if (base / "index.json").is_file() else {}
    return next((split for split in ("test", "validation") if split in splits), "test")


@dataclasses.dataclass(frozen=True)
class Prepared:
    """The clips of one split of a prepared dataset, by index; from `open_prepared`.

    Attributes:
        folder: the folder of the files.
        entries: the entries of index.json: file, bytes, readouts, height, width, centres.
    """

    folder: Path
    entries: list[dict[str, Any]]

    def __len__(self) -> int:
        return len(self.entries)

    def __getitem__(self, index: int) -> Clip:
        return dict(_mapped(self.folder / self.entries[index]["file"]))

    def __repr__(self) -> str:  # a data loader prints its source
        return f"Prepared({self.folder}, {len(self)} clips)"


def open_source(
    name: str, folder: str | Path, *, split: str = "train", gain: float | None = None
) -> Any:
    """Opens the clips that a configuration names, for `pipeline.windows`.

    Args:
        name: a prepared dataset, or 'recordings' or 'pairs' for your own folder.
        folder: the folder of the prepared datasets, or of the recordings or pairs.
        split: the split; a folder of recordings only has 'train'.
        gain: spikes per readout at intensity 1, of recordings or pairs without a sidecar.

    Returns:
        Clips by index.

    Raises:
        OSError: if the data does not exist.
        ValueError: if there is no such split, the gain of a recording is unknown, or `gain` is
            passed for a prepared dataset, which states it.
    """
    own = not (Path(folder) / name / "index.json").is_file()
    if name == "pairs" and own:
        return BlurPairFolder(folder, split=split, gain=gain)
    if name == "recordings" and own:
        if split != "train":
            raise ValueError(
                f"{folder}: a folder of recordings only has the split 'train', not {split!r}; "
                "pass the folder of those recordings"
            )
        return RecordingFolder(folder, gain=gain)
    if gain is not None:
        raise ValueError(f"gain: {Path(folder) / name} is prepared and states its gain; got {gain}")
    return open_prepared(folder, name, split=split)


def write_clip(path: Path, clip: Clip) -> None:
    """Writes a clip as an uncompressed .npz, atomically and in constant memory.

    Args:
        path: the file.
        clip: its arrays; `packed` may be anything that can be sliced along time.
    """
    with replacing(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for key, value in clip.items():
            lazy = value if hasattr(value, "shape") else np.asarray(value)
            kind = np.dtype(getattr(lazy, "dtype", np.uint8))
            header = {
                "descr": np.lib.format.dtype_to_descr(kind),
                "fortran_order": False,
                "shape": tuple(lazy.shape),
            }
            with archive.open(f"{key}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array_header_1_0(member, header)
                for piece in _pieces(lazy, kind):
                    member.write(np.ascontiguousarray(piece).tobytes())


def read_clip(path: Path) -> Clip:
    """Memory-maps the arrays of a clip.

    Args:
        path: a file from `write_clip`.

    Returns:
        The clip; its arrays are read-only.

    Raises:
        FileNotFoundError: if there is no such file.
        FormatError: if the file is truncated, damaged or of another kind.
    """
    try:
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            whole = np.memmap(file, np.uint8, "r").view(np.ndarray)
            clip = {
                info.filename.removesuffix(".npy"): _member(whole, file, info)
                for info in archive.infolist()
            }
        missing = [key for key in _REQUIRED if key not in clip]
        if missing:
            raise ValueError(f"it has no array {missing[0]!r}")
    except (ValueError, zipfile.BadZipFile, struct.error, KeyError) as error:
        raise FormatError(
            f"{path}: not a complete prepared clip ({error}); delete it and run "
            "`spikejax prepare` again"
        ) from None
    return clip


def entry_of(path: Path) -> dict[str, Any]:
    """Returns the index entry of a clip's file."""
    clip = read_clip(path)
    readouts, height, _ = clip["packed"].shape
    return {
        "file": path.name,
        "bytes": path.stat().st_size,
        "readouts": readouts,
        "height": height,
        "width": int(clip["width"]),
        "centres": clip["centres"].tolist() if "centres" in clip else None,
    }


def write_index(base: Path, splits: dict[str, list[dict[str, Any]]]) -> None:
    """Writes the index, which marks a dataset as complete."""
    with replacing(base / "index.json") as temporary:
        text = json.dumps({"version": VERSION, "name": base.name, "splits": splits})
        temporary.write_text(text, encoding="utf-8")


def read_index(base: Path) -> dict[str, Any]:
    """Reads the index of a dataset.

    Raises:
        FormatError: if the index is damaged or of another version.
    """
    path = base / "index.json"
    try:
        index = json.loads(path.read_text(encoding="utf-8"))
        version = index["version"]
    except (ValueError, TypeError, KeyError) as error:
        raise FormatError(
            f"{path}: not a dataset's index ({error}); run `spikejax prepare` again"
        ) from None
    if version != VERSION:
        raise FormatError(
            f"{path}: version {version}, expected {VERSION}; run `spikejax prepare` again"
        )
    return dict(index)


@functools.lru_cache(4096)
def _mapped(path: Path) -> Clip:
    return read_clip(path)


def _member(whole: Any, file: Any, info: zipfile.ZipInfo) -> Any:
    if info.compress_type != zipfile.ZIP_STORED:
        raise ValueError(f"{info.filename} is compressed")
    file.seek(info.header_offset + 26)  # the lengths of name and extra field
    file.seek(sum(struct.unpack("<HH", file.read(4))), 1)
    end = file.tell() + info.file_size
    np.lib.format.read_magic(file)
    shape, _, dtype = np.lib.format.read_array_header_1_0(file)
    if dtype.hasobject or end > len(whole):
        raise ValueError(f"{info.filename} is not an array, or truncated")
    return whole[file.tell() : end].view(dtype).reshape(shape)


def _pieces(array: Any, kind: np.dtype[Any]) -> Any:
    """Yields slices along the first axis of at most `_CHUNK_BYTES`."""
    if not array.shape:
        yield np.asarray(array)
        return
    each = int(np.prod(array.shape[1:], dtype=np.int64)) * kind.itemsize
    step = max(1, _CHUNK_BYTES // max(each, 1))
    for start in range(0, array.shape[0], step):
        yield array[start : start + step]
