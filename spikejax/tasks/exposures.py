"""Batches of blurry photographs with the spikes of their exposures, as S-SDM trains on them.

A batch has `blur` (B, 4h, 4w, 3), `spikes` (B, T, h, w), packed or not, and `gain` (B,); true
`images` (B, N, 4h, 4w, 3) only measure.
"""

import dataclasses
from typing import Any

import jax.numpy as jnp
from jax import Array

from spikejax.camera import ExposureTiming, to_grey
from spikejax.camera.interpolation import mean_of_cells
from spikejax.datasets.batch import CELL, spikes_of
from spikejax.tasks.task import Batch


@dataclasses.dataclass(frozen=True)
class Moments:
    """What a configuration says of the exposures.

    Attributes:
        exposure: of every photograph.
        times: the readouts that a step trains on.
        shown: the readouts that true images are of.
    """

    exposure: ExposureTiming
    times: tuple[int, ...]
    shown: tuple[int, ...]


def moments_of(config: Any) -> Moments:
    """Reads a configuration.

    Args:
        config: `exposure` with `margin`, `short` and `moments`, how many a step trains on;
            `data.exposure`, readouts of a photograph, and `data.moments`, which true images are of.

    Returns:
        What it says.

    Raises:
        ValueError: if it makes no sense.
    """
    options = config.exposure
    exposure = ExposureTiming(config.data.exposure, options.margin, options.short)
    return Moments(
        exposure, exposure.times(options.moments), exposure.check_times(config.data.moments)
    )


def pair(batch: Batch, exposure: ExposureTiming) -> tuple[Array, Array]:
    """The photographs (B, 4h, 4w, 3) and the spikes (B, T, h, w) of a batch.

    Raises:
        ValueError: if the batch has none, or their readouts are not those of the exposure.
    """
    if "blur" not in batch:
        raise ValueError(
            f"batch: expected 'blur', photographs to train on, got {sorted(batch)}: these data "
            "have none"
        )
    spikes = spikes_of(batch)
    exposure.check_spikes(spikes)
    return batch["blur"], spikes


def truth(batch: Batch, moments: Moments) -> tuple[tuple[int, ...], Array] | None:
    """The true images and the readouts that they are of; None if there are none.

    Raises:
        ValueError: if there are more or fewer than the configuration says, and not one either,
            which would be of the middle.
    """
    if "images" not in batch:
        return None
    images = batch["images"]
    if images.ndim != 5 or images.shape[-1] != 3:
        raise ValueError(f"images: expected colour ones, (B, N, H, W, 3), got {images.shape}")
    if images.shape[1] == len(moments.shown):
        return moments.shown, images
    if images.shape[1] == 1:
        return (moments.exposure.centre,), images
    raise ValueError(
        f"images: expected {len(moments.shown)}, of the readouts {moments.shown} that data.moments "
        f"names, got {images.shape[1]}"
    )


def flat(images: Array) -> Array:
    """(B, N, ...) -> (B N, ...)."""
    return images.reshape(-1, *images.shape[2:])


def grey(images: Array) -> Array:
    """(..., 3) -> (..., 1)."""
    return to_grey(images)[..., None]


def seen(images: Array) -> Array:
    """What the spike camera sees of colour images, (B, 4h, 4w, 3) -> (B, h, w, 1)."""
    return mean_of_cells(grey(images), CELL)


def gain(batch: Batch, times: int = 1) -> Array:
    """Spikes a readout at intensity 1, of each photograph as often as told, (B times, 1, 1, 1)."""
    return jnp.repeat(batch["gain"], times)[:, None, None, None]


def intensity(rates: Array, gains: Array) -> Array:
    """Spikes a readout -> intensity in [0, 1]."""
    return jnp.clip(rates / gains, 0.0, 1.0)
