"""Samples of an evaluation, from folders, prepared datasets and procedural scenes."""

import dataclasses
import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from spikejax.camera import grey_of
from spikejax.datasets.published.truth_pairs import TruthPair
from spikejax.formats import Recording, Sidecar, open_recording, read_image
from spikejax.ops import unpack_bits

Opener = Callable[[Path], Recording]

SCENE_READOUTS = 201
SCENE_GAIN = 0.6

_CHUNK = 67  # readouts rendered at a time; divides 201
_PUBLISHED_SPLITS = {"sreds": "validation"}  # the others use 'test'
_HELD_OUT = 0x5EED  # folded into the keys, so that they differ from those of training scenes


@dataclasses.dataclass(frozen=True, eq=False)
class Sample:
    """A recording and the true image of one of its readouts.

    Attributes:
        name: shown in tables.
        recording: spikes (T, H, W) and their gain.
        centre: the readout.
        truth: (H, W) floating, intensity in [0, 1].
    """

    name: str
    recording: Recording
    centre: int
    truth: np.ndarray

    def __post_init__(self) -> None:
        readouts, *size = self.recording.shape
        if tuple(self.truth.shape) != tuple(size):
            shape = "x".join(map(str, self.truth.shape))
            raise ValueError(
                f"{self.name}: the true image is {shape}, the recording {size[0]}x{size[1]}"
            )
        if not 0 <= self.centre < readouts:
            raise ValueError(
                f"{self.name}: the true image is of readout {self.centre}, and the recording has "
                f"readouts 0 to {readouts - 1}"
            )


@dataclasses.dataclass(frozen=True)
class Samples:
    """Samples by number, each opened when its turn comes.

    Attributes:
        title: description of the samples.
        count: number of samples.
        get: number -> sample.
        published: name in `PUBLISHED` of the published dataset whose test set the samples are;
            None for other samples.
        identified: whether `published` is certain. It is not for a folder: only its user knows
            which dataset it holds.
    """

    title: str
    count: int
    get: Callable[[int], Sample]
    published: str | None = None
    identified: bool = False

    def take(self, numbers: Iterable[int]) -> Iterator[Sample]:
        """Yields samples one after another; each is closed when the next one is requested."""
        for number in numbers:
            sample = self.get(number)
            with sample.recording:
                yield sample


def paired_samples(
    pairs: Sequence[TruthPair], *, title: str, opener: Opener = open_recording
) -> Samples:
    """Returns the samples of a folder; colour images are converted to grey.

    Args:
        pairs: from `datasets.published.truth_pairs.find_truth_pairs`.
        title: description of the samples.
        opener: function that opens a recording.

    Returns:
        The samples; `get` raises ValueError if a recording and its true image do not fit each other
        or a file is malformed, and OSError if a file cannot be read.
    """
    return Samples(title, len(pairs), lambda number: _open_pair(pairs[number], opener))


def _open_pair(pair: TruthPair, opener: Opener) -> Sample:
    image = grey_of(read_image(pair.truth))
    recording = opener(pair.recording)
    centre = len(recording) // 2 if pair.centre is None else pair.centre
    try:
        return Sample(pair.recording.stem, recording, centre, image)
    except ValueError as error:
        recording.close()
        raise ValueError(f"{pair.recording.parent}: {error} ({pair.truth.name})") from None


def prepared_samples(folder: str | Path, name: str, *, split: str | None = None) -> Samples:
    """Returns the sharp images of a prepared dataset, see `datasets.published.prepared`.

    Args:
        folder: the data folder that the dataset was prepared in.
        name: 'sreds', 'reds_base', ...
        split: name of a split; None for 'test' if there is one, else 'validation'.

    Raises:
        OSError: if the dataset was not prepared, or a file is missing.
        ValueError: if there is no such split, a file was changed, or there is no image.
    """
    from spikejax.datasets.published.prepared import held_out_split, open_prepared

    split = split or held_out_split(folder, name)
    clips = open_prepared(folder, name, split=split)
    places = [
        (clip, image)
        for clip, entry in enumerate(clips.entries)
        for image in range(len(entry["centres"] or ()))
    ]
    if not places:
        raise ValueError(f"{Path(folder) / name}: the split {split!r} has no sharp images")

    def get(number: int) -> Sample:
        which, image = places[number]
        return _from_clip(Path(clips.entries[which]["file"]).stem, clips[which], image)

    title = f"{len(places)} images of {name}, split {split!r}"
    published = name if split == _PUBLISHED_SPLITS.get(name, "test") else None
    return Samples(title, len(places), get, published=published, identified=True)


