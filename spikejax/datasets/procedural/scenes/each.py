"""The same for each of several scenes, frames or canvases, as the platform likes it."""

from collections.abc import Callable
from typing import Any

import jax

from spikejax.ops import on_processor

AT_ONCE = 64_000_000
"""Pixels that accelerators work on at once: enough to keep them busy, in some five gigabytes."""


def each(function: Callable[[Any], Any], xs: Any, *, pixels: int) -> Any:
    """Maps a function over the leading axis of arrays.

    On processors it is one element after another: their caches hold no more than one, and XLA would
    draw the random numbers of several anew wherever they are used. On accelerators, which a single
    one would leave idle, as many go at once as fit.

    Args:
        function: of one element, a pytree like `xs` without the leading axis.
        xs: a pytree of arrays.
        pixels: that an element has, of all its frames.

    Returns:
        Its results, with a leading axis.
    """
    if on_processor():
        return jax.lax.map(function, xs)
    count = len(jax.tree.leaves(xs)[0])
    parts = -(-count // max(1, AT_ONCE // pixels))
    if parts <= 1:
        return jax.vmap(function)(xs)
    return jax.lax.map(function, xs, batch_size=-(-count // parts))
