"""Batches of several windows a scene, as batches of windows.

A batch has `images` (B, J, H, W, 1), the intensity at the centres of J windows that begin 20
readouts apart, `gain` (B,), spikes a readout at intensity 1, and their spikes (B, T, H, W), packed
or not, T = L + 20 (J - 1). The networks predict spikes a readout, intensity times gain.
"""

import jax.numpy as jnp
from jax import Array

from spikejax.datasets.batch import STRIDE, readouts_of, spikes_of
from spikejax.tasks.task import Batch


def _images(batch: Batch) -> Array:
    """The images of a batch, after a look at whether they are such as tasks train on."""
    if "images" not in batch:
        raise ValueError(
            f"batch: expected 'images' to train on, got {sorted(batch)}: these data have none"
        )
    shape = batch["images"].shape
    if len(shape) != 5 or shape[-1] != 1:
        raise ValueError(f"images: expected gray ones, (B, J, H, W, 1), got {shape}")
    name = "packed" if "packed" in batch else "spikes"
    if name in batch:
        size, found = (shape[2], shape[3]), batch[name].shape[2:]
        expected = (size[0], -(-size[1] // 8)) if name == "packed" else size
        if found != expected:
            raise ValueError(
                f"images: expected them of the size of the spikes, got {size[0]}x{size[1]} "
                f"beside {name} of {batch[name].shape}"
            )
    return batch["images"]


def first_counted(batch: Batch) -> int:
    """The first window whose prediction counts in training: of several, the second.

    So it is in STIR's published training.
    """
    return min(1, _images(batch).shape[1] - 1)


def spikes(batch: Batch, length: int, *, first: int = 0) -> Array:
    """The windows from the given one on, (B (J - first), L, H, W) uint8, scene by scene."""
    count = _images(batch).shape[1]
    stream = spikes_of(batch)
    expected = readouts_of(length, count)
    if stream.shape[1] != expected:
        raise ValueError(
            f"expected {expected} readouts for {count} windows of {length}, got {stream.shape[1]}"
        )
    parts = [stream[:, STRIDE * j : STRIDE * j + length] for j in range(first, count)]
    return jnp.stack(parts, 1).reshape(-1, length, *stream.shape[2:])


def images(batch: Batch, *, first: int = 0) -> Array:
    """The intensity at their centres, (B (J - first), H, W, 1)."""
    kept = _images(batch)[:, first:]
    return kept.reshape(-1, *kept.shape[2:])


def gain(batch: Batch, *, first: int = 0) -> Array:
    """The gain of each, (B (J - first), 1, 1, 1)."""
    return jnp.repeat(batch["gain"], _images(batch).shape[1] - first)[:, None, None, None]


def rates(batch: Batch, *, first: int = 0) -> Array:
    """What a network should predict: intensity times gain, (B (J - first), H, W, 1)."""
    target = images(batch, first=first)
    return target * jnp.broadcast_to(gain(batch, first=first), target.shape)


def intensity(predicted: Array, batch: Batch) -> Array:
    """Predicted spikes a readout of all windows -> intensity in [0, 1]."""
    return jnp.clip(predicted / jnp.broadcast_to(gain(batch), predicted.shape), 0.0, 1.0)


def preview(batch: Batch, length: int) -> Array:
    """The mean of the middle third of the windows (TFP), as intensity, (B J, H, W, 1)."""
    third = length // 3
    middle = spikes(batch, length)[:, third : length - third].astype(jnp.float32)
    return intensity(middle.mean(1)[..., None], batch)
