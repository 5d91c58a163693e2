"""Cost of a method at an image size: parameters, multiply-adds, memory, latency, throughput."""

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from spikejax import metrics
from spikejax.evaluation.candidates import Candidate

_RATE = 0.3  # spikes per readout of the random input of timed calls


@dataclasses.dataclass(frozen=True)
class Cost:
    """Cost of a method.

    Attributes:
        readouts: number of readouts that one image is made from.
        parameters: number of learned values; None for a classical method.
        multiply_adds: of convolutions and matrix products, per image; None for a classical method.
        memory_bytes: arguments, results and temporaries of one call, as XLA compiles it here.
        measured_bytes: the same as the allocator reports it; None if it was not measured, or the
            allocator reports nothing.
        latency_s: median of synchronised calls after warm-up; None if it was not measured.
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
    """Measures the cost of computing images from windows of readouts that are on the device.

    Args:
        candidate: the method.
        height: rows.
        width: columns.
        batch: images per call.
        repeats: number of timed calls; 0 compiles and runs nothing.
    """
    method = candidate.method
    variables = method.variables or {}
    return cost_of_call(
        method.call, variables, method.window, height, width, batch=batch, repeats=repeats
    )


def cost_of_call(
    call: Callable[..., jax.Array],
    variables: Any,
    window: int,
    height: int,
    width: int,
    *,
    batch: int = 1,
    repeats: int = 0,
) -> Cost:
    """Measures the cost of (variables, windows of spikes (B, L, H, W)) -> images.

    Args:
        call: the function.
        variables: of a network, or their shapes if `repeats` is 0; {} for a classical method.
        window: L, readouts.
        height: rows.
        width: columns.
        batch: images per call.
        repeats: number of timed calls; 0 compiles and runs nothing.
    """
    fn = jax.jit(call)
    shape = (batch, window, height, width)
    described = (variables, jax.ShapeDtypeStruct(shape, jnp.uint8))
    measured = latency = None
    if repeats:
        spikes = jax.random.bernoulli(jax.random.key(0), _RATE, shape).astype(jnp.uint8)
        measured = metrics.measured_memory(fn, variables, spikes)
        latency = metrics.latency(fn, variables, spikes, repeats=repeats)
    return Cost(
        readouts=window,
        parameters=metrics.parameters(variables) if variables else None,
        multiply_adds=metrics.multiply_adds(fn, *described) // batch if variables else None,
        memory_bytes=metrics.peak_memory(fn, *described),
        measured_bytes=measured,
        latency_s=latency,
        images_per_s=batch / latency if latency else None,
    )
