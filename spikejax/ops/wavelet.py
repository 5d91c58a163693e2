"""The discrete wavelet transform along one axis, with given taps.

The conventions are those of PyWavelets with zero padding. Analysis is a true convolution that keeps
every second sample, synthesis its inverse. Both are fused sums of shifted slices, which are
differentiable with respect to the signal and the taps, so that taps can be learned.
"""

import functools
from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

Taps = jax.Array | np.ndarray


class Wavelet(NamedTuple):
    """The taps of a wavelet, (K,) each, K even, in the order of PyWavelets."""

    analysis_low: Taps
    analysis_high: Taps
    synthesis_low: Taps
    synthesis_high: Taps


def orthogonal_wavelet(synthesis_low: Taps) -> Wavelet:
    """Returns the taps of an orthogonal wavelet, all of which follow from one low-pass filter.

    Args:
        synthesis_low: (K,), K even. The wavelet is orthogonal if the taps are orthonormal to their
            shifts by even numbers.
    """
    low = synthesis_low[::-1]
    high = synthesis_low * np.array([-1.0, 1.0] * (len(low) // 2), synthesis_low.dtype)
    return Wavelet(low, high, synthesis_low, high[::-1])


# fmt: off
DB8 = orthogonal_wavelet(np.array([
    0.05441584224310401, 0.31287159091429995, 0.6756307362972898, 0.5853546836542067,
    -0.015829105256349306, -0.2840155429615469, 0.0004724845739132828, 0.12874742662047847,
    -0.017369301001807547, -0.044088253930794755, 0.013981027917398282, 0.008746094047405777,
    -0.004870352993451574, -0.00039174037337694705, 0.0006754494064505693, -0.00011747678412476953,
]))
# fmt: on
"""Daubechies' wavelet with eight vanishing moments, 16 taps ("Ten Lectures on Wavelets", 1992)."""


def wavelet_analysis(
    x: jax.Array, low: Taps, high: Taps, *, levels: int, axis: int = -1
) -> tuple[jax.Array, tuple[jax.Array, ...]]:
    """Splits a signal into an approximation and details of several scales.

    One level, on x of length n, x zero outside: low[i] = sum over m of taps[m] x[2i + 1 - m], for
    i = 0 .. floor((n + K - 1) / 2) - 1, and the same for high. The next level takes low.

    Args:
        x: floating, of any shape without empty axes.
        low: (K,) taps of the low-pass filter, K even; cast to `x.dtype`.
        high: (K,) taps of the high-pass filter.
        levels: number of levels, positive.
        axis: the axis of the signal.

    Returns:
        The approximation, and the details, finest first, of `x.dtype`.

    Raises:
        ValueError: if the arguments do not fit.

    References:
        Mallat, "A Theory for Multiresolution Signal Decomposition", 1989.
    """
    if levels < 1:
        raise ValueError(f"wavelet_analysis: expected a positive number of levels, got {levels}")
    taps = _checked("wavelet_analysis", x, low, high, axis)
    x = jnp.moveaxis(x, axis, -1)
    details = []
    for _ in range(levels):
        x, detail = _split(x, *taps)
        details.append(jnp.moveaxis(detail, -1, axis))
    return jnp.moveaxis(x, -1, axis), tuple(details)


def wavelet_synthesis(
    approximation: jax.Array,
    details: Sequence[jax.Array],
    low: Taps,
    high: Taps,
    *,
    axis: int = -1,
) -> jax.Array:
    """Puts a signal together from the result of `wavelet_analysis`.

    One level, from low and high of length n: x[t] = sum over i of
    low_taps[t + K - 2 - 2i] low[i] + high_taps[t + K - 2 - 2i] high[i], t = 0 .. 2n - K + 1. Where
    low is longer than high, its last sample is dropped first. A signal of odd length comes back
    with one more sample.

    Args:
        approximation: floating, the coarsest scale.
        details: of the same dtype and shape apart from the axis, finest first.
        low: (K,) taps of the low-pass filter, K even; cast to the dtype of the signal.
        high: (K,) taps of the high-pass filter.
        axis: the axis of the signal.

    Returns:
        The signal, of the same dtype.

    Raises:
        ValueError: if the arguments do not fit.
    """
    taps = _checked("wavelet_synthesis", approximation, low, high, axis)
    x = jnp.moveaxis(approximation, axis, -1)
    for detail in reversed(details):
        detail = jnp.moveaxis(detail, axis, -1) if detail.ndim == x.ndim else detail
        if x.shape[-1] == detail.shape[-1] + 1:
            x = x[..., :-1]
        if x.shape != detail.shape or 2 * x.shape[-1] < len(low):
            raise ValueError(
                f"wavelet_synthesis: a detail {detail.shape} does not fit an approximation "
                f"{x.shape}, along the last axis, with {len(low)} taps"
            )
        x = _merge(x, detail, taps)
    return jnp.moveaxis(x, -1, axis)


def _split(x: jax.Array, low: jax.Array, high: jax.Array) -> tuple[jax.Array, jax.Array]:
    """One level of analysis along the last axis."""
    count, length = len(low), x.shape[-1]
    kept = (length + count - 1) // 2
    padded = jnp.pad(x, [(0, 0)] * (x.ndim - 1) + [(count - 2, 2 * kept - length)])
    shifted = [padded[..., first : first + 2 * kept - 1 : 2] for first in reversed(range(count))]
    return _weighted(shifted, low), _weighted(shifted, high)


def _merge(low: jax.Array, high: jax.Array, taps: tuple[jax.Array, jax.Array]) -> jax.Array:
    """One level of synthesis along the last axis: even and odd samples each have half the taps."""
    half = len(taps[0]) // 2
    count = low.shape[-1] - half + 1
    shifted = [band[..., j : j + count] for band in (low, high) for j in range(half)]
    even, odd = (
        _weighted(shifted, jnp.concatenate([t[parity::2][::-1] for t in taps])) for parity in (0, 1)
    )
    return jnp.stack([even, odd], -1).reshape(*low.shape[:-1], 2 * count)


def _weighted(arrays: list[jax.Array], taps: jax.Array) -> jax.Array:
    return functools.reduce(jnp.add, (x * taps[m] for m, x in enumerate(arrays)))


def _checked(
    name: str, x: jax.Array, low: Taps, high: Taps, axis: int
) -> tuple[jax.Array, jax.Array]:
    """Returns the taps in the dtype of the signal."""
    if not jnp.issubdtype(x.dtype, jnp.floating) or not -x.ndim <= axis < x.ndim or x.size == 0:
        raise ValueError(
            f"{name}: expected a floating signal without empty axes, got {x.shape} {x.dtype} "
            f"with axis {axis}"
        )
    if low.ndim != 1 or low.shape != high.shape or len(low) % 2 or not len(low):
        raise ValueError(
            f"{name}: expected two filters (K,), K even, got {low.shape} and {high.shape}"
        )
    return jnp.asarray(low, x.dtype), jnp.asarray(high, x.dtype)
