"""Training batches of procedural scenes with simulated spikes, which need no download."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from spikejax.camera.conventions import SCALE
from spikejax.datasets.batch import Batch, Place, readouts_of, window_centres
from spikejax.datasets.procedural.cameras import record_scenes
from spikejax.datasets.procedural.illumination import draw_illumination
from spikejax.datasets.procedural.photograph_pieces import PhotographPieces
from spikejax.datasets.procedural.scenes import (
    Film,
    Scene,
    draw_canvases,
    draw_scenes,
    film,
    flow,
    interpolated,
)
from spikejax.datasets.procedural.synthetic_options import SyntheticOptions


def synthetic_batch(
    key: jax.Array,
    options: SyntheticOptions,
    *,
    count: int,
    first: int = 0,
    photographs: Any = None,
) -> Batch:
    """Makes a batch, or the part of it that one process needs.

    An example depends only on the key and on its index in the whole batch. Several processes that
    make a part each therefore make the same batch as one process.

    Args:
        key: JAX random key of the whole batch.
        options: options of the batch.
        count: B, number of examples to make.
        first: index of the first one in the whole batch.
        photographs: (G, 1 + L, C, S, S) pieces of photographs that replace the textures of the
            layers, for each of the G worlds that `worlds_of` counts.

    Returns:
        A dict of arrays: `spikes` (B, T, H, W) uint8, or (B, T, H / 4, W / 4) for colour scenes;
        `images` (B, N, H, W, C), the true intensity at each of the moments; `gain` (B,), spikes per
        readout at intensity 1; with an exposure `blur` (B, H, W, C); with `with_flow` also `flow`
        (B, J, 2, H, W, 2), backward from the centre of each of J windows to its first and last
        readout.
    """
    groups = jnp.array(worlds_of(options, count=count, first=first))
    places = jnp.arange(first, first + count)
    canvases, scenes, keys = _draw(key, groups, places, options)
    if photographs is not None:
        canvases = _painted_with(canvases, jnp.asarray(photographs, canvases.dtype))
    seen = film(
        canvases,
        scenes,
        options.scene,
        readouts=readouts_of(options.window, options.windows),
        moments=options.shown,
        exposure=options.exposure,
        cell=SCALE if options.scene.channels == 3 else 1,
    )
    light = seen.light
    if options.interpolated:
        light = _some_interpolated(light, keys, canvases, scenes, options)
    if options.dim:
        light, seen = _some_dimmed(light, seen, keys, options)
    spikes, gain = record_scenes(
        keys, light, gain=options.gain, ideal=options.ideal, ssdm=options.ssdm
    )
    batch = {"spikes": spikes, "images": seen.images, "gain": gain}
    if seen.blur is not None:
        batch["blur"] = seen.blur
    if options.with_flow:
        batch["flow"] = _flows(canvases, scenes, options)
    return batch


def worlds_of(options: SyntheticOptions, *, count: int, first: int = 0) -> range:
    """Returns the numbers of the worlds that the scenes of a batch, or a part of it, use.

    Args:
        options: options of the batch.
        count: B, number of examples to make.
        first: index of the first one in the whole batch.

    Returns:
        The numbers.
    """
    share = options.scene.share
    return range(first // share, (first + count - 1) // share + 1)


@jax.jit
def _painted_with(canvases: jax.Array, photographs: jax.Array) -> jax.Array:
    cover = canvases[:, :, -1:]
    return jnp.concatenate([photographs * cover, cover], 2)


# Separate programs: in a single one, XLA for CPUs draws and paints again whatever it looks up. That
# is 30 times slower.


@partial(jax.jit, static_argnames=("options",))
def _draw(
    key: jax.Array, groups: jax.Array, places: jax.Array, options: SyntheticOptions
) -> tuple[jax.Array, Scene, jax.Array]:
    of_canvas, of_scene = jax.random.split(key)
    canvases = draw_canvases(_keys(of_canvas, groups), options.scene)
    keys = jax.vmap(jax.random.split)(_keys(of_scene, places))
    worlds = places // options.scene.share - groups[0]
    return canvases, draw_scenes(keys[:, 0], worlds, options.scene), keys[:, 1]


def _some_interpolated(
    light: jax.Array, keys: jax.Array, canvases: jax.Array, scenes: Scene, options: SyntheticOptions
) -> jax.Array:
    """Replaces the light of some scenes, drawn at random, by that of an interpolated video."""
    video = interpolated(
        canvases,
        scenes,
        options.scene,
        readouts=light.shape[1],
        first=window_centres(options.window, options.windows)[0],
    )
    return _chosen(keys, light, video, float(options.interpolated))


@partial(jax.jit, static_argnames=("options",))
def _some_dimmed(
    light: jax.Array, seen: Film, keys: jax.Array, options: SyntheticOptions
) -> tuple[jax.Array, Film]:
    """Lights some scenes, drawn at random, dimly and unevenly."""
    keys = jax.vmap(partial(jax.random.fold_in, data=2000))(keys)
    height, width = light.shape[2:]
    factor = draw_illumination(keys, height, width, dim=options.dim, darkest=options.darkest)
    images = seen.images * factor[:, None, :, :, None]
    blur = None if seen.blur is None else seen.blur * factor[..., None]
    return light * factor[:, None], Film(light, images, blur)


@jax.jit
def _chosen(keys: jax.Array, light: jax.Array, video: jax.Array, share: float) -> jax.Array:
    draw = jax.vmap(lambda key: jax.random.bernoulli(jax.random.fold_in(key, 1000), share))
    return jnp.where(draw(keys)[:, None, None, None], video, light)


@partial(jax.jit, static_argnames=("options",))
def _flows(canvases: jax.Array, scenes: Scene, options: SyntheticOptions) -> jax.Array:
    times, half = _times(options), options.window // 2
    centres = jnp.array(window_centres(options.window, options.windows))
    ends = jnp.stack([centres - half, centres + half], -1)

    def one(scene: Scene, end: jax.Array, centre: jax.Array) -> jax.Array:
        return flow(canvases, scene, times[end], options.scene, since=times[centre])

    of_ends = jax.vmap(one, (None, 0, None))
    return jax.vmap(jax.vmap(of_ends, (None, 0, 0)), (0, None, None))(scenes, ends, centres)


def _times(options: SyntheticOptions) -> jax.Array:
    readouts = readouts_of(options.window, options.windows)
    return jnp.arange(readouts, dtype=jnp.float32) - (readouts - 1) / 2


def _keys(key: jax.Array, numbers: jax.Array) -> jax.Array:
    return jax.vmap(partial(jax.random.fold_in, key))(numbers)


class SyntheticBatches(Place):
    """An endless iterator over batches computed on the device; see `datasets.batches`."""

    def __init__(
        self,
        options: SyntheticOptions,
        *,
        batch_size: int,
        seed: int,
        process_index: int = 0,
        process_count: int = 1,
        photographs: PhotographPieces | None = None,
    ) -> None:
        """Starts at step 0.

        Args:
            options: options of the batches.
            batch_size: examples per step, of all processes together.
            seed: seed of the batches; equal seeds give equal batches.
            process_index: index of this process.
            process_count: number of processes.
            photographs: pieces of photographs that replace the textures; None for textures.

        Raises:
            ValueError: if the batch cannot be divided among the processes.
        """
        if batch_size % process_count:
            raise ValueError(
                f"batch_size: expected a multiple of the {process_count} processes, "
                f"got {batch_size}"
            )
        super().__init__(seed)
        self._options, self._photographs = options, photographs
        self._count = batch_size // process_count
        self._first = process_index * self._count

    def __iter__(self) -> "SyntheticBatches":
        return self

    def __next__(self) -> Batch:
        key = jax.random.fold_in(jax.random.key(self.seed), self.step)
        place = {"count": self._count, "first": self._first}
        pieces = None if self._photographs is None else self._pieces(self._photographs, place)
        self.step += 1
        return synthetic_batch(key, self._options, **place, photographs=pieces)

    def _pieces(self, photographs: PhotographPieces, place: dict[str, int]) -> np.ndarray:
        scene = self._options.scene
        return np.stack(
            [
                photographs.pieces(
                    np.random.default_rng((self.seed, self.step, world)),
                    1 + scene.layers,
                    scene.side,
                    channels=scene.channels,
                )
                for world in worlds_of(self._options, **place)
            ]
        )
