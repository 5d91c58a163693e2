"""Clips: recordings with their images, from files or from a prepared dataset.

A clip is a mapping of numpy arrays, or of objects that can be sliced like them:

| key | meaning |
|---|---|
| `packed` | (T, H, ceil(W / 8)) uint8 spikes, upright, least significant bit first |
| `width` | W |
| `gain`, `rate_hz` | spikes per readout at intensity 1; readouts per second |
| `images` | (N, s H, s W, C) uint8 or uint16 over their whole range, linear intensity |
| `centres` | (N,) int32, the readouts of the images |
| `blur` | (s H, s W, 3) uint8 or uint16: the photograph over the exposure |
| `flow` | (N, H, W, 2) float32, at the readouts of the images |

`images` (with `centres`), `blur` and `flow` are optional. s is an integer, for example 4 for
Spike-GOPRO, whose photographs have four times the resolution of its spikes.
"""

import bisect
import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from spikejax.datasets.published.clip_images import alike, image_size, read_pixels
from spikejax.datasets.published.truth_pairs import find_truth_pairs
from spikejax.formats import FormatError, Recording, Sidecar, open_recording
from spikejax.formats.sidecar import read_sidecar, sidecar_path

Clip = dict[str, Any]


class PackedReadouts:
    """The packed readouts of consecutive recordings, read when they are sliced.

    Attributes:
        shape: (T, H, ceil(W / 8)).
    """

    def __init__(self, recordings: Sequence[Recording]) -> None:
        """Joins recordings of the same size along time."""
        self._recordings = recordings
        self._ends = np.cumsum([len(r) for r in recordings]).tolist()
        first = recordings[0]
        self.shape = (self._ends[-1], first.height, -(-first.width // 8))

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: Any) -> npt.NDArray[np.uint8]:
        time, *rest = index if isinstance(index, tuple) else (index,)
        start, stop, step = time.indices(len(self))
        pieces = [np.empty((0, *self.shape[1:]), np.uint8)]
        n = bisect.bisect_right(self._ends, start)
        while start < stop:
            before = self._ends[n] - len(self._recordings[n])
            end = min(stop, self._ends[n])
            pieces.append(self._recordings[n].packed(start - before, end - before))
            start, n = end, n + 1
        joined = pieces[1] if len(pieces) == 2 else np.concatenate(pieces)
        return joined[(slice(None, None, step), *rest)]


@dataclasses.dataclass(frozen=True, kw_only=True)
class ClipFiles:
    """The files of one clip, and facts that hold for all files of its dataset.

    Attributes:
        name: name of the clip, unique within its split.
        recordings: recordings, consecutive in time.
        images: sharp images.
        centres: the readouts of the images; None for the middle one.
        blur: blurry photograph.
        gain: spikes per readout at intensity 1, of recordings without a sidecar.
        rate_hz: readouts per second, of recordings without a sidecar.
        readouts: number of readouts that each recording must have; None for any.
        scale: resolution of the images relative to the spikes.
        colour: whether to keep the colour of the images instead of converting them to grey.
    """

    name: str
    recordings: tuple[Path, ...]
    images: tuple[Path, ...] = ()
    centres: tuple[int | None, ...] = ()
    blur: Path | None = None
    gain: float | None = None
    rate_hz: float | None = None
    readouts: int | None = None
    scale: int = 1
    colour: bool = False

    def open(self) -> Clip:
        """Reads the images and opens the recordings.

        Returns:
            The clip; its `packed` is read when it is sliced.

        Raises:
            ValueError: if the files do not fit one another, or one is invalid.
            OSError: if a file cannot be read.
        """
        blur = None if self.blur is None else read_pixels(self.blur, colour=True)
        images = [read_pixels(path, colour=self.colour) for path in self.images]
        sizes = [x.shape[:2] for x in [*images, blur] if x is not None]
        recordings = self._recordings(sizes)
        packed, first = PackedReadouts(recordings), recordings[0]
        clip: Clip = {
            "packed": packed,
            "width": first.width,
            "gain": np.float32(first.gain),
            "rate_hz": np.float32(first.rate_hz),
        }
        if images:
            middle = len(packed) // 2
            clip["images"] = np.stack(alike(images))
            centres = [middle if c is None else c for c in self.centres]
            clip["centres"] = np.array(centres, np.int32)
            if not all(0 <= c < len(packed) for c in centres):
                raise FormatError(
                    f"{self.images[-1]}: shows readout {max(centres)}, but "
                    f"{self.recordings[-1]} ends at readout {len(packed) - 1}"
                )
        if blur is not None:
            clip["blur"] = blur
        return clip

    def facts(self) -> dict[str, Any]:
        """Reads only the sizes of the files, and checks that they fit one another.

        Returns:
            The facts of the clip, see `cut.facts_of`, and `file`, the path of the recording.

        Raises:
            ValueError: as `open`, except for damage outside the headers.
            OSError: if a file cannot be read.
        """
        recordings = self._recordings([image_size(path) for path in self._image_files])
        readouts = sum(map(len, recordings))
        return {
            "file": str(self.recordings[0]),
            "readouts": readouts,
            "height": recordings[0].height,
            "width": recordings[0].width,
            "centres": [readouts // 2 if c is None else c for c in self.centres] or None,
            "blur": self.blur is not None,
        }

    @property
    def _image_files(self) -> list[Path]:
        return [*self.images, *([self.blur] if self.blur else [])]

    def _recordings(self, sizes: Sequence[tuple[int, ...]]) -> list[Recording]:
        """Opens the recordings, and checks that they fit images of these sizes."""
        opened = [self._recording(path, sizes[0] if sizes else None) for path in self.recordings]
        self._check(opened, sizes)
        return opened

    def _recording(self, path: Path, size: tuple[int, ...] | None) -> Recording:
        beside = read_sidecar(path) if sidecar_path(path).exists() else Sidecar()
        height, width = None, None
        if size is not None and path.suffix.lower() == ".dat":  # other files hold their size
            height, width = (n // self.scale for n in size)
        facts = beside.over(
            Sidecar(height=height, width=width, gain=self.gain, rate_hz=self.rate_hz)
        )
        return open_recording(
            path, facts.height, facts.width, gain=facts.gain, rate_hz=facts.rate_hz
        )

    def _check(self, recordings: list[Recording], sizes: Sequence[tuple[int, ...]]) -> None:
        height, width = recordings[0].shape[1:]
        for path, recording in zip(self.recordings, recordings, strict=True):
            if recording.shape[1:] != (height, width):
                raise FormatError(
                    f"{path}: readouts of {recording.height}x{recording.width}, but those of "
                    f"{self.recordings[0].name} are {height}x{width}"
                )
            if self.readouts not in (None, len(recording)):
                raise FormatError(
                    f"{path}: {len(recording)} readouts of {height}x{width}, "
                    f"expected {self.readouts}"
                )
        for path, size in zip(self._image_files, sizes, strict=True):
            if size != (self.scale * height, self.scale * width):
                ratio = ""
                if self.scale > 1:
                    ratio = f", {self.scale} times as many each way, not " + _times(
                        size[0] / height, size[1] / width
                    )
                raise FormatError(
                    f"{path}: {size[0]}x{size[1]} pixels do not fit readouts of "
                    f"{height}x{width} ({self.recordings[0].name}); expected "
                    f"{self.scale * height}x{self.scale * width}{ratio}"
                )


class RecordingFolder:
    """A user folder of recordings with their sharp images, for training without preparation.

    Either X.dat (.npy, .npz) beside X.png, or the folders `spike` and `gt`; see `find_truth_pairs`.
    Spikes are read window by window, images as a whole. For many small files, a dataset from
    `prepare` is faster.
    """

    def __init__(self, folder: str | Path, *, gain: float | None = None) -> None:
        """Finds the pairs.

        Args:
            folder: folder of the files.
            gain: spikes per readout at intensity 1, of recordings without a sidecar.

        Raises:
            OSError: if there is no such folder, or an image is missing.
            ValueError: if there is no recording in it, or the gain of one is unknown.
        """
        self._clips = files_of_pairs(folder, gain=gain)
        require_gains(self._clips)

    def __len__(self) -> int:
        return len(self._clips)

    def __getitem__(self, index: int) -> Clip:
        return self._clips[index].open() | {"name": str(self._clips[index].recordings[0])}


def files_of_pairs(
    folder: str | Path, *, gain: float | None = None, rate_hz: float | None = None
) -> list[ClipFiles]:
    """Finds recordings that have one sharp image each, as clips.

    Args:
        folder: folder of the files, see `find_truth_pairs`; a folder `test` in it is not searched.
        gain: spikes per readout at intensity 1, of recordings without a sidecar.
        rate_hz: readouts per second, of recordings without a sidecar.

    Returns:
        The files of the clips.

    Raises:
        OSError: if there is no such folder, or an image is missing.
        ValueError: if there is no recording in it.
    """
    return [
        ClipFiles(
            name=pair.recording.stem,
            recordings=(pair.recording,),
            images=(pair.truth,),
            centres=(pair.centre,),
            gain=gain,
            rate_hz=rate_hz,
        )
        for pair in find_truth_pairs(folder, split="train")
    ]


def require_gains(clips: Sequence[ClipFiles]) -> None:
    """Checks that the gain of each clip with images is known, since training depends on it.

    Raises:
        ValueError: if neither the clip nor a sidecar states the gain.
    """
    unknown = [
        path
        for clip in clips
        if clip.gain is None and clip.images
        for path in clip.recordings
        if not sidecar_path(path).exists() or read_sidecar(path).gain is None
    ]
    if unknown:
        raise ValueError(
            f"{unknown[0]}: no sidecar states its gain, spikes per readout at intensity 1 "
            f"({len(unknown)} of {len(clips)} recordings); set data.recording_gain to train on "
            "them, or --gain to prepare them"
        )


def _times(down: float, across: float) -> str:
    return f"{down:.3g}" if down == across else f"{down:.3g} down and {across:.3g} across"
