"""Folders of blurry photographs with their recordings, of one's own or as they were published."""

from pathlib import Path

from spikejax.datasets.procedural.photograph_pieces import SUFFIXES
from spikejax.datasets.published.blur_pairs import SPLITS, BlurPair, find_blur_pairs


def find_photographs(folder: str | Path) -> list[BlurPair]:
    """Finds photographs with their recordings.

    Args:
        folder: holds `blur` and `spikes`, as for `datasets.find_blur_pairs`; or
            `blur_data/SCENE/X.png` (or any image) with `spike_data/SCENE/X.dat`, as Spike-GOPRO's
            `train` and `test`, RSB, and what `spikejax simulate --blur` writes.

    Returns:
        The pairs by name, which is SCENE/X in the second case.

    Raises:
        OSError: if there is no such folder, or a recording is without its photograph.
        ValueError: if there are no recordings, or they are divided into splits, of which one is
            to be named.
    """
    folder = Path(folder)
    splits = [name for name in SPLITS if (folder / name).is_dir()]
    if splits and not (folder / "blur").is_dir() and not (folder / "spike_data").is_dir():
        raise ValueError(
            f"{folder}: is divided; name a part, {' or '.join(str(folder / n) for n in splits)}"
        )
    recorded = folder / "spike_data"
    if not recorded.is_dir():
        return find_blur_pairs(folder)
    recordings = sorted(recorded.glob("*/*.dat"))
    if not recordings:
        raise ValueError(f"{recorded}: holds no SCENE/X.dat")
    pairs = []
    for path in recordings:
        name = path.relative_to(recorded).with_suffix("")
        beside = folder / "blur_data" / name.parent
        found = [beside / f"{name.name}{suffix}" for suffix in SUFFIXES]
        found = [blur for blur in found if blur.is_file()]
        if not found:
            raise FileNotFoundError(f"{path}: has no photograph {beside / name.name}.png")
        pairs.append(BlurPair(name.as_posix(), found[0], path, None))
    return pairs
