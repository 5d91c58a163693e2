"""What a method costs at a size: parameters, multiply-adds, memory, latency."""

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from spikejax import classical, metrics, models
from spikejax.inference.evaluation import Candidate
from spikejax.inference.methods import CLASSICAL, create_method

_RATE = 0.3  # spikes a readout of the random readouts that are timed


@dataclasses.dataclass(frozen=True)
class Cost:
    """What one image costs.

    Attributes:
        parameters: learned numbers; None for a classical method.
        multiply_adds: of convolutions and matrix products; None for a classical method.
        memory_bytes: of arguments, results and temporaries of one call, as XLA compiles it here.
        latency_s: the median of synchronised calls after warm-up; None if it was not measured.
    """

    parameters: int | None
    multiply_adds: int | None
    memory_bytes: int
    latency_s: float | None


def measure_cost(candidate: Candidate, height: int, width: int, *, repeats: int = 0) -> Cost:
    """Measures the cost of one image from its window of readouts, float32.

    Args:
        candidate: the method.
        height: rows.
        width: columns.
        repeats: calls that are timed; 0 compiles, but runs nothing.
    """
    fn, window = _function(candidate)
    variables = {} if candidate.weights is None else candidate.weights
    shape = (1, window, height, width)
    described = (variables, jax.ShapeDtypeStruct(shape, jnp.uint8))
    latency = None
    if repeats:
        spikes = jax.random.bernoulli(jax.random.key(0), _RATE, shape).astype(jnp.uint8)
        latency = metrics.latency(fn, variables, spikes, repeats=repeats)
    network = candidate.weights is not None
    return Cost(
        parameters=metrics.parameters(variables) if network else None,
        multiply_adds=metrics.multiply_adds(fn, *described) if network else None,
        memory_bytes=metrics.peak_memory(fn, *described),
        latency_s=latency,
    )


def _function(candidate: Candidate) -> tuple[Callable[..., Any], int]:
    """(variables, spikes (1, T, H, W)) -> image, and T."""
    name = candidate.name
    if name not in CLASSICAL:
        model = models.create(name)
        assert model.window is not None
        return model.apply, model.window
    window = create_method(name, 1.0, window=candidate.window).window
    options = {"tfp": {"window": window}, "tfi": {"reach": window // 2}, "tfstp": {}}[name]
    method: Callable[..., Any] = getattr(classical, name)
    return jax.jit(lambda _, spikes: method(spikes, window // 2, **options)), window
