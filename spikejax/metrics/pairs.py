"""Checks of the two images, or batches, that a metric compares."""

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

MOST_CHANNELS = 4  # of one image; a longer last axis of three is probably a batch axis


def compare(
    name: str,
    metric: Callable[[Any, Any, Any], jax.Array],
    a: Any,
    b: Any,
    data_range: ArrayLike | None = None,
    *,
    smallest: int = 1,
) -> Any:
    """Checks two images and evaluates a metric on them.

    JAX arrays are compared on their device, differentiably, in float32, or in float64 if one of
    them is float64. Two other arrays are compared in float64, and the result is float64.

    Args:
        name: name of the metric, for messages.
        metric: function of two (B, H, W, C) floating arrays and the range that returns (B,).
        a: (H, W), (H, W, C) or (B, H, W, C).
        b: the same shape.
        data_range: range of the values, above 0; None for a metric without one, which gets 1.
        smallest: the least number of rows and of columns.

    Returns:
        A scalar for one image, (B,) for a batch.

    Raises:
        ValueError: if the images differ in shape, or their size or dtype is invalid.
    """
    traced = isinstance(a, jax.Array) or isinstance(b, jax.Array)
    a, b = (x if isinstance(x, jax.Array) else np.asarray(x) for x in (a, b))
    _check(name, a, b, smallest)
    if data_range is None:
        data_range = 1.0
    else:
        _check_range(name, a, b, data_range)
    single = a.ndim < 4
    shape = (1, *a.shape, *(1,) * (3 - a.ndim)) if single else a.shape
    a, b = a.reshape(shape), b.reshape(shape)
    if traced:
        double = jnp.float64 in (a.dtype, b.dtype) and jax.config.read("jax_enable_x64")
        dtype = jnp.float64 if double else jnp.float32
        values = metric(*(jnp.asarray(x, dtype) for x in (a, b, data_range)))
        return values[0] if single else values
    with jax.ensure_compile_time_eval(), jax.enable_x64(True):
        host = np.asarray(metric(*(np.asarray(x, np.float64) for x in (a, b, data_range))))
    return host[0] if single else host


def _check(name: str, a: Any, b: Any, smallest: int) -> None:
    if a.shape != b.shape:
        raise ValueError(f"{name}: the images differ in shape, {a.shape} and {b.shape}")
    if a.ndim not in (2, 3, 4) or 0 in a.shape:
        raise ValueError(f"{name}: expected (H, W), (H, W, C) or (B, H, W, C), got {a.shape}")
    if a.ndim == 3 and a.shape[2] > MOST_CHANNELS:
        raise ValueError(
            f"{name}: {a.shape} is read as (H, W, C), and C is at most {MOST_CHANNELS}; "
            "a batch of images is (B, H, W, C)"
        )
    rows, columns = a.shape[:2] if a.ndim < 4 else a.shape[1:3]
    if min(rows, columns) < smallest:
        raise ValueError(
            f"{name}: images are at least {smallest} x {smallest} pixels, got {rows} x {columns}"
        )
    for x in (a, b):
        if np.dtype(x.dtype).kind not in "bui" and not jnp.issubdtype(x.dtype, jnp.floating):
            raise ValueError(f"{name}: expected real images, got {x.dtype}")


def _check_range(name: str, a: Any, b: Any, data_range: ArrayLike) -> None:
    if np.ndim(data_range) != 0:
        raise ValueError(f"{name}: data_range is one number, got shape {np.shape(data_range)}")
    if isinstance(data_range, jax.core.Tracer):
        return
    extent = float(np.asarray(data_range))
    if not (math.isfinite(extent) and extent > 0):
        raise ValueError(f"{name}: data_range is a number above 0, got {extent}")
    for x in (a, b):
        if np.dtype(x.dtype).kind in "ui" and extent <= 1:
            raise ValueError(
                f"{name}: {x.dtype} images need their data_range (255 for eight bits), got {extent}"
            )
