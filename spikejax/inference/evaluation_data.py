"""Samples to evaluate on: folders of recordings with true images, and procedural scenes."""

import dataclasses
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from spikejax.formats import Recording, open_recording, read_image
from spikejax.inference.evaluation import Sample

Opener = Callable[[Path], Recording]

DEMO_READOUTS = 301
DEMO_GAIN = 0.6

_RECORDINGS = (".dat", ".npy", ".npz")
_KEYED = re.compile(r"_key_id([0-9]{1,9})$")
_CHUNK = 43  # readouts rendered at a time; divides 301


@dataclasses.dataclass(frozen=True)
class Pair:
    """The files of a sample.

    Attributes:
        recording: .dat, .npy or .npz.
        truth: .png.
        centre: the readout that the truth is of; None for the middle one.
    """

    recording: Path
    truth: Path
    centre: int | None

    def open(self, opener: Opener = open_recording) -> Sample:
        """Opens the recording and reads the truth; colour is weighed to grey.

        Raises:
            ValueError: if they do not fit each other, or a file is not what it should be.
            OSError: if a file cannot be read.
        """
        image = read_image(self.truth)
        if image.ndim == 3:
            image = image @ np.array([0.30, 0.59, 0.11], np.float32)  # as `camera.to_grey`
        recording = opener(self.recording)
        centre = len(recording) // 2 if self.centre is None else self.centre
        try:
            return Sample(self.recording.stem, recording, centre, image)
        except ValueError as error:
            recording.close()
            raise ValueError(f"{self.recording.parent}: {error} ({self.truth.name})") from None


def find_pairs(folder: str | Path, *, centre: int | None = None) -> list[Pair]:
    """Finds recordings with their true images.

    Either X.dat (.npy, .npz) beside X.png in the folder, or REDS_BASE's layout: recordings in
    `spike`, images in `gt`, in the folder or in its `test`. A name that ends in _key_idK says which
    readout the truth is of: the K-th, counted from 1.

    Args:
        folder: where they are.
        centre: the readout that the truths are of, counted from 0, where names do not say it; None
            for the middle ones.

    Returns:
        The pairs by name.

    Raises:
        OSError: if the folder is none, or a truth is missing.
        ValueError: if there is no recording in it, or the names say another centre.
    """
    folder = Path(folder)
    if not folder.exists():
        raise FileNotFoundError(f"{folder}: no such folder")
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder}: is a file; expected a folder of recordings")
    spikes, truths = _places(folder)
    recordings = sorted(p for p in spikes.iterdir() if p.suffix.lower() in _RECORDINGS)
    if not recordings:
        raise ValueError(
            f"{spikes}: holds no .dat, .npy or .npz; expected X.dat beside X.png, or the folders "
            "spike and gt (or test/spike and test/gt)"
        )
    pairs = [_pair(path, truths, centre) for path in recordings]
    absent = [pair.truth for pair in pairs if not pair.truth.is_file()]
    if absent:
        raise FileNotFoundError(
            f"{absent[0]}: no such file; {len(absent)} of {len(pairs)} recordings have no true "
            "image (X.png for X.dat)"
        )
    return pairs


def _places(folder: Path) -> tuple[Path, Path]:
    """Where recordings and where true images are."""
    for base in (folder, folder / "test"):
        if (base / "spike").is_dir():
            return base / "spike", base / "gt"
    return folder, folder


def _pair(path: Path, truths: Path, centre: int | None) -> Pair:
    keyed = _KEYED.search(path.stem)
    if keyed is not None:
        if centre is not None:
            raise ValueError(f"centre: {path.name} says itself of which readout its truth is")
        centre = int(keyed[1]) - 1
        if centre < 0:
            raise ValueError(f"{path}: _key_idK counts readouts from 1, got 0")
    return Pair(path, truths / f"{path.stem}.png", centre)


def open_pairs(pairs: list[Pair], opener: Opener = open_recording) -> Iterator[Sample]:
    """Opens samples one after another; each is closed when the next is asked for."""
    for pair in pairs:
        sample = pair.open(opener)
        with sample.recording:
            yield sample


def demo_samples(
    count: int, height: int, width: int, *, gain: float = DEMO_GAIN
) -> Iterator[Sample]:
    """Makes procedural scenes, for trying things out; they are no published benchmark.

    Scene n is `datasets.demo_scene` of seed n, 301 readouts long, recorded by the sensor 'ideal',
    which has no noise and no pattern; the truth is of readout 150. The scenes differ in the texture
    of the wall behind the same moving things.

    Args:
        count: how many.
        height: rows, at least 48.
        width: columns, at least 48.
        gain: spikes a readout at intensity 1.
    """
    for seed in range(count):
        yield _film(seed, height, width, gain)


def _film(seed: int, height: int, width: int, gain: float) -> Sample:
    import jax

    from spikejax.camera import SENSORS, simulate_stream
    from spikejax.datasets import demo_scene

    centre = DEMO_READOUTS // 2
    truth: list[np.ndarray] = []

    def pieces() -> Iterator[np.ndarray]:
        piece = []
        scene = demo_scene(np.random.default_rng(seed), DEMO_READOUTS, height, width)
        for n, image in enumerate(scene):
            piece.append(image)
            if n == centre:
                truth.append(image)
            if len(piece) == _CHUNK:
                yield np.stack(piece)
                piece.clear()

    sensor = dataclasses.replace(SENSORS["ideal"], gain=gain)
    spikes = [np.asarray(s) for s in simulate_stream(jax.random.key(seed), pieces(), sensor)]
    recording = Recording.from_array(np.concatenate(spikes), gain=gain)
    return Sample(f"demo_{seed}", recording, centre, truth[0])
