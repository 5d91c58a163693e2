"""Natural scene statistics, the features of BRISQUE and NIQE, for images on 0..255.

Subtract the local mean from an image and divide by the local deviation. The result is close to
Gaussian white noise for a photograph; distortions change it. The features are the shapes and widths
of the distributions that fit these coefficients, and the products of neighbouring ones.

Sources: D. L. Ruderman, "The statistics of natural images", 1994; A. Mittal, A. K. Moorthy and
A. C. Bovik, "No-reference image quality assessment in the spatial domain", IEEE TIP 2012 (BRISQUE);
K. Sharifi and A. Leon-Garcia, 1995 (generalised Gaussian); N. E. Lasmar, Y. Stitou and
Y. Berthoumieu, ICIP 2009 (asymmetric generalised Gaussian).
"""

import functools
import math
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

_SIGMA = 7 / 6
_WINDOW = tuple(math.exp(-((i - 3) ** 2) / (2 * _SIGMA**2)) for i in range(7))
_WEIGHTS = tuple(w / sum(_WINDOW) for w in _WINDOW)
_STABILISER = 1.0  # added to the deviation, in eight-bit levels

_SHAPES = np.arange(200, 10_001) / 1000  # the grid of shapes that the code of the papers searches
_NEIGHBOURS = ((0, 1), (1, 0), (1, 1), (1, -1))  # rows and columns: right, below, both diagonals


class Asymmetric(NamedTuple):
    """An asymmetric generalised Gaussian.

    Attributes:
        shape: 1 for exponential tails, 2 for Gaussian ones.
        left: the deviation below 0, the root mean square of the negative values.
        right: the deviation above 0.
        left_width: the scale parameter (beta) below 0.
        right_width: the scale parameter above 0.
        mean: the mean of the distribution.
    """

    shape: jax.Array
    left: jax.Array
    right: jax.Array
    left_width: jax.Array
    right_width: jax.Array
    mean: jax.Array


def normalised(
    image: jax.Array, *, padding: Literal["edge", "zeros"]
) -> tuple[jax.Array, jax.Array]:
    """Subtracts the local mean and divides by the local deviation plus 1 (the MSCN coefficients).

    Both are averages over a 7 x 7 Gaussian window of sigma 7/6. The variance is a mean of squared
    deviations, without the cancellation of mean square minus squared mean.

    Args:
        image: (N, H, W) floating, on 0..255.
        padding: values outside the image: the nearest pixel ('edge') or black ('zeros').

    Returns:
        The coefficients and the local deviation, both (N, H, W).
    """
    wide = jnp.pad(
        image, ((0, 0), (3, 3), (3, 3)), mode="edge" if padding == "edge" else "constant"
    )
    # The window is separable: the variance is the variance along rows, averaged over the rows, plus
    # the variance of the row means.
    row_means = _average(wide, 2)
    row_variances = _variance(wide, row_means, 2)
    mean = _average(row_means, 1)
    variance = _average(row_variances, 1) + _variance(row_means, mean, 1)
    deviation = jnp.sqrt(variance)
    # image - mean as a sum of differences is exactly 0 in flat areas. Rounding would make it
    # positive or negative, and the numbers of both signs are features.
    excess = _excess(wide, 2)[:, 3:-3] + _excess(row_means, 1)
    return excess / (deviation + _STABILISER), deviation


