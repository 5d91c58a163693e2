"""The driver of classical reconstructions with a state: one pass over all readouts."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from spikejax import ops
from spikejax.classical import Stream
from spikejax.inference.pipeline import pipelined
from spikejax.inference.source import Source
from spikejax.inference.windows import Pairs

CHUNK = 64
"""Readouts per transfer to the device."""


def from_stream(source: Source, centres: np.ndarray, stream: Stream[Any]) -> Pairs:
    """Makes images by a streaming reconstruction that starts at the first readout (TFSTP).

    Args:
        source: the recording.
        centres: (K,) ascending.
        stream: the reconstruction.

    Yields:
        Each centre with its image (H, W) float32.
    """
    readouts, height, width = source.shape
    chunk = min(CHUNK, readouts)
    state = stream.init(height, width)

    def plans() -> Any:
        """Yields (start of the chunk, first readout, stop, the centre that is due or None)."""
        done = 0
        for centre in centres.tolist():
            target = centre + stream.latency + 1
            while done < target:
                stop = min(target, done + chunk) if done + chunk < readouts else target
                yield min(done, readouts - chunk), done, stop, centre if stop == target else None
                done = stop

    def read(plan: tuple[int, int, int, int | None]) -> np.ndarray:
        return source.packed(plan[0], plan[0] + chunk)

    def compute(plan: tuple[int, int, int, int | None], packed: np.ndarray) -> jax.Array:
        nonlocal state
        start, first, stop, centre = plan
        first, stop = jnp.int32(first - start), jnp.int32(stop - start)
        state = _advance(stream, state, jnp.asarray(packed), first, stop, width=width)
        return jnp.zeros(()) if centre is None else _image(stream, state)

    for (*_, centre), result in pipelined(plans(), read, compute):
        if centre is not None:
            yield centre, result


@functools.partial(jax.jit, static_argnames="width")
def _advance(
    stream: Stream[Any],
    state: Any,
    packed: jax.Array,
    first: jax.Array,
    stop: jax.Array,
    *,
    width: int,
) -> Any:
    """Reads the readouts [first, stop) of a chunk; those beyond its end do not exist."""
    chunk = packed.shape[0]

    def read(n: jax.Array, state: Any) -> Any:
        row = lax.dynamic_index_in_dim(packed, jnp.minimum(n, chunk - 1), keepdims=False)
        return stream.update(state, ops.unpack_bits(row, width), n < chunk)

    return lax.fori_loop(first, stop, read, state)


@jax.jit
def _image(stream: Stream[Any], state: Any) -> jax.Array:
    return stream.image(state)
