"""A photograph and a recording as they are -> sharp images, one at a time."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from spikejax import weights as weights_files
from spikejax.camera import ExposureTiming
from spikejax.deblur.physics import long_tfp, short_tfp
from spikejax.deblur.student import student_frames
from spikejax.deblur.teacher import (
    Teacher,
    clamped_sdm,
    clean_long,
    clean_short,
    enlarged,
)
from spikejax.models.ldn import check_scale

At = Callable[[int], jax.Array]

NETWORKS: Mapping[str, tuple[str, ...]] = {
    "student": ("ldn",),
    "teacher": ("bsn", "edsr"),
    "stir": ("stir", "edsr"),
    "sdm": (),
}
"""The networks that each method has, by the names of their weights."""

METHODS = tuple(NETWORKS)

_EXPOSURE = ExposureTiming()
_SLACK = 1e-3  # beyond [0, 1], by rounding


def frames(
    blur: Any,
    spikes: Any,
    *,
    method: str = "student",
    times: Sequence[int] | None = None,
    weights: Mapping[str, Any] | None = None,
    exposure: ExposureTiming = _EXPOSURE,
    blind: bool = False,
    dtype: Any = jnp.float32,
) -> Iterator[tuple[int, np.ndarray]]:
    """Turns a blurry photograph and its spikes into a sharp sequence, one image at a time.

    Args:
        blur: (4h, 4w, 3) the photograph, linear RGB in [0, 1].
        spikes: (T, h, w), 0 or 1.
        method: 'student' (LDN), 'teacher' (BSN and EDSR), 'stir' (STIR and EDSR), or 'sdm',
            without networks.
        times: readouts of the exposure; None for 13 that divide it evenly.
        weights: variables or files by network ('ldn', 'bsn', 'edsr', 'stir'); what is absent is
            taken from those that ship.
        exposure: where in the recording the photograph was exposed.
        blind: whether the teacher's BSN alone cleans, as published; see `teacher_frames`.
        dtype: of the networks' activations.

    Returns:
        Pairs of a time and an image (4h, 4w, 3) float32 in [0, 1], in the order of the times.

    Raises:
        ValueError: if the method is unknown, the sizes do not fit, a time is outside the exposure,
            or weights cannot be had; before the first image is made.
    """
    if method not in METHODS:
        raise ValueError(f"method: expected {', '.join(METHODS)}, got {method!r}")
    chosen = exposure.check_times(
        exposure.times(min(13, exposure.readouts)) if times is None else times
    )
    check_pair(blur, spikes, exposure)
    blur = np.asarray(blur, np.float32)
    if not (blur.min() >= -_SLACK and blur.max() <= 1 + _SLACK):
        raise ValueError(
            f"blur: expected intensity in [0, 1], got {blur.min():g} to {blur.max():g}: divide "
            "8-bit values by 255"
        )
    given = dict(weights or {})
    if unused := sorted(given.keys() - set(NETWORKS[method])):
        raise ValueError(f"weights: the method {method!r} has no network {unused[0]!r}")
    networks = [_variables(name, given.get(name)) for name in NETWORKS[method]]
    # The spikes stay on the host: what a moment needs of them is little.
    pair = jnp.asarray(blur)[None], np.asarray(spikes)[None]
    options = {"blind": blind} if method == "teacher" else {}
    at = _AT[method](*networks, *pair, exposure, dtype, **options)
    return ((time, np.asarray(at(time))) for time in chosen)


def check_pair(blur: Any, spikes: Any, exposure: ExposureTiming = _EXPOSURE) -> None:
    """Makes sure that a photograph and a recording belong together, by their shapes.

    Args:
        blur: (4h, 4w, 3) floating.
        spikes: (T, h, w), or anything with that shape, such as a recording.
        exposure: where in the recording the photograph was exposed.

    Raises:
        ValueError: if they do not, with the ratio that was found.
    """
    batched = jax.ShapeDtypeStruct((1, *spikes.shape), np.uint8)
    check_scale(jax.ShapeDtypeStruct((1, *blur.shape), blur.dtype), batched)
    exposure.check_spikes(batched)


def _variables(name: str, given: Any) -> Any:
    if given is None:
        return weights_files.load(name)
    if isinstance(given, str | Path):
        return weights_files.load_any(name, given)
    weights_files.check(name, given)
    return given


# What each method computes at a moment, (H, W, 3); what all moments share is computed once.


def _student(ldn: Any, blur: Any, spikes: Any, exposure: ExposureTiming, dtype: Any) -> At:
    return lambda time: student_frames(ldn, blur, spikes, (time,), exposure, dtype=dtype)[0, 0]


def _teacher(
    bsn: Any, sr: Any, blur: Any, spikes: Any, exposure: ExposureTiming, dtype: Any, *, blind: bool
) -> At:
    return _taught(Teacher(bsn, sr), blur, spikes, exposure, dtype, blind=blind)


def _stir(stir: Any, sr: Any, blur: Any, spikes: Any, exposure: ExposureTiming, dtype: Any) -> At:
    return _taught(Teacher(None, sr, stir), blur, spikes, exposure, dtype)


def _taught(
    teacher: Teacher,
    blur: Any,
    spikes: Any,
    exposure: ExposureTiming,
    dtype: Any,
    blind: bool = False,
) -> At:
    long = clean_long(teacher, spikes, exposure, dtype=dtype)

    def at(time: int) -> jax.Array:
        short = clean_short(teacher, spikes, (time,), exposure, blind=blind, dtype=dtype)
        return clamped_sdm(blur, long, short)[0, 0]

    return at


def _sdm(blur: Any, spikes: Any, exposure: ExposureTiming, dtype: Any) -> At:
    long = enlarged(long_tfp(spikes, exposure), blur)

    def at(time: int) -> jax.Array:
        short = enlarged(short_tfp(spikes, (time,), exposure)[:, 0], blur)
        return clamped_sdm(blur, long, short[:, None])[0, 0]

    return at


_AT: dict[str, Callable[..., At]] = {
    "student": _student,
    "teacher": _teacher,
    "stir": _stir,
    "sdm": _sdm,
}
