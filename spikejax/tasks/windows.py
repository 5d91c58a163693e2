"""Conversion of batches of scenes with several windows each to batches of windows.

A batch has `images` (B, J, H, W, 1), the intensity at the centres of J windows that begin 20
readouts apart, `gain` (B,), spikes per readout at intensity 1, and their spikes (B, T, H, W),
packed or not, T = L + 20 (J - 1). The networks predict spikes per readout, intensity times gain.
"""

import jax
import jax.numpy as jnp

from spikejax.camera.conventions import STRIDE
from spikejax.datasets.batch import readouts_of, spikes_of
from spikejax.tasks.task import Batch


def _images(batch: Batch) -> jax.Array:
    """Returns the images of a batch; raises ValueError if tasks cannot train on them."""
    if "images" not in batch:
        raise ValueError(
            f"batch: expected 'images' to train on, got {sorted(batch)}; the data have none"
        )
    shape = batch["images"].shape
    if len(shape) != 5 or shape[-1] != 1:
        raise ValueError(f"images: expected grey images (B, J, H, W, 1), got {shape}")
    name = "packed" if "packed" in batch else "spikes"
    if name in batch:
        size, of_spikes = (shape[2], shape[3]), batch[name].shape[2:]
        expected = (size[0], -(-size[1] // 8)) if name == "packed" else size
        if of_spikes != expected:
            raise ValueError(
                f"images: expected the size of the spikes, got {size[0]}x{size[1]} with {name} of "
                f"{batch[name].shape}"
            )
    return batch["images"]


def first_counted(batch: Batch) -> int:
    """Returns the first window that counts in training: the second of several, as published."""
    return min(1, _images(batch).shape[1] - 1)


def spikes(batch: Batch, length: int, *, first: int = 0) -> jax.Array:
    """Returns the windows from `first` on, (B (J - first), L, H, W) uint8, scene by scene."""
    stacked = sequences(batch, length, first=first)
    return stacked.reshape(-1, *stacked.shape[2:])


def sequences(batch: Batch, length: int, *, first: int = 0) -> jax.Array:
    """Returns the windows of each scene from `first` on, (B, J - first, L, H, W) uint8."""
    count = _images(batch).shape[1]
    stream = spikes_of(batch)
    expected = readouts_of(length, count)
    if stream.shape[1] != expected:
        raise ValueError(
            f"expected {expected} readouts for {count} windows of {length}, got {stream.shape[1]}"
        )
    parts = [stream[:, STRIDE * j : STRIDE * j + length] for j in range(first, count)]
    return jnp.stack(parts, 1)


def images(batch: Batch, *, first: int = 0) -> jax.Array:
    """Returns the intensity at the centres of windows, (B (J - first), H, W, 1)."""
    kept = _images(batch)[:, first:]
    return kept.reshape(-1, *kept.shape[2:])


def gain(batch: Batch, *, first: int = 0) -> jax.Array:
    """Returns the gain of each window, (B (J - first), 1, 1, 1)."""
    return jnp.repeat(batch["gain"], _images(batch).shape[1] - first)[:, None, None, None]


def rates(batch: Batch, *, first: int = 0) -> jax.Array:
    """Returns the targets of a network, intensity times gain, (B (J - first), H, W, 1)."""
    target = images(batch, first=first)
    return target * jnp.broadcast_to(gain(batch, first=first), target.shape)


def intensity(predicted: jax.Array, batch: Batch) -> jax.Array:
    """Converts predicted spikes per readout of all windows to intensity in [0, 1]."""
    return jnp.clip(predicted / jnp.broadcast_to(gain(batch), predicted.shape), 0.0, 1.0)


def preview(batch: Batch, length: int) -> jax.Array:
    """Returns the mean of the middle third of the windows (TFP), as intensity, (B J, H, W, 1)."""
    third = length // 3
    middle = spikes(batch, length)[:, third : length - third].astype(jnp.float32)
    return intensity(middle.mean(1)[..., None], batch)