def _from_clip(name: str, clip: dict[str, Any], image: int) -> Sample:
    source = _Packed(clip["packed"], int(clip["width"]))
    sidecar = Sidecar(gain=float(clip["gain"]), rate_hz=float(clip["rate_hz"]))
    truth = np.asarray(clip["images"][image])
    scale = truth.shape[0] / source.shape[1]
    if scale != 1:
        raise ValueError(
            f"{name}: its images are {scale:g} times as fine as its spikes; expected one size"
        )
    truth = grey_of(truth.astype(np.float32) / np.float32(np.iinfo(truth.dtype).max))
    return Sample(name, Recording.described(source, sidecar), int(clip["centres"][image]), truth)


class _Packed:
    """Packed readouts as the source of a recording.

    Attributes:
        shape: (T, H, W).
    """

    def __init__(self, packed: Any, width: int) -> None:
        self._packed = packed
        self.shape = (packed.shape[0], packed.shape[1], width)

    def read(self, index: Any) -> np.ndarray:
        unpacked: np.ndarray = unpack_bits(np.asarray(self._packed[index]), self.shape[2])
        return unpacked

    def read_packed(self, index: Any) -> np.ndarray:
        return np.array(self._packed[index])


def synthetic_samples(
    count: int, height: int, width: int, *, seed: int = 0, gain: float = SCENE_GAIN
) -> Samples:
    """Returns procedural scenes that are held out from training; not a published benchmark.

    Scene n of a seed is one of `datasets.procedural.scenes`. It has 201 readouts of the sensor
    'vidar' with its noise; the true image shows readout 100.

    Args:
        count: number of scenes.
        height: rows, at least 8.
        width: columns, at least 8.
        seed: the same seed gives the same scenes.
        gain: spikes per readout at intensity 1.
    """
    scenes = "1 procedural scene" if count == 1 else f"{count} procedural scenes"
    title = (
        f"{scenes} of spikejax.datasets.procedural.scenes (seed {seed}, held out from training; "
        f"{SCENE_READOUTS} readouts of {height}x{width}), spikes by the simulated sensor 'vidar' "
        f"with its noise, gain {gain:g}: no published benchmark"
    )

    def get(number: int) -> Sample:
        return _scene(seed, number, height, width, gain)

    return Samples(title, count, get, identified=True)


def _scene(seed: int, number: int, height: int, width: int, gain: float) -> Sample:
    import jax
    import jax.numpy as jnp

    from spikejax.camera import SENSORS, simulate_stream

    key = jax.random.fold_in(jax.random.fold_in(jax.random.key(seed), _HELD_OUT), number)
    scene_key, camera_key = jax.random.split(key)
    draw, light = _scenes(height, width)
    scene = draw(scene_key)
    centre = SCENE_READOUTS // 2

    def pieces() -> Iterator[Any]:
        for start in range(0, SCENE_READOUTS, _CHUNK):
            yield light(*scene, jnp.arange(start, start + _CHUNK, dtype=jnp.float32) - centre)

    sensor = dataclasses.replace(SENSORS["vidar"], gain=gain)
    spikes = [np.asarray(s) for s in simulate_stream(camera_key, pieces(), sensor)]
    truth = np.asarray(light(*scene, jnp.zeros(1))[0])
    recording = Recording.from_array(np.concatenate(spikes), gain=gain)
    return Sample(f"scene_{seed}_{number:04d}", recording, centre, truth)


@functools.cache
def _scenes(height: int, width: int) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Returns key -> (canvases, scene), and (canvases, scene, times (T,)) -> light (T, H, W)."""
    import jax
    import jax.numpy as jnp

    from spikejax.datasets.procedural.scenes import (
        SceneOptions,
        draw_canvases,
        draw_scenes,
        each,
        render,
    )

    options = SceneOptions(height=height, width=width, share=1)

    @jax.jit
    def draw(key: Any) -> Any:
        canvas_key, scene_key = jax.random.split(key)
        scenes = draw_scenes(scene_key[None], jnp.zeros(1, jnp.int32), options)
        return draw_canvases(canvas_key[None], options), jax.tree.map(lambda x: x[0], scenes)

    @jax.jit
    def light(canvases: Any, scene: Any, times: Any) -> Any:
        def show(time: Any) -> Any:
            return render(canvases, scene, time, options)[..., 0]

        return each(show, times, pixels=height * width)

    return draw, light
