"""The motion that STIR estimates beside its image."""

import functools
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from spikejax import ops, weights
from spikejax.camera.conventions import reflect_time
from spikejax.formats import Recording
from spikejax.models import stir


class Motion:
    """Flows by STIR; its weights are loaded for the first."""

    def __init__(self, source: Path | None = None) -> None:
        """Loads nothing yet.

        Args:
            source: a file of STIR's weights; None for those that ship.
        """
        self._source = source

    @functools.cached_property
    def _variables(self) -> Any:
        return weights.resolve("stir", self._source)

    def __call__(self, recording: Recording, centre: int) -> np.ndarray:
        """Estimates the flow at a readout.

        Args:
            recording: spikes (T, H, W).
            centre: a readout.

        Returns:
            (H, W, 2) float32: the way of each pixel in the next 20 readouts, in pixels, x then y.
            It is the half difference of the flows to the later and to the earlier block, which
            agree where the motion is steady.

        Raises:
            ValueError: if the weights of STIR do not ship, or the centre is outside.
        """
        if not 0 <= centre < len(recording):
            raise ValueError(f"centre: expected 0 to {len(recording) - 1}, got {centre}")
        indices = reflect_time(np.arange(-30, 31) + centre, len(recording))
        first = int(indices.min())
        packed = recording.packed(first, int(indices.max()) + 1)[indices - first]
        return np.asarray(_flow(self._variables, jnp.asarray(packed), width=recording.width))


@functools.partial(jax.jit, static_argnames="width")
def _flow(variables: Any, packed: jax.Array, *, width: int) -> jax.Array:
    spikes = ops.unpack_bits(packed, width)[None]
    output, _ = stir.apply_with_pyramid(variables, spikes)
    to_first, to_last = output.flows[0]
    return (to_last[0] - to_first[0]) / 2
