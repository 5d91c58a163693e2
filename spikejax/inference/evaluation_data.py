"""Samples to evaluate on: folders of recordings with true images, and procedural scenes."""

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from spikejax.datasets.pairs import Pair, find_pairs
from spikejax.formats import Recording, open_recording, read_image
from spikejax.inference.evaluation import Sample

__all__ = [
    "DEMO_GAIN",
    "DEMO_READOUTS",
    "Opener",
    "Pair",
    "demo_samples",
    "find_pairs",
    "open_pairs",
]

Opener = Callable[[Path], Recording]

DEMO_READOUTS = 301
DEMO_GAIN = 0.6

_CHUNK = 43  # readouts rendered at a time; divides 301


def open_pairs(pairs: list[Pair], opener: Opener = open_recording) -> Iterator[Sample]:
    """Opens samples one after another; each is closed when the next is asked for.

    Colour is weighed to grey.

    Raises:
        ValueError: if a recording and its truth do not fit each other, or a file is not what it
            should be.
        OSError: if a file cannot be read.
    """
    for pair in pairs:
        sample = _open(pair, opener)
        with sample.recording:
            yield sample


def _open(pair: Pair, opener: Opener) -> Sample:
    image = read_image(pair.truth)
    if image.ndim == 3:
        image = image @ np.array([0.30, 0.59, 0.11], np.float32)  # as `camera.to_grey`
    recording = opener(pair.recording)
    centre = len(recording) // 2 if pair.centre is None else pair.centre
    try:
        return Sample(pair.recording.stem, recording, centre, image)
    except ValueError as error:
        recording.close()
        raise ValueError(f"{pair.recording.parent}: {error} ({pair.truth.name})") from None


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
