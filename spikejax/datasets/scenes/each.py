"""The same for each of several scenes, frames or canvases, as the platform likes it."""

from collections.abc import Callable
from typing import Any

import jax

from spikejax.ops import on_processor


def each(function: Callable[[Any], Any], xs: Any) -> Any:
    """Maps a function over the leading axis of arrays.

    Args:
        function: of one element, a pytree like `xs` without the leading axis.
        xs: a pytree of arrays.

    Returns:
        Its results, with a leading axis: one after another on processors, whose caches hold no more
        than one, and all at once on accelerators, which a single one would leave idle.
    """
    return jax.lax.map(function, xs) if on_processor() else jax.vmap(function)(xs)
