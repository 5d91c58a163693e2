"""Folders of blurry photographs with their recordings, your own or in a published layout."""

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

from spikejax.camera import ExposureTiming
from spikejax.datasets.procedural.photograph_pieces import SUFFIXES
from spikejax.datasets.published.blur_pairs import SPLITS, BlurPair, find_blur_pairs
from spikejax.deblur.input import DeblurInput, DeblurSettings, locate_exposure, open_input
from spikejax.formats import Recording, open_recording
from spikejax.formats.scene_folder import BLUR_DATA, SPIKE_DATA

_SETTINGS = DeblurSettings()


@dataclasses.dataclass(frozen=True)
class DeblurFolder:
    """The photographs of a folder, opened one at a time; from `open_folder`.

    Iteration yields pairs of a photograph's name and its `DeblurInput`.

    Attributes:
        files: the files of each photograph.
        exposures: the exposure of each photograph.
        settings: the facts about the photographs.
        opener: opens a recording.
    """

    files: tuple[BlurPair, ...]
    exposures: tuple[ExposureTiming, ...]
    settings: DeblurSettings
    opener: Callable[[Path], Recording]

    def __len__(self) -> int:
        return len(self.files)

    def __iter__(self) -> Iterator[tuple[str, DeblurInput]]:
        for pair in self.files:
            with self.opener(pair.spikes) as recording:
                source = open_input(pair.blur, recording, self.settings)
            yield pair.name, source


def open_folder(
    folder: str | Path,
    settings: DeblurSettings = _SETTINGS,
    *,
    opener: Callable[[Path], Recording] = open_recording,
) -> DeblurFolder:
    """Opens a folder of photographs with their recordings.

    Args:
        folder: as for `find_photographs`.
        settings: the facts about the photographs.
        opener: opens a recording; for recordings without a sidecar, a function that passes their
            size to `open_recording`.

    Returns:
        The photographs; each is read when the iteration reaches it.

    Raises:
        OSError: as `find_photographs`, or if a recording cannot be read.
        ValueError: as `find_photographs`, or if an exposure does not fit into its recording.
    """
    files = tuple(find_photographs(folder))
    exposures = []
    for pair in files:
        with opener(pair.spikes) as recording:
            exposures.append(locate_exposure(recording, settings)[0])
    return DeblurFolder(files, tuple(exposures), settings, opener)


def find_photographs(folder: str | Path) -> list[BlurPair]:
    """Finds photographs with their recordings.

    Args:
        folder: a folder with `blur` and `spikes`, as for `datasets.find_blur_pairs`; or with
            `blur_data/SCENE/X.png` (or any image) and `spike_data/SCENE/X.dat`, the layout of
            RSB, of `train` and `test` in Spike-GOPRO, and of `spikejax simulate --blur`.

    Returns:
        The pairs by name, which is SCENE/X in the second layout.

    Raises:
        OSError: if there is no such folder, or a recording has no photograph.
        ValueError: if there are no recordings, or the folder is divided into splits.
    """
    folder = Path(folder)
    splits = [name for name in SPLITS if (folder / name).is_dir()]
    if splits and not (folder / "blur").is_dir() and not (folder / SPIKE_DATA).is_dir():
        raise ValueError(
            f"{folder}: is divided; name a part, {' or '.join(str(folder / n) for n in splits)}"
        )
    recorded = folder / SPIKE_DATA
    if not recorded.is_dir():
        return find_blur_pairs(folder)
    recordings = sorted(recorded.glob("*/*.dat"))
    if not recordings:
        raise ValueError(f"{recorded}: holds no SCENE/X.dat")
    pairs = []
    for path in recordings:
        name = path.relative_to(recorded).with_suffix("")
        beside = folder / BLUR_DATA / name.parent
        candidates = [beside / f"{name.name}{suffix}" for suffix in SUFFIXES]
        photographs = [photograph for photograph in candidates if photograph.is_file()]
        if not photographs:
            raise FileNotFoundError(f"{path}: has no photograph {beside / name.name}.png")
        pairs.append(BlurPair(name.as_posix(), photographs[0], path, None))
    return pairs
