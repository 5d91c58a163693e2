"""Batches of blurry photographs with the spikes of their exposures, the training data of S-SDM.

A batch has `blur` (B, 4h, 4w, 3), `spikes` (B, T, h, w), packed or not, and `gain` (B,), spikes per
readout at intensity 1. True `images` (B, N, 4h, 4w, 3) are used only for scores.
"""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp

from spikejax.camera import ExposureTiming, to_grey
from spikejax.camera.conventions import SCALE
from spikejax.camera.interpolation import mean_of_cells
from spikejax.datasets.batch import spikes_of
from spikejax.tasks.task import Batch


@dataclasses.dataclass(frozen=True)
class ExposureMoments:
    """The exposures of a configuration.

    Attributes:
        exposure: timing of every photograph.
        times: readouts that a step trains on.
        shown: readouts of the true images.
    """

    exposure: ExposureTiming
    times: tuple[int, ...]
    shown: tuple[int, ...]


def moments_of(config: Any) -> ExposureMoments:
    """Reads the exposures of a configuration.

    Args:
        config: `exposure` with `margin`, `short` and `moments`, the number of moments that a step
            trains on; `data.exposure`, readouts of a photograph; `data.moments`, readouts of the
            true images.

    Returns:
        The exposures.

    Raises:
        ValueError: if the numbers do not fit one another.
    """
    options = config.exposure
    exposure = ExposureTiming(config.data.exposure, options.margin, options.short)
    return ExposureMoments(
        exposure, exposure.times(options.moments), exposure.check_times(config.data.moments)
    )


def defaults() -> dict[str, Any]:
    """Returns the sections of a configuration that the tasks of S-SDM add or change.

    Returns:
        exposure: `margin`, readouts before and after the exposure of a photograph; `short`,
        readouts of a short average; `moments`, number of moments of the exposure that a step trains
        on. data: `channels`, `exposure` and `moments` of the photographs, and `ssdm`, the share of
        cameras of the published simulator.
    """
    timing = ExposureTiming()
    return {
        "exposure": {"margin": timing.margin, "short": timing.short, "moments": 5},
        "data": {
            "source": "",  # pairs if data.folder is set, else scenes
            "channels": 3,
            "exposure": timing.readouts,
            "moments": timing.times(5),
            "ssdm": 0.5,
        },
    }


def pair(batch: Batch, exposure: ExposureTiming) -> tuple[jax.Array, jax.Array]:
    """Returns the photographs (B, 4h, 4w, 3) and the spikes (B, T, h, w) of a batch.

    Raises:
        ValueError: if the batch has none, or their number of readouts does not fit the exposure.
    """
    if "blur" not in batch:
        raise ValueError(
            f"batch: expected 'blur', photographs to train on, got {sorted(batch)}; the data "
            "have none"
        )
    spikes = spikes_of(batch)
    exposure.check_spikes(spikes)
    return batch["blur"], spikes


def truth(batch: Batch, moments: ExposureMoments) -> tuple[tuple[int, ...], jax.Array] | None:
    """Returns the readouts of the true images and the images; None if there are none.

    A single image shows the middle of the exposure.

    Raises:
        ValueError: if the number of images is neither 1 nor that of the configuration.
    """
    if "images" not in batch:
        return None
    images = batch["images"]
    if images.ndim != 5 or images.shape[-1] != 3:
        raise ValueError(f"images: expected colour images (B, N, H, W, 3), got {images.shape}")
    if images.shape[1] == len(moments.shown):
        return moments.shown, images
    if images.shape[1] == 1:
        return (moments.exposure.centre,), images
    raise ValueError(
        f"images: expected {len(moments.shown)}, at the readouts {moments.shown} of data.moments, "
        f"got {images.shape[1]}"
    )


def flat(images: jax.Array) -> jax.Array:
    """Flattens (B, N, ...) to (B N, ...)."""
    return images.reshape(-1, *images.shape[2:])


def grey(images: jax.Array) -> jax.Array:
    """Converts colour images (..., 3) to grey images (..., 1)."""
    return to_grey(images)[..., None]


def seen(images: jax.Array) -> jax.Array:
    """Converts colour images (B, 4h, 4w, 3) to the grey light of the spike camera, (B, h, w, 1)."""
    return mean_of_cells(grey(images), SCALE)


def gain(batch: Batch, times: int = 1) -> jax.Array:
    """Returns the gains, each repeated `times` times, (B times, 1, 1, 1)."""
    return jnp.repeat(batch["gain"], times)[:, None, None, None]


def intensity(rates: jax.Array, gains: jax.Array) -> jax.Array:
    """Converts spikes per readout to intensity in [0, 1]."""
    return jnp.clip(rates / gains, 0.0, 1.0)
