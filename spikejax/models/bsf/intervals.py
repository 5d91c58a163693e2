"""Inter-spike intervals at every readout, and their sums with the neighbouring intervals."""

from typing import Literal, NamedTuple, get_args

import jax
import jax.numpy as jnp
from jax import lax

Convention = Literal["opens", "closes"]
"""A spike opens the interval that follows it, or closes the one before."""

LONGEST = 255
"""The longest interval of the convention 'closes', in readouts, and the one of unknown length."""


class IntervalSums(NamedTuple):
    """Lengths of an interval and of its union with its neighbours, in readouts, (B, T, H, W) int32.

    Attributes:
        d11: the interval that covers the readout.
        d12: with the one after.
        d21: with the one before.
        d22: with both.
    """

    d11: jax.Array
    d12: jax.Array
    d21: jax.Array
    d22: jax.Array


def spike_intervals(spikes: jax.Array, *, convention: Convention = "opens") -> jax.Array:
    """Measures at every readout the inter-spike interval that covers it.

    'opens': the interval goes from the last spike at or before the readout to the first spike
    after it. The start and the end of the stream bound the first and the last interval.

    'closes': the interval goes from the last spike before the readout to the first spike at or
    after it. It is at most `LONGEST`, which also stands where one of the two spikes is missing.

    Args:
        spikes: (B, T, H, W), 0 or 1, in any dtype, T >= 1.
        convention: whether a spike belongs to the interval that it opens or closes. 'closes' is
            the data preparation published with BSF.

    Returns:
        (B, T, H, W) int32, readouts, at least 1.

    Raises:
        ValueError: if `spikes` is not (B, T, H, W) with T >= 1, or there is no such convention.
    """
    _check("spike_intervals", spikes, convention)
    return _intervals(spikes.astype(jnp.bool_), convention)


def interval_sums(
    spikes: jax.Array,
    *,
    convention: Convention = "opens",
    window: tuple[int, int] | None = None,
) -> IntervalSums:
    """Sums the interval at every readout of a window and the intervals next to it.

    A neighbour counts where the window has the spikes that show it: at least two from the readout
    on (or up to it). Elsewhere it is taken to be as long as the interval itself.

    Args:
        spikes: (B, T, H, W), 0 or 1, in any dtype, T >= 1.
        convention: see `spike_intervals`. With 'opens', intervals end at the bounds of the window;
            with 'closes', they are measured on the whole stream, and their neighbours on the
            window. That combination is as published. Its neighbour after is mostly the interval
            itself, because the rule expects 'opens'.
        window: readouts [start, stop) of the result; None for all.

    Returns:
        `IntervalSums`, (B, stop - start, H, W).

    Raises:
        ValueError: as `spike_intervals`, or if the window is empty or not inside the stream.

    Source: Zhao et al., "Boosting Spike Camera Image Reconstruction from a Perspective of Dealing
    with Spike Fluctuations", CVPR 2024.
    """
    _check("interval_sums", spikes, convention)
    start, stop = (0, spikes.shape[1]) if window is None else window
    if not 0 <= start < stop <= spikes.shape[1]:
        raise ValueError(
            f"interval_sums: expected a window within [0, {spikes.shape[1]}), got [{start}, {stop})"
        )
    fired = spikes.astype(jnp.bool_)
    if convention == "opens":
        fired = fired[:, start:stop]
        own = _intervals(fired, convention)
    else:
        own = _intervals(fired, convention)[:, start:stop]
        fired = fired[:, start:stop]
    after, before = _after(fired, own), _before(fired, own)
    return IntervalSums(own, own + after, own + before, own + after + before)


def _intervals(fired: jax.Array, convention: Convention) -> jax.Array:
    readouts = fired.shape[1]
    if convention == "opens":
        return _following(_next(fired), readouts) - _last(fired, 0)
    end = _next(fired)
    start = _preceding(_last(fired, -1), -1)
    known = (end < readouts) & (start >= 0)
    return jnp.where(known, jnp.minimum(end - start, LONGEST), LONGEST)


def _after(fired: jax.Array, own: jax.Array) -> jax.Array:
    """Returns the interval after the own one, which starts at the next spike after a readout."""
    readouts = fired.shape[1]
    count = lax.cumsum(fired.astype(jnp.int32), axis=1, reverse=True)
    spike = _following(_next(fired), readouts)
    at_spike = jnp.take_along_axis(own, jnp.minimum(spike, readouts - 1), axis=1)
    # At the last spike but one, the rule stops one readout further, unless that one fires.
    reached = (count - fired.astype(jnp.int32) >= 2) | (spike == _times(fired) + 1)
    neighbour = jnp.where(reached, at_spike, _following(own, 1))
    return jnp.where(count < 2, own, neighbour)


def _before(fired: jax.Array, own: jax.Array) -> jax.Array:
    """Returns the interval before the own one, which ends at the last spike up to a readout."""
    count = lax.cumsum(fired.astype(jnp.int32), axis=1)
    end = jnp.maximum(_last(fired, 0) - 1, 0)
    return jnp.where(count < 2, own, jnp.take_along_axis(own, end, axis=1))


def _last(fired: jax.Array, none: int) -> jax.Array:
    """Returns the index of the last spike at or before each readout, `none` where none is."""
    return lax.cummax(jnp.where(fired, _times(fired), none), axis=1)


def _next(fired: jax.Array) -> jax.Array:
    """Returns the index of the first spike at or after each readout, T where none is."""
    return lax.cummin(jnp.where(fired, _times(fired), fired.shape[1]), axis=1, reverse=True)


def _times(fired: jax.Array) -> jax.Array:
    return lax.broadcasted_iota(jnp.int32, fired.shape, 1)


def _following(x: jax.Array, end: int) -> jax.Array:
    """Returns at each readout the value at the one after, `end` at the last."""
    return jnp.concatenate([x[:, 1:], jnp.full_like(x[:, :1], end)], axis=1)


def _preceding(x: jax.Array, start: int) -> jax.Array:
    """Returns at each readout the value at the one before, `start` at the first."""
    return jnp.concatenate([jnp.full_like(x[:, :1], start), x[:, :-1]], axis=1)


def _check(name: str, spikes: jax.Array, convention: str) -> None:
    if len(spikes.shape) != 4 or spikes.shape[1] == 0:
        raise ValueError(f"{name}: expected spikes (B, T, H, W), got shape {tuple(spikes.shape)}")
    if convention not in get_args(Convention):
        raise ValueError(f"{name}: expected one of {get_args(Convention)}, got {convention!r}")