def generalised_gaussian(values: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Fits a symmetric generalised Gaussian by its moments.

    Args:
        values: (..., N) floating.

    Returns:
        Shape and variance, both (...); the shape is NaN where all values are 0.
    """
    square = jnp.mean(jnp.square(values), -1)
    ratio = square / jnp.square(jnp.mean(jnp.abs(values), -1))
    index = _nearest(ratio, _tables().ratio, -1)
    return jnp.where(jnp.isnan(ratio), jnp.nan, _entry(_SHAPES, index, ratio)), square


def asymmetric_gaussian(values: jax.Array) -> Asymmetric:
    """Fits an asymmetric generalised Gaussian by its moments.

    Args:
        values: (..., N) floating.

    Returns:
        The parameters, each (...); NaN where no value is negative, or none is positive.
    """
    square = jnp.square(values)

    def deviation(side: jax.Array) -> jax.Array:
        count = jnp.sum(side, -1, dtype=values.dtype)
        return jnp.sqrt(jnp.sum(jnp.where(side, square, 0), -1) / count)

    left, right = deviation(values < 0), deviation(values > 0)
    skew = left / right
    ratio = jnp.square(jnp.mean(jnp.abs(values), -1)) / jnp.mean(square, -1)
    ratio = ratio * (skew**3 + 1) * (skew + 1) / jnp.square(jnp.square(skew) + 1)
    tables = _tables()
    index = _nearest(ratio, 1 / tables.ratio, 1)
    width, mean = _entry(tables.width, index, ratio), _entry(tables.mean, index, ratio)
    shape = jnp.where(jnp.isnan(ratio), jnp.nan, _entry(_SHAPES, index, ratio))
    return Asymmetric(
        shape, left, right, left * width, right * width, (right - left) * width * mean
    )


def neighbour_products(coefficients: jax.Array) -> jax.Array:
    """Multiplies each coefficient by four of its neighbours; edges wrap around.

    Args:
        coefficients: (..., H, W).

    Returns:
        (4, ..., H, W): by the neighbour to the left, above, above left and above right.
    """
    moved = [jnp.roll(coefficients, shift, axis=(-2, -1)) for shift in _NEIGHBOURS]
    return jnp.stack([coefficients * neighbour for neighbour in moved])


def halved(image: jax.Array) -> jax.Array:
    """Halves the size by a cubic filter with antialiasing, as MATLAB's imresize does.

    The filter is cubic convolution (R. G. Keys, 1981) with a = -1/2, stretched to twice its width.
    Pixel centres are at half-integers, the image is mirrored at its edges, and odd sizes are
    rounded up.

    Args:
        image: (N, H, W) floating.

    Returns:
        (N, ceil(H / 2), ceil(W / 2)).
    """
    return _halve(_halve(image, 1), 2)


def _halve(image: jax.Array, axis: int) -> jax.Array:
    size = image.shape[axis]
    half = (size + 1) // 2
    pads = [(0, 0)] * image.ndim
    pads[axis] = (3, 3 + size % 2)
    wide = jnp.pad(image, pads, mode="symmetric")
    parts = [
        weight * jax.lax.slice_in_dim(wide, tap, tap + 2 * half - 1, stride=2, axis=axis)
        for tap, weight in enumerate(_CUBIC)
    ]
    return functools.reduce(jnp.add, parts)


def _cubic_weights() -> tuple[float, ...]:
    """Returns the eight taps around a new pixel, at distances of 1/4, 3/4, ... of its size."""

    def kernel(x: float) -> float:
        if x <= 1:
            return 1.5 * x**3 - 2.5 * x**2 + 1
        return -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2

    values = [kernel(abs(i - 3.5) / 2) for i in range(8)]
    return tuple(value / sum(values) for value in values)


_CUBIC = _cubic_weights()


def _shifted(x: jax.Array, axis: int) -> list[jax.Array]:
    valid = x.shape[axis] - len(_WEIGHTS) + 1
    return [jax.lax.slice_in_dim(x, i, i + valid, axis=axis) for i in range(len(_WEIGHTS))]


def _average(x: jax.Array, axis: int) -> jax.Array:
    parts = zip(_WEIGHTS, _shifted(x, axis), strict=True)
    return functools.reduce(jnp.add, (weight * part for weight, part in parts))


def _excess(x: jax.Array, axis: int) -> jax.Array:
    """Returns the difference of each pixel from the average around it, along an axis."""
    shifted = _shifted(x, axis)
    parts = zip(_WEIGHTS, shifted, strict=True)
    return functools.reduce(jnp.add, (weight * (shifted[3] - part) for weight, part in parts))


def _variance(x: jax.Array, mean: jax.Array, axis: int) -> jax.Array:
    parts = zip(_WEIGHTS, _shifted(x, axis), strict=True)
    return functools.reduce(jnp.add, (weight * jnp.square(part - mean) for weight, part in parts))


class _Tables(NamedTuple):
    """Properties of the distributions of the shapes in `_SHAPES`."""

    ratio: np.ndarray  # E[x^2] / E[|x|]^2 of the symmetric distribution; decreases with the shape
    width: np.ndarray  # the scale parameter over the deviation
    mean: np.ndarray  # E[|x|] over the scale parameter


@functools.cache
def _tables() -> _Tables:
    one, two, three = (
        np.array([math.lgamma(factor / shape) for shape in _SHAPES]) for factor in (1, 2, 3)
    )
    return _Tables(np.exp(one + three - 2 * two), np.exp((one - three) / 2), np.exp(two - one))


def _entry(table: np.ndarray, index: jax.Array, like: jax.Array) -> jax.Array:
    return jnp.asarray(table, like.dtype)[index]


def _nearest(ratio: jax.Array, table: np.ndarray, order: int) -> jax.Array:
    """Returns the index of the nearest entry of a table, by a search among the midpoints.

    Args:
        ratio: values to look up.
        table: entries in ascending (`order` 1) or descending order (`order` -1).
        order: 1 or -1.
    """
    rising = table[::order]
    midpoints = jnp.asarray((rising[1:] + rising[:-1]) / 2, ratio.dtype)
    index = jnp.searchsorted(midpoints, ratio)
    return index if order == 1 else len(table) - 1 - index
