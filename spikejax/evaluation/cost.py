"""What a method costs at a size: parameters, multiply-adds, memory, latency, throughput."""

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from spikejax import classical, metrics, models
from spikejax.evaluation.scoring import Candidate
from spikejax.inference.methods import CLASSICAL, create_method

_RATE = 0.3  # spikes a readout of the random readouts that are timed


@dataclasses.dataclass(frozen=True)
class Cost:
    """What a method costs.

    Attributes:
        readouts: that one image is made from.
        parameters: learned numbers; None for a classical method.
        multiply_adds: of convolutions and matrix products, an image; None for a classical method.
        memory_bytes: of arguments, results and temporaries of one call, as XLA compiles it here.
        measured_bytes: the same as the allocator saw it; None if it was not measured, or unseen.
        latency_s: the median of synchronised calls after warm-up; None if it was not measured.
        images_per_s: throughput at that latency.
    """

    readouts: int
    parameters: int | None
    multiply_adds: int | None
    memory_bytes: int
    measured_bytes: int | None
    latency_s: float | None
    images_per_s: float | None


def measure_cost(
    candidate: Candidate, height: int, width: int, *, batch: int = 1, repeats: int = 0
) -> Cost:
    """Measures the cost of images from their windows of readouts, which lie on the device.

    Args:
        candidate: the method; its `dtype` is that of a network's activations.
        height: rows.
        width: columns.
        batch: images a call.
        repeats: calls that are timed; 0 compiles, but runs nothing.
    """
    fn, window = _function(candidate)
    variables = {} if candidate.weights is None else candidate.weights
    shape = (batch, window, height, width)
    described = (variables, jax.ShapeDtypeStruct(shape, jnp.uint8))
    measured = latency = None
    if repeats:
        spikes = jax.random.bernoulli(jax.random.key(0), _RATE, shape).astype(jnp.uint8)
        measured = metrics.measured_memory(fn, variables, spikes)
        latency = metrics.latency(fn, variables, spikes, repeats=repeats)
    network = candidate.weights is not None
    return Cost(
        readouts=window,
        parameters=metrics.parameters(variables) if network else None,
        multiply_adds=metrics.multiply_adds(fn, *described) // batch if network else None,
        memory_bytes=metrics.peak_memory(fn, *described),
        measured_bytes=measured,
        latency_s=latency,
        images_per_s=batch / latency if latency else None,
    )


def _function(candidate: Candidate) -> tuple[Callable[..., Any], int]:
    """(variables, spikes (B, T, H, W)) -> images, and T."""
    name = candidate.name
    if name not in CLASSICAL:
        model = models.create(
            name, **({} if candidate.dtype is None else {"dtype": candidate.dtype})
        )
        assert model.window is not None
        return jax.jit(model.apply), model.window
    window = create_method(name, 1.0, window=candidate.window).window
    options = {"tfp": {"window": window}, "tfi": {"reach": window // 2}, "tfstp": {}}[name]
    method: Callable[..., Any] = getattr(classical, name)
    return jax.jit(lambda _, spikes: method(spikes, window // 2, **options)), window
