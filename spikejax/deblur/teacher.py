"""The teacher: the deblurring model on averages that networks clean and enlarge."""

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
        bsn: weights of the blind-spot denoiser; may be None if `stir` is not.
        edsr: weights of the super-resolution network.
        stir: weights of STIR, which replaces BSN: it reads 61 readouts around a moment, where BSN
            cleans the average of a few. None for BSN, as published.
    """

    bsn: models.Variables | None
    edsr: models.Variables
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
    """Deblurs by SDM over EDSR(long average) and EDSR(clean short average), clamped to [0, 1].

    BSN cleans the short averages. It never reads the pixel that it predicts, and so loses details
    finer than a few pixels. `posterior_mean` weighs its prediction with the average itself, unless
    `blind`, which keeps the prediction alone, as published.

    With STIR, the network estimates the intensity of each moment from 30 readouts on each side and
    follows their motion; the recording is reflected at its ends. STIR is trained on true images of
    simulated scenes. A teacher with BSN needs no true images.

    BSN reads averages of any size. The published code first reflects them to squares, which exposes
    some hidden pixels to the network and costs more. On squares the two agree.

    Args:
        teacher: the weights.
        blur: (B, 4h, 4w, 3) the photograph, linear RGB in [0, 1].
        spikes: (B, T, h, w), 0 or 1.
        times: N readouts of the exposure.
        exposure: the position of the exposure in the recording.
        blind: whether BSN alone cleans the short averages, as published; no effect on STIR.
        dtype: the type of the networks' activations.

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
    """Returns EDSR(long average), clamped: (B, 4h, 4w, 1)."""
    enlarge = models.create("edsr", dtype=dtype).apply
    return _unit(enlarge(teacher.edsr, long_tfp(spikes, exposure)))


