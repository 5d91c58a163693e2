"""The drivers of methods that read a window of readouts around each centre."""

import functools
from collections.abc import Iterator

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial

from spikejax import ops
from spikejax.inference.centres import batches
from spikejax.inference.pipeline import pipelined
from spikejax.inference.source import Source, read_reflected

Pairs = Iterator[tuple[int, np.ndarray]]
"""Centres with their images (H, W) float32, ascending."""


def from_clipped_windows(
    source: Source,
    centres: np.ndarray,
    reconstruct: Partial,
    *,
    window: int,
    batch_size: int,
) -> Pairs:
    """Makes images by a method that handles missing readouts itself (TFP, TFI).

    Near the ends the window moves inside the recording, and the centre leaves its middle.

    Args:
        source: the recording.
        centres: (K,) ascending.
        reconstruct: spikes (window, H, W) and the centre's index in them -> (H, W).
        window: readouts that an image may depend on.
        batch_size: images per batch.

    Yields:
        Each centre with its image (H, W) float32.
    """
    readouts, _, width = source.shape
    length = min(window, readouts)

    def starts_of(plan: tuple[int, np.ndarray]) -> np.ndarray:
        return np.clip(plan[1] - window // 2, 0, readouts - length)

    def read(plan: tuple[int, np.ndarray]) -> np.ndarray:
        return np.stack([source.packed(s, s + length) for s in starts_of(plan).tolist()])

    def compute(plan: tuple[int, np.ndarray], packed: np.ndarray) -> jax.Array:
        places = jnp.asarray(plan[1] - starts_of(plan), jnp.int32)
        return _run_at(reconstruct, jnp.asarray(packed), places, width=width)

    for (count, batch), images in pipelined(batches(centres, batch_size), read, compute):
        yield from zip(batch[:count].tolist(), images, strict=False)


def from_reflected_windows(
    source: Source,
    centres: np.ndarray,
    reconstruct: Partial,
    *,
    window: int,
    batch_size: int,
) -> Pairs:
    """Makes images by a method that needs a full window (a network).

    Beyond the ends of the recording, time runs backward.

    Args:
        source: the recording.
        centres: (K,) ascending.
        reconstruct: spikes (B, window, H, W) -> (B, H, W).
        window: readouts that an image needs.
        batch_size: images per batch.

    Yields:
        Each centre with its image (H, W) float32.
    """
    width = source.shape[2]

    def read(plan: tuple[int, np.ndarray]) -> np.ndarray:
        starts = (plan[1] - window // 2).tolist()
        return np.stack([read_reflected(source, s, s + window) for s in starts])

    def compute(_: tuple[int, np.ndarray], packed: np.ndarray) -> jax.Array:
        return _run(reconstruct, jnp.asarray(packed), width=width)

    for (count, batch), images in pipelined(batches(centres, batch_size), read, compute):
        yield from zip(batch[:count].tolist(), images, strict=False)


@functools.partial(jax.jit, static_argnames="width")
def _run(reconstruct: Partial, packed: jax.Array, *, width: int) -> jax.Array:
    return reconstruct(ops.unpack_bits(packed, width))


@functools.partial(jax.jit, static_argnames="width")
def _run_at(reconstruct: Partial, packed: jax.Array, places: jax.Array, *, width: int) -> jax.Array:
    return jax.vmap(reconstruct)(ops.unpack_bits(packed, width), places)
