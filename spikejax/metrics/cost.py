"""Model cost: parameters, multiply-adds, memory, latency, throughput."""

import math
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import jax
import numpy as np

from spikejax.ops import programs_for

_UNUSED_PRECISION = "ANY_F8_ANY_F8_ANY"


def parameters(variables: Any) -> int:
    """Counts the values that training changes.

    Args:
        variables: the variables of a model, {'params': ..., 'batch_stats': ...}, of which only the
            parameters count; or any tree of arrays, of which all count. Shapes are enough, as from
            `jax.eval_shape`.
    """
    if isinstance(variables, Mapping) and "params" in variables:
        variables = variables["params"]
    return sum(math.prod(np.shape(leaf)) for leaf in jax.tree.leaves(variables))


def multiply_adds(fn: Callable[..., Any], *args: Any) -> int:
    """Counts the multiply-adds of the convolutions and matrix products of a function.

    The count follows the formulas of the function, not the program that a platform compiles: each
    output of a k x k convolution takes k k Cin / groups, also at the border. The zeros between the
    pixels of a transposed convolution do not count. A loop counts as often as it runs; of several
    branches the most expensive one counts. Element-wise arithmetic does not count, as is usual.

    Args:
        fn: a pure function of arrays, jitted or not. It is traced, not run.
        *args: its arguments, or their `jax.ShapeDtypeStruct`s.

    Raises:
        ValueError: if a convolution or matrix product is in a loop of unknown length.
    """
    # The form of a convolution is chosen while tracing, and a jitted function caches its traces.
    # The precision is part of the cache key; under one that nobody uses there is no earlier trace.
    with programs_for("gpu"), jax.default_matmul_precision(_UNUSED_PRECISION):
        jaxpr = jax.make_jaxpr(fn)(*args)
    return _count(jaxpr.jaxpr)


def _count(jaxpr: Any) -> int:
    return sum(_count_equation(equation) for equation in jaxpr.eqns)


def _count_equation(equation: Any) -> int:
    name, params = equation.primitive.name, equation.params
    if name == "conv_general_dilated":
        out, kernel = equation.outvars[0].aval.shape, equation.invars[1].aval.shape
        outputs = params["dimension_numbers"].rhs_spec[0]  # the sum is over all other axes
        taps = math.prod(kernel) // kernel[outputs]
        return math.prod(out) * taps // math.prod(params["lhs_dilation"])
    if name == "dot_general":
        (contracted, _), _ = params["dimension_numbers"]
        left = equation.invars[0].aval.shape
        return math.prod(equation.outvars[0].aval.shape) * math.prod(left[i] for i in contracted)
    if name == "cond":
        return max(_count(branch) for branch in _nested(params["branches"]))
    inside = sum(_count(nested) for nested in _nested(list(params.values())))
    if name == "scan":
        return params["length"] * inside
    if name == "while" and inside:
        raise ValueError(
            "multiply_adds: a loop of unknown length multiplies matrices; give it a fixed length "
            "(`jax.lax.scan`, or `fori_loop` between Python numbers)"
        )
    return inside


def _nested(value: Any) -> Iterator[Any]:
    """Yields the jaxprs among the parameters of an equation."""
    if isinstance(value, list | tuple):
        for item in value:
            yield from _nested(item)
    elif hasattr(value, "eqns"):
        yield value
    elif hasattr(value, "jaxpr"):
        yield value.jaxpr


def flops(fn: Callable[..., Any], *args: Any) -> float:
    """Returns XLA's estimate of the floating-point operations of the compiled program.

    Unlike `multiply_adds` it counts the program that runs on this platform, with its padded
    channels and its element-wise arithmetic. A multiply-add is two operations. Loops count once.

    Args:
        fn: a pure function of arrays, jitted or not. It is compiled, not run.
        *args: its arguments, or their `jax.ShapeDtypeStruct`s.

    Raises:
        RuntimeError: if the platform has no such estimate.
    """
    analysis = _compile(fn, args).cost_analysis()
    if not analysis or "flops" not in analysis:
        raise RuntimeError(f"flops: XLA does not count operations on {jax.default_backend()}")
    return float(analysis["flops"])


def peak_memory(fn: Callable[..., Any], *args: Any) -> int:
    """Returns the bytes of device memory that one call needs: arguments, results, temporaries.

    Args:
        fn: a pure function of arrays, jitted or not. It is compiled, not run.
        *args: its arguments, or their `jax.ShapeDtypeStruct`s. Weights that the function closes
            over are constants of the program and do not count: pass them as arguments.

    Raises:
        RuntimeError: if the platform does not report it.
    """
    memory = _compile(fn, args).memory_analysis()
    if memory is None:
        raise RuntimeError(f"peak_memory: XLA does not report it on {jax.default_backend()}")
    total = memory.argument_size_in_bytes + memory.output_size_in_bytes + memory.temp_size_in_bytes
    return int(total - memory.alias_size_in_bytes)


def latency(fn: Callable[..., Any], *args: Any, repeats: int = 20) -> float:
    """Measures the duration of a call in seconds: the median of several synchronised calls.

    It excludes compilation, two calls to warm up, and the transfer of the arguments.

    Args:
        fn: a pure function of arrays, jitted or not.
        *args: its arguments; they are moved to the default device first.
        repeats: number of timed calls, at least 1.
    """
    if repeats < 1:
        raise ValueError(f"latency: repeats is at least 1, got {repeats}")
    args = jax.block_until_ready(jax.device_put(args))
    run = _compile(fn, args)
    for _ in range(2):
        jax.block_until_ready(run(*args))
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        jax.block_until_ready(run(*args))
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def throughput(
    fn: Callable[..., Any], *args: Any, images: int | None = None, repeats: int = 20
) -> float:
    """Measures the images per second of a function, one call after the other.

    Args:
        fn: a pure function of arrays, jitted or not.
        *args: its arguments; they are moved to the default device first.
        images: number of images per call; None for the length of the result's first axis.
        repeats: number of timed calls, at least 1; their median counts.
    """
    if images is None:
        first = jax.tree.leaves(jax.eval_shape(fn, *args))[0]
        if first.ndim == 0:
            raise ValueError(
                "throughput: the result is a scalar; pass the number of images per call"
            )
        images = first.shape[0]
    return images / latency(fn, *args, repeats=repeats)


def _compile(fn: Callable[..., Any], args: tuple[Any, ...]) -> Any:
    lower = fn.lower if hasattr(fn, "lower") else jax.jit(fn).lower
    return lower(*args).compile()
