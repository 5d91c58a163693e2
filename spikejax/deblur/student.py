"""The student: LDN, one small network that replaces the three steps of the teacher."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from spikejax import models
from spikejax.camera import ExposureTiming
from spikejax.deblur.physics import binary
from spikejax.models.ldn import check_scale

_EXPOSURE = ExposureTiming()


def student_frames(
    variables: models.Variables,
    blur: jax.Array,
    spikes: jax.Array,
    times: Sequence[int],
    exposure: ExposureTiming = _EXPOSURE,
    *,
    dtype: Any = jnp.float32,
) -> jax.Array:
    """Deblurs with LDN, which reads the photograph and 21 readouts around each moment.

    All moments of all photographs form one batch. The recording is reflected at its ends.

    Args:
        variables: the weights of LDN.
        blur: (B, 4h, 4w, 3) the photograph, linear RGB in [0, 1].
        spikes: (B, T, h, w), 0 or 1.
        times: N readouts of the exposure.
        exposure: the position of the exposure in the recording.
        dtype: the type of the network's activations.

    Returns:
        (B, N, 4h, 4w, 3) in [0, 1].

    Raises:
        ValueError: if the shapes do not fit, or a moment is outside the exposure.

    Source: Chen et al., "SpikeReveal", NeurIPS 2024, section 3.4.
    """
    check_scale(blur, spikes)
    exposure.check_spikes(spikes)
    times = exposure.check_times(times)
    windows = binary(jnp.asarray(spikes[:, exposure.windows(times)]))  # (B, N, 21, h, w)
    photographs = jnp.repeat(blur, len(times), 0)
    apply = models.create("ldn", dtype=dtype).apply
    image = apply(variables, photographs, windows.reshape(-1, *windows.shape[2:]))
    image = jnp.clip(image, 0.0, 1.0)
    return image.reshape(blur.shape[0], len(times), *image.shape[1:])
