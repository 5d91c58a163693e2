"""What methods are evaluated on: folders, prepared datasets, and procedural scenes."""

import dataclasses
import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from spikejax.camera.exposure import GREY_WEIGHTS
from spikejax.datasets.published.truth_pairs import Pair
from spikejax.evaluation.scoring import Sample
from spikejax.formats import Recording, Sidecar, open_recording, read_image
from spikejax.ops import unpack_bits

Opener = Callable[[Path], Recording]

SCENE_READOUTS = 201
SCENE_GAIN = 0.6

_CHUNK = 67  # readouts rendered at a time; divides 201
_PUBLISHED_SPLITS = {"sreds": "validation"}  # of others, 'test'
_HELD_OUT = 0x5EED  # parts the keys of these scenes from those that are trained on


@dataclasses.dataclass(frozen=True)
class Samples:
    """Samples by number, each opened when it is its turn.

    Attributes:
        title: what they are, in words.
        count: how many there are.
        get: number -> sample.
        published: the published dataset that they are the test set of, as
            `evaluation_published.PUBLISHED` names it; None for others.
    """

    title: str
    count: int
    get: Callable[[int], Sample]
    published: str | None = None

    def take(self, numbers: Iterable[int]) -> Iterator[Sample]:
        """Gives samples one after another; each is closed when the next is asked for."""
        for number in numbers:
            sample = self.get(number)
            with sample.recording:
                yield sample


def paired_samples(
    pairs: Sequence[Pair], *, title: str, opener: Opener = open_recording
) -> Samples:
    """The samples in a folder; colour is weighed to grey.

    Args:
        pairs: from `datasets.pairs.find_pairs`.
        title: what they are.
        opener: how a recording is opened.

    Returns:
        The samples; `get` raises ValueError if a recording and its truth do not fit each other or a
        file is not what it should be, and OSError if it cannot be read.
    """
    return Samples(title, len(pairs), lambda number: _open_pair(pairs[number], opener))


def _open_pair(pair: Pair, opener: Opener) -> Sample:
    image = _grey(read_image(pair.truth))
    recording = opener(pair.recording)
    centre = len(recording) // 2 if pair.centre is None else pair.centre
    try:
        return Sample(pair.recording.stem, recording, centre, image)
    except ValueError as error:
        recording.close()
        raise ValueError(f"{pair.recording.parent}: {error} ({pair.truth.name})") from None


def _grey(image: np.ndarray) -> np.ndarray:
    """(H, W) or (H, W, C) float32 -> (H, W)."""
    if image.ndim == 2:
        return image
    return image[..., 0] if image.shape[-1] == 1 else image @ np.array(GREY_WEIGHTS, np.float32)


def prepared_samples(folder: str | Path, name: str, *, split: str | None = None) -> Samples:
    """The sharp images of a prepared dataset, see `datasets.prepared`.

    Args:
        folder: the data folder that it was prepared in.
        name: 'sreds', 'reds_base', ...
        split: which of its splits; None for 'test' if it has one, else 'validation'.

    Raises:
        OSError: if it was not prepared, or a file is gone.
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
    return Samples(title, len(places), get, published=published)


def _from_clip(name: str, clip: dict[str, Any], image: int) -> Sample:
    source = _Packed(clip["packed"], int(clip["width"]))
    facts = Sidecar(gain=float(clip["gain"]), rate_hz=float(clip["rate_hz"]))
    truth = np.asarray(clip["images"][image])
    scale = truth.shape[0] / source.shape[1]
    if scale != 1:
        raise ValueError(
            f"{name}: its images are {scale:g} times as fine as its spikes; expected one size"
        )
    truth = _grey(truth.astype(np.float32) / np.float32(np.iinfo(truth.dtype).max))
    return Sample(name, Recording.described(source, facts), int(clip["centres"][image]), truth)


class _Packed:
    """Packed readouts as a recording's source.

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
    """Procedural scenes that nothing is trained on; they are no published benchmark.

    Scene n of a seed is one of `datasets.scenes`, 201 readouts long, recorded by the sensor 'vidar'
    with its noise; the truth is of readout 100.

    Args:
        count: how many.
        height: rows, at least 8.
        width: columns, at least 8.
        seed: the same seed, the same scenes.
        gain: spikes a readout at intensity 1.
    """
    scenes = "1 procedural scene" if count == 1 else f"{count} procedural scenes"
    title = (
        f"{scenes} of spikejax.datasets.procedural.scenes (seed {seed}, held out from training; "
        f"{SCENE_READOUTS} readouts of {height}x{width}), spikes by the simulated sensor 'vidar' "
        f"with its noise, gain {gain:g}: no published benchmark"
    )
    return Samples(title, count, lambda number: _scene(seed, number, height, width, gain))


def _scene(seed: int, number: int, height: int, width: int, gain: float) -> Sample:
    import jax
    import jax.numpy as jnp

    from spikejax.camera import SENSORS, simulate_stream

    key = jax.random.fold_in(jax.random.fold_in(jax.random.key(seed), _HELD_OUT), number)
    of_scene, of_camera = jax.random.split(key)
    draw, light = _scenes(height, width)
    drawn = draw(of_scene)
    centre = SCENE_READOUTS // 2

    def pieces() -> Iterator[Any]:
        for start in range(0, SCENE_READOUTS, _CHUNK):
            yield light(*drawn, jnp.arange(start, start + _CHUNK, dtype=jnp.float32) - centre)

    sensor = dataclasses.replace(SENSORS["vidar"], gain=gain)
    spikes = [np.asarray(s) for s in simulate_stream(of_camera, pieces(), sensor)]
    truth = np.asarray(light(*drawn, jnp.zeros(1))[0])
    recording = Recording.from_array(np.concatenate(spikes), gain=gain)
    return Sample(f"scene_{seed}_{number:04d}", recording, centre, truth)


@functools.cache
def _scenes(height: int, width: int) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Key -> canvases and scene; canvases, scene and times (T,) -> (T, H, W)."""
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
        of_canvas, of_scene = jax.random.split(key)
        scenes = draw_scenes(of_scene[None], jnp.zeros(1, jnp.int32), options)
        return draw_canvases(of_canvas[None], options), jax.tree.map(lambda x: x[0], scenes)

    @jax.jit
    def light(canvases: Any, scene: Any, times: Any) -> Any:
        def show(time: Any) -> Any:
            return render(canvases, scene, time, options)[..., 0]

        return each(show, times, pixels=height * width)

    return draw, light
