"""The driver of networks with memory: windows in order of time, the state passed along."""

import dataclasses
import functools
from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from spikejax import ops
from spikejax.inference.pipeline import pipelined
from spikejax.inference.source import Source, read_reflected
from spikejax.inference.windows import Pairs
from spikejax.models import Model, Variables
from spikejax.models.model import check_output
from spikejax.weights import without_constants


@dataclasses.dataclass(frozen=True)
class Step:
    """One window that the network reads.

    Attributes:
        centre: of the window.
        phase: which of the interleaved sequences of windows it belongs to.
        fresh: whether the state before it is that of a new stream.
        wanted: whether its image is wanted.
        last: whether its sequence ends here.
    """

    centre: int
    phase: int
    fresh: bool
    wanted: bool
    last: bool


def plan_steps(centres: np.ndarray, *, window: int, stride: int, warmup: int) -> Iterator[Step]:
    """Decides which windows a network with memory reads.

    Windows follow one another every `stride` readouts. Centres of different phases (remainders of
    the division by `stride`) belong to sequences of their own. A sequence goes on from one wanted
    centre to the next if at most `warmup` windows lie between them. Else it starts anew, `warmup`
    windows before the centre, or with the first window that lies inside the recording.

    Args:
        centres: (K,) ascending.
        window: readouts per window.
        stride: readouts from one window to the next.
        warmup: windows that are read before an image without a predecessor.

    Yields:
        The steps, those with wanted images in the order of the centres.
    """
    wanted = centres.tolist()
    last = {centre % stride: centre for centre in wanted}
    at: dict[int, int] = {}
    for centre in wanted:
        phase = centre % stride
        before = at.get(phase)
        fresh = before is None or (centre - before) // stride > warmup + 1
        if before is None or fresh:
            inside = max((centre - window // 2) // stride, 0)
            first = centre - min(warmup, inside) * stride
        else:
            first = before + stride
        for place in range(first, centre + 1, stride):
            ends = place == centre == last[phase]
            yield Step(place, phase, fresh and place == first, place == centre, ends)
        at[phase] = centre


def from_recurrent(
    source: Source, centres: np.ndarray, model: Model, variables: Variables
) -> Pairs:
    """Makes images by a network with memory, one window after another.

    Args:
        source: the recording. Beyond its ends time runs backward.
        centres: (K,) ascending.
        model: the network, with `stream`.
        variables: its weights.

    Yields:
        Each centre with its image (H, W) float32.
    """
    assert model.stream is not None
    assert model.window is not None
    window, (height, width) = model.window, source.shape[1:]
    weights = without_constants(variables)
    states: dict[int, Any] = {}

    def read(step: Step) -> np.ndarray:
        start = step.centre - window // 2
        return read_reflected(source, start, start + window)[None]

    def compute(step: Step, packed: np.ndarray) -> jax.Array:
        assert model.stream is not None
        if step.fresh:
            states[step.phase] = model.stream.init(weights, (1, height, width))
        state, image = _step(model, weights, states.pop(step.phase), jnp.asarray(packed), width)
        if not step.last:
            states[step.phase] = state
        return image if step.wanted else jnp.zeros(())

    steps = plan_steps(
        centres, window=window, stride=model.stream.stride, warmup=model.stream.warmup
    )
    for step, image in pipelined(steps, read, compute):
        if step.wanted:
            yield step.centre, image


@functools.partial(jax.jit, static_argnums=(0, 4))
def _step(
    model: Model, weights: Variables, state: Any, packed: jax.Array, width: int
) -> tuple[Any, jax.Array]:
    assert model.stream is not None
    spikes = ops.unpack_bits(packed, width)
    state, image = model.stream.step(weights, state, spikes)
    check_output(image, spikes, model.name)
    return state, image[0, ..., 0]