def clean_short(
    teacher: Teacher,
    spikes: jax.Array,
    times: Sequence[int],
    exposure: ExposureTiming = _EXPOSURE,
    *,
    blind: bool = False,
    dtype: Any = jnp.float32,
) -> jax.Array:
    """Returns EDSR(clean short average), clamped, as in `teacher_frames`: (B, N, 4h, 4w, 1)."""
    enlarge = models.create("edsr", dtype=dtype).apply
    if teacher.stir is None and teacher.bsn is None:
        raise ValueError("Teacher: expected the weights of BSN or of STIR, got neither")
    if teacher.stir is not None:
        rates = _stir_rates(teacher.stir, spikes, times, exposure, dtype)
        return _each(lambda x: _unit(enlarge(teacher.edsr, x)), rates)
    denoise = models.create("bsn", dtype=dtype, square="none").apply

    averages = short_tfp(spikes, times, exposure)
    # Averages at the ends of a recording have fewer readouts.
    counts = _inside(exposure.length, exposure.short // 2, times).astype(np.float32)
    readouts = np.tile(counts, spikes.shape[0])[:, None, None, None]

    def clean(noisy: jax.Array) -> jax.Array:
        predicted = _unit(denoise(teacher.bsn, noisy))
        return predicted if blind else posterior_mean(predicted, noisy, readouts)

    return _each(lambda x: _unit(enlarge(teacher.edsr, clean(x))), averages)


def _stir_rates(
    stir: models.Variables,
    spikes: jax.Array,
    times: Sequence[int],
    exposure: ExposureTiming,
    dtype: Any,
) -> jax.Array:
    """Returns STIR's spikes per readout at each moment, (B, N, h, w, 1) in [0, 1]."""
    exposure.check_spikes(spikes)
    index = exposure.windows(exposure.check_times(times), WINDOW)
    windows = binary(jnp.asarray(spikes[:, index]))
    images = models.create("stir", dtype=dtype).apply(stir, windows.reshape(-1, *windows.shape[2:]))
    # The output is intensity at the trained gain, which may be traced here.
    rates = _unit(images * jnp.float32(stir.get("constants", {}).get("trained_gain", 1.0)))
    return rates.reshape(*windows.shape[:2], *rates.shape[1:])


def posterior_mean(predicted: jax.Array, noisy: jax.Array, readouts: Any) -> jax.Array:
    """Combines the predictions of a blind network with the averages of spikes that they denoise.

    The errors of the two are independent, so the best estimate is their mean, weighted by their
    inverse variances. A pixel that fires at a steady rate p fires floor(n p) times or once more in
    n readouts, depending on its phase. The variance is f (1 - f) / n^2 with the fraction f of n p,
    which is 1 / (6 n^2) on average. The mean squared difference of the two beyond that variance, in
    a window of 13x13 pixels, is the error of the prediction; it includes the camera's own noise.

    Args:
        predicted: (B, h, w, 1) the predictions, in [0, 1].
        noisy: (B, h, w, 1) the averages, in [0, 1].
        readouts: n, the readouts of each average; a number, or (B, 1, 1, 1).

    Returns:
        (B, h, w, 1) in [0, 1], between the two.

    Raises:
        ValueError: if the shapes differ or have another rank.

    Source: the posterior mean of a blind network is from Laine et al., "High-Quality
    Self-Supervised Deep Image Denoising", NeurIPS 2019; the variances are those of this sensor.
    """
    if len(noisy.shape) != 4 or predicted.shape != noisy.shape:
        raise ValueError(
            "posterior_mean: expected both (B, h, w, 1), got "
            f"{tuple(predicted.shape)} and {tuple(noisy.shape)}"
        )
    difference = noisy - predicted
    noise = 1 / (6 * readouts**2)
    variance = _mean_around(jnp.square(difference))
    return predicted + (1 - noise / jnp.maximum(variance, noise)) * difference


def _mean_around(x: jax.Array, size: int = 13) -> jax.Array:
    """Returns the mean over a window around each pixel, of the pixels inside the image."""
    for axis in (1, 2):
        window = [size if n == axis else 1 for n in range(4)]
        x = lax.reduce_window(x, 0.0, lax.add, window, (1, 1, 1, 1), "SAME")
    rows, columns = (_inside(length, size // 2) for length in x.shape[1:3])
    return x / jnp.asarray(np.outer(rows, columns)[None, ..., None], x.dtype)


def _inside(length: int, reach: int, places: Any = None) -> np.ndarray:
    """Counts the positions of a line within `reach` of each place; of every position by default."""
    places = np.arange(length) if places is None else np.asarray(places)
    return np.minimum(places + reach, length - 1) - np.maximum(places - reach, 0) + 1


def sdm_frames(
    blur: jax.Array,
    spikes: jax.Array,
    times: Sequence[int],
    exposure: ExposureTiming = _EXPOSURE,
) -> jax.Array:
    """Deblurs without networks: SDM over averages that are enlarged bilinearly.

    Args:
        blur: (B, 4h, 4w, 3) the photograph, linear RGB in [0, 1].
        spikes: (B, T, h, w), 0 or 1.
        times: N readouts of the exposure.
        exposure: the position of the exposure in the recording.

    Returns:
        (B, N, 4h, 4w, 3) in [0, 1].

    Raises:
        ValueError: if the shapes do not fit, or a moment is outside the exposure.
    """
    check_scale(blur, spikes)
    short = _each(lambda x: enlarged(x, blur), short_tfp(spikes, times, exposure))
    return clamped_sdm(blur, enlarged(long_tfp(spikes, exposure), blur), short)


def enlarged(images: jax.Array, like: jax.Array) -> jax.Array:
    """Enlarges images bilinearly to the size of `like`."""
    return ops.resize_bilinear(images, *like.shape[1:3])


def clamped_sdm(blur: jax.Array, long: jax.Array, short: jax.Array) -> jax.Array:
    """Applies SDM to photographs (B, ...) and N moments (B, N, ...); clamps to [0, 1]."""
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
