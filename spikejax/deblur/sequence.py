"""Sharp sequences from one photograph and its spikes, one image at a time."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from spikejax.camera import ExposureTiming
from spikejax.deblur.methods import find_method, load_networks
from spikejax.models.ldn import check_scale

FRAMES = 13
"""The default number of images of an exposure."""

_EXPOSURE = ExposureTiming()
_SLACK = 1e-3  # rounding beyond [0, 1]


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
    """Deblurs a photograph into a sharp sequence, one image at a time.

    Args:
        blur: (4h, 4w, 3) the photograph, linear RGB in [0, 1].
        spikes: (T, h, w), 0 or 1.
        method: a key of `METHODS`: 'student' (LDN), 'teacher' (BSN and EDSR), 'stir' (STIR and
            EDSR), or 'sdm' (no networks).
        times: readouts of the exposure; None for 13 that divide it evenly.
        weights: weights by network ('ldn', 'bsn', 'edsr', 'stir'), as for `weights.resolve`; the
            other networks use the weights that ship.
        exposure: the position of the exposure in the recording.
        blind: whether BSN alone cleans the spikes, as published; see `teacher_frames`. Methods
            without BSN ignore it.
        dtype: the type of the networks' activations.

    Returns:
        Pairs of a time and an image (4h, 4w, 3) float32 in [0, 1], in the order of the times.

    Raises:
        ValueError: if the method is unknown, the sizes do not fit, a time is outside the exposure,
            or weights are missing; before the first image is computed.
    """
    chosen = find_method(method)
    times = exposure.check_times(choose_times(exposure) if times is None else times)
    check_pair(blur, spikes, exposure)
    blur = np.asarray(blur, np.float32)
    if not (blur.min() >= -_SLACK and blur.max() <= 1 + _SLACK):
        raise ValueError(
            f"blur: expected intensity in [0, 1], got {blur.min():g} to {blur.max():g}: divide "
            "8-bit values by 255"
        )
    networks = load_networks(method, weights)
    # The spikes stay on the host: a moment needs few of them.
    batch = jnp.asarray(blur)[None], np.asarray(spikes)[None]
    image_at = chosen.prepare(networks, *batch, exposure, blind=blind, dtype=dtype)
    return ((time, np.asarray(image_at(time))) for time in times)


def choose_times(
    exposure: ExposureTiming, frames: int | None = None, *, single: bool = False
) -> tuple[int, ...]:
    """Returns moments that divide an exposure evenly.

    Args:
        exposure: the exposure.
        frames: the number of moments; None for 13, or fewer in a shorter exposure.
        single: whether the default is 1, the middle of the exposure.

    Returns:
        Readouts, ascending.

    Raises:
        ValueError: if the exposure has fewer readouts.
    """
    if frames is None:
        frames = 1 if single else min(FRAMES, exposure.readouts)
    if frames > exposure.readouts:
        raise ValueError(
            f"frames={frames}: expected at most {exposure.readouts}, the readouts of the exposure"
        )
    return exposure.times(frames)


def check_pair(blur: Any, spikes: Any, exposure: ExposureTiming = _EXPOSURE) -> None:
    """Checks that the shapes of a photograph and a recording fit.

    Args:
        blur: (4h, 4w, 3) floating.
        spikes: (T, h, w), or anything with that shape, such as a recording.
        exposure: the position of the exposure in the recording.

    Raises:
        ValueError: if they do not fit; the message states the ratio.
    """
    batched = jax.ShapeDtypeStruct((1, *spikes.shape), np.uint8)
    check_scale(jax.ShapeDtypeStruct((1, *blur.shape), blur.dtype), batched)
    exposure.check_spikes(batched)
