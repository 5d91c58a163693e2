"""The teacher: the deblurring model on averages that networks have cleaned and enlarged."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from spikejax import models, ops
from spikejax.camera import ExposureTiming
from spikejax.deblur.physics import binary, long_tfp, sdm, short_tfp
from spikejax.models.ldn import check_scale
from spikejax.models.stir import WINDOW

_EXPOSURE = ExposureTiming()


class Teacher(NamedTuple):
    """The weights of the teacher.

    Attributes:
        bsn: of the blind-spot denoiser; unused, and may be None, if STIR takes its place.
        sr: of the super-resolution network, EDSR.
        stir: of STIR, which then reads 61 spikes around a moment where BSN cleans the average of a
            few; None for BSN, as published.
    """

    bsn: models.Variables | None
    sr: models.Variables
    stir: models.Variables | None = None


def teacher_frames(
    teacher: Teacher,
    blur: jax.Array,
    spikes: jax.Array,
    times: Sequence[int],
    exposure: ExposureTiming = _EXPOSURE,
    *,
    blind: bool = False,
    dtype: Any = jnp.float32,
) -> jax.Array:
    """Deblurs by SDM over SR(long average) and SR(clean short average), each clamped to [0, 1].

    Short averages are cleaned by BSN, which never sees the pixel that it predicts and so loses what
    is finer than a few pixels. Its prediction and the average itself are weighed by
    `posterior_mean`, unless `blind`: then it is the prediction alone, as published.

    Where the teacher has STIR, it is STIR that says how bright each moment was, from spikes of a
    longer time whose motion it follows: 30 readouts each way, and beyond the ends of the recording
    time runs back. It was trained on true images of simulated scenes: a teacher of BSN needs none
    at all.

    BSN takes averages as they are. The published code reflects them to squares first, which shows
    the network some pixels that it should not see, and costs more; on squares the two agree.

    Args:
        teacher: its weights.
        blur: (B, 4h, 4w, 3) the photograph, linear RGB in [0, 1].
        spikes: (B, T, h, w), 0 or 1.
        times: N readouts of the exposure.
        exposure: where in the recording the photograph was exposed.
        blind: whether BSN alone cleans the short averages, as published; without effect on STIR.
        dtype: of the networks' activations.

    Returns:
        (B, N, 4h, 4w, 3) in [0, 1].

    Raises:
        ValueError: if the shapes do not fit, a moment is outside the exposure, or the teacher has
            neither BSN nor STIR.

    Source: Chen et al., "SpikeReveal", NeurIPS 2024, section 3.3.
    """
    check_scale(blur, spikes)
    short = clean_short(teacher, spikes, times, exposure, blind=blind, dtype=dtype)
    return clamped_sdm(blur, clean_long(teacher, spikes, exposure, dtype=dtype), short)


def clean_long(
    teacher: Teacher,
    spikes: jax.Array,
    exposure: ExposureTiming = _EXPOSURE,
    *,
    dtype: Any = jnp.float32,
) -> jax.Array:
    """SR(long average), clamped: (B, 4h, 4w, 1)."""
    enlarge = models.create("edsr", dtype=dtype).apply
    return _unit(enlarge(teacher.sr, long_tfp(spikes, exposure)))


def clean_short(
    teacher: Teacher,
    spikes: jax.Array,
    times: Sequence[int],
    exposure: ExposureTiming = _EXPOSURE,
    *,
    blind: bool = False,
    dtype: Any = jnp.float32,
) -> jax.Array:
    """SR(clean short average), each clamped, as `teacher_frames` says: (B, N, 4h, 4w, 1)."""
    enlarge = models.create("edsr", dtype=dtype).apply
    if teacher.stir is None and teacher.bsn is None:
        raise ValueError("Teacher: expected the weights of BSN or of STIR, got neither")
    if teacher.stir is not None:
        read = _read(teacher.stir, spikes, times, exposure, dtype)
        return _each(lambda x: _unit(enlarge(teacher.sr, x)), read)
    denoise = models.create("bsn", dtype=dtype, square="none").apply

    averages = short_tfp(spikes, times, exposure)
    # At the ends of a recording averages are of fewer readouts.
    of = _inside(exposure.length, exposure.short // 2, times).astype(np.float32)
    readouts = np.tile(of, spikes.shape[0])[:, None, None, None]

    def clean(noisy: jax.Array) -> jax.Array:
        predicted = _unit(denoise(teacher.bsn, noisy))
        return predicted if blind else posterior_mean(predicted, noisy, readouts)

    return _each(lambda x: _unit(enlarge(teacher.sr, clean(x))), averages)


def _read(
    stir: models.Variables,
    spikes: jax.Array,
    times: Sequence[int],
    exposure: ExposureTiming,
    dtype: Any,
) -> jax.Array:
    """Spikes a readout at each moment by STIR, (B, N, h, w, 1) in [0, 1]."""
    exposure.check_spikes(spikes)
    index = exposure.windows(exposure.check_times(times), WINDOW)
    windows = binary(jnp.asarray(spikes[:, index]))
    images = models.create("stir", dtype=dtype).apply(stir, windows.reshape(-1, *windows.shape[2:]))
    # Intensity at the gain that it was trained at, and that gain may be traced here.
    rates = _unit(images * jnp.float32(stir.get("constants", {}).get("trained_gain", 1.0)))
    return rates.reshape(*windows.shape[:2], *rates.shape[1:])


def posterior_mean(predicted: jax.Array, noisy: jax.Array, readouts: Any) -> jax.Array:
    """Weighs what a blind network predicts of averages of spikes with the averages themselves.

    The two err independently, so that the best estimate is their mean, with weights by how much
    each of them errs. A pixel that fires at a steady rate p fires floor(n p) times or once more in
    n readouts, by its phase: a variance of f (1 - f) / n^2 with the fraction f of n p, which is
    1 / (6 n^2) on average. What the two differ by beyond that, in a window of 13x13 pixels, is the
    error of the prediction; the camera's own noise is taken for a part of it.

    Args:
        predicted: (B, h, w, 1) the predictions, in [0, 1].
        noisy: (B, h, w, 1) the averages that they are of, in [0, 1].
        readouts: n, of each average; one number, or (B, 1, 1, 1).

    Returns:
        (B, h, w, 1) in [0, 1], between the two.

    Raises:
        ValueError: if the shapes differ, or are no images'.

    Source: Laine et al., "High-Quality Self-Supervised Deep Image Denoising", NeurIPS 2019, has the
    posterior mean of a blind network; the variances here are of this sensor.
    """
    if len(noisy.shape) != 4 or predicted.shape != noisy.shape:
        raise ValueError(
            "posterior_mean: expected both (B, h, w, 1), got "
            f"{tuple(predicted.shape)} and {tuple(noisy.shape)}"
        )
    difference = noisy - predicted
    noise = 1 / (6 * readouts**2)
    seen = _mean_around(jnp.square(difference))
    return predicted + (1 - noise / jnp.maximum(seen, noise)) * difference


def _mean_around(x: jax.Array, size: int = 13) -> jax.Array:
    """The mean over the pixels of a window around each, as far as they are in the image."""
    for axis in (1, 2):
        window = [size if n == axis else 1 for n in range(4)]
        x = lax.reduce_window(x, 0.0, lax.add, window, (1, 1, 1, 1), "SAME")
    rows, columns = (_inside(length, size // 2) for length in x.shape[1:3])
    return x / jnp.asarray(np.outer(rows, columns)[None, ..., None], x.dtype)


def _inside(length: int, reach: int, places: Any = None) -> np.ndarray:
    """How many of a line's pixels are no farther than `reach` from each place, or from some."""
    places = np.arange(length) if places is None else np.asarray(places)
    return np.minimum(places + reach, length - 1) - np.maximum(places - reach, 0) + 1


