"""Prepared datasets: a file a clip, memory-mapped, so that a window costs no more than its bytes.

`FOLDER/NAME/index.json` says what is there, `FOLDER/NAME/SPLIT/CLIP.npz` holds one clip each: an
uncompressed .npz with the arrays of `published.clips`, which `np.load` reads as well.
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
        folder: the data folder that it was prepared in.
        name: the dataset: 'sreds', 'reds_base', ...
        split: 'train', 'validation', 'test', or another that the dataset has.

    Returns:
        The clips by index; their arrays are memory-mapped.

    Raises:
        FileNotFoundError: if it was not prepared, or a file is gone.
        ValueError: if there is no such split, or a file was changed or cut.
    """
    base = Path(folder) / name
    command = f"python -m spikejax.datasets.published.preparation {name} --data-dir {folder}"
    if not base.is_dir():
        raise FileNotFoundError(f"{base}: no prepared dataset; make it with `{command} ...`")
    if not (base / "index.json").is_file():
        raise FileNotFoundError(
            f"{base}: its preparation did not finish; continue it with `{command} ...`"
        )
    splits = read_index(base)["splits"]
    if split not in splits:
        raise ValueError(f"{base}: no split {split!r}; it has {', '.join(map(repr, splits))}")
    for entry in splits[split]:
        path = base / split / entry["file"]
        if not path.is_file():
            raise FileNotFoundError(f"{path}: no such file; make it again with `{command} ...`")
        if path.stat().st_size != entry["bytes"]:
            raise FormatError(
                f"{path}: holds {path.stat().st_size} bytes, but index.json says "
                f"{entry['bytes']} (truncated?); delete it and run `{command} ...`"
            )
    return Prepared(base / split, splits[split])


def held_out_split(folder: str | Path, name: str) -> str:
    """Says which split of a prepared dataset is there to test on.

    Args:
        folder: the data folder that it was prepared in.
        name: the dataset.

    Returns:
        'test' if it has one, else 'validation' if it has that, else 'test'.
    """
    base = Path(folder) / name
    splits = read_index(base)["splits"] if (base / "index.json").is_file() else {}
    return next((split for split in ("test", "validation") if split in splits), "test")


@dataclasses.dataclass(frozen=True)
class Prepared:
    """The clips of one split of a prepared dataset, by index; made by `open_prepared`.

    Attributes:
        folder: where the files are.
        entries: what index.json says of each: file, bytes, readouts, height, width, centres.
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
    """Opens what a configuration names, to be fed to `pipeline.windows`.

    Args:
        name: a prepared dataset's name, or 'recordings' or 'pairs' for a folder of one's own.
        folder: the data folder that it was prepared in, or the folder of recordings or pairs.
        split: which split; a folder of recordings has 'train' alone.
        gain: of recordings or pairs, where no sidecar says it.

    Returns:
        Clips by index.

    Raises:
        OSError: if there is no such data.
        ValueError: if there is no such split, or nothing says the gain of a recording, or it is
            said of a prepared dataset, which knows it.
    """
    own = not (Path(folder) / name / "index.json").is_file()
    if name == "pairs" and own:
        return BlurPairFolder(folder, split=split, gain=gain)
    if name == "recordings" and own:
        if split != "train":
            raise ValueError(
                f"{folder}: is a folder of recordings, all to train on; it has no split {split!r}: "
                "give the folder that holds those"
            )
        return RecordingFolder(folder, gain=gain)
    if gain is not None:
        raise ValueError(f"gain: {Path(folder) / name} is prepared and knows its gain; got {gain}")
    return open_prepared(folder, name, split=split)


def write_clip(path: Path, clip: Clip) -> None:
    """Writes a clip as an uncompressed .npz, whole or not at all, in constant memory.

    Args:
        path: the file.
        clip: its arrays; `packed` may be anything that is sliced along time.
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
        path: a file that `write_clip` wrote.

    Returns:
        The clip; its arrays are read-only.

    Raises:
        FileNotFoundError: if there is no such file.
        FormatError: if it is truncated, damaged or another kind of file.
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
            f"{path}: not a whole prepared clip ({error}); delete it and prepare again"
        ) from None
    return clip


def entry_of(path: Path) -> dict[str, Any]:
    """Describes a clip's file for the index."""
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
    """Declares a dataset complete."""
    with replacing(base / "index.json") as temporary:
        text = json.dumps({"version": VERSION, "name": base.name, "splits": splits})
        temporary.write_text(text, encoding="utf-8")


def read_index(base: Path) -> dict[str, Any]:
    """Reads what a dataset holds.

    Raises:
        FormatError: if the index is damaged or of another version.
    """
    path = base / "index.json"
    try:
        index = json.loads(path.read_text(encoding="utf-8"))
        version = index["version"]
    except (ValueError, TypeError, KeyError) as error:
        raise FormatError(f"{path}: not a dataset's index ({error}); prepare again") from None
    if version != VERSION:
        raise FormatError(f"{path}: version {version}, expected {VERSION}; prepare again")
    return dict(index)


@functools.lru_cache(4096)
def _mapped(path: Path) -> Clip:
    return read_clip(path)


def _member(whole: Any, file: Any, info: zipfile.ZipInfo) -> Any:
    if info.compress_type != zipfile.ZIP_STORED:
        raise ValueError(f"{info.filename} is compressed")
    file.seek(info.header_offset + 26)  # then come name and extra field
    file.seek(sum(struct.unpack("<HH", file.read(4))), 1)
    end = file.tell() + info.file_size
    np.lib.format.read_magic(file)
    shape, _, dtype = np.lib.format.read_array_header_1_0(file)
    if dtype.hasobject or end > len(whole):
        raise ValueError(f"{info.filename} is no array, or cut")
    return whole[file.tell() : end].view(dtype).reshape(shape)


def _pieces(array: Any, kind: np.dtype[Any]) -> Any:
    """Slices along the first axis of at most `_CHUNK_BYTES`."""
    if not array.shape:
        yield np.asarray(array)
        return
    each = int(np.prod(array.shape[1:], dtype=np.int64)) * kind.itemsize
    step = max(1, _CHUNK_BYTES // max(each, 1))
    for start in range(0, array.shape[0], step):
        yield array[start : start + step]
