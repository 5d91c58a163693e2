"""Mapping over scenes, frames or canvases, sequential or batched depending on the platform."""

from collections.abc import Callable
from typing import Any

import jax

from spikejax.ops import on_cpu

AT_ONCE = 64_000_000
"""Pixels that accelerators process at once: enough to keep them busy, in about 5 GB."""


def each(function: Callable[[Any], Any], xs: Any, *, pixels: int) -> Any:
    """Maps a function over the leading axis of arrays.

    On CPUs the elements are processed one after another: the caches hold only one, and XLA would
    draw the random numbers of several again wherever they are used. On accelerators, where a single
    element would leave most of the device idle, as many are processed at once as fit.

    Args:
        function: function of one element, a pytree like `xs` without the leading axis.
        xs: a pytree of arrays.
        pixels: pixels per element, in all its frames.

    Returns:
        The results of the function, with a leading axis.
    """
    if on_cpu():
        return jax.lax.map(function, xs)
    count = len(jax.tree.leaves(xs)[0])
    parts = -(-count // max(1, AT_ONCE // pixels))
    if parts <= 1:
        return jax.vmap(function)(xs)
    return jax.lax.map(function, xs, batch_size=-(-count // parts))