def sdm_frames(
    blur: jax.Array,
    spikes: jax.Array,
    times: Sequence[int],
    exposure: ExposureTiming = _EXPOSURE,
) -> jax.Array:
    """Deblurs without any network: SDM over averages that are enlarged bilinearly.

    Args:
        blur: (B, 4h, 4w, 3) the photograph, linear RGB in [0, 1].
        spikes: (B, T, h, w), 0 or 1.
        times: N readouts of the exposure.
        exposure: where in the recording the photograph was exposed.

    Returns:
        (B, N, 4h, 4w, 3) in [0, 1].

    Raises:
        ValueError: if the shapes do not fit, or a moment is outside the exposure.
    """
    check_scale(blur, spikes)
    short = _each(lambda x: enlarged(x, blur), short_tfp(spikes, times, exposure))
    return clamped_sdm(blur, enlarged(long_tfp(spikes, exposure), blur), short)


def enlarged(images: jax.Array, like: jax.Array) -> jax.Array:
    """Bilinearly, to the size of `like`."""
    return ops.resize_bilinear(images, *like.shape[1:3])


def clamped_sdm(blur: jax.Array, long: jax.Array, short: jax.Array) -> jax.Array:
    """SDM of a photograph (B, ...) and N moments (B, N, ...), clamped to [0, 1]."""
    count = short.shape[1]
    photographs, averages = (jnp.repeat(x, count, 0) for x in (blur, long))
    image = _unit(sdm(photographs, averages, short.reshape(-1, *short.shape[2:])))
    return image.reshape(blur.shape[0], count, *image.shape[1:])


def _each(f: Any, images: jax.Array) -> jax.Array:
    """Applies a function of images (B N, ...) to (B, N, ...)."""
    out = f(images.reshape(-1, *images.shape[2:]))
    return out.reshape(*images.shape[:2], *out.shape[1:])


def _unit(x: jax.Array) -> jax.Array:
    return jnp.clip(x, 0.0, 1.0)
