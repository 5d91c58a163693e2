"""How alike two images look around each pixel: SSIM and its multi-scale form."""

import functools
import math
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.typing import ArrayLike

from spikejax.metrics.pairs import compare

Preset = Literal["matlab", "skimage"]
Window = tuple[float, ...]

_K1, _K2 = 0.01, 0.03
_SCALES = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)  # weights, finest scale first
_BLOCK = 64  # pixels: none from 32 to 128 is faster on CPUs


def _gaussian(length: int, sigma: float) -> Window:
    values = [math.exp(-((i - length // 2) ** 2) / (2 * sigma**2)) for i in range(length)]
    return tuple(value / sum(values) for value in values)


# the window along one axis, and the factor from its variance to the one that is used
_PRESETS: dict[str, tuple[Window, float]] = {
    "matlab": (_gaussian(11, 1.5), 1.0),
    "skimage": ((1 / 7,) * 7, 49 / 48),
}


def ssim(a: Any, b: Any, data_range: ArrayLike = 1.0, preset: Preset = "matlab") -> Any:
    """Structural similarity, 1 for equal images, averaged over pixels and channels.

    Definitions differ by more than methods do, so name the preset beside every number. Both have
    K 0.01 and 0.03 and use only windows that lie inside the image:

    * 'matlab': an 11 x 11 Gaussian window of sigma 1.5, the authors' own.
    * 'skimage': a uniform 7 x 7 window with the sample covariance (N - 1), scikit-image's default.

    Float32 is within 2e-6 of float64 on natural scenes, 3e-5 where flat black meets flat white.

    Args:
        a: (H, W), (H, W, C) with at most four channels, or (B, H, W, C), at least as large as the
            window. JAX arrays are compared in float32 on their device, differentiably; others in
            float64.
        b: the same shape.
        data_range: the distance from black to white, above 0; never taken from the images.
        preset: the definition.

    Returns:
        A scalar, or (B,) for a batch, each over its own image.

    Raises:
        ValueError: if the shapes differ, are none of these or too small, if integer images come
            without their range, or the preset is unknown.

    Source: Z. Wang et al., "Image quality assessment: from error visibility to structural
    similarity", IEEE TIP 2004, equation 13.
    """
    if preset not in _PRESETS:
        raise ValueError(f"ssim: preset is one of {', '.join(_PRESETS)}, got {preset!r}")
    window, unbias = _PRESETS[preset]
    metric = functools.partial(_ssim, window=window, unbias=unbias)
    return compare("ssim", metric, a, b, data_range, smallest=len(window))


def ms_ssim(a: Any, b: Any, data_range: ArrayLike = 1.0) -> Any:
    """Multi-scale SSIM: contrast and structure on five scales, luminance on the coarsest.

    Each scale halves the last one by averages of 2 x 2 pixels, the last row or column of an odd
    size repeated. The window is that of SSIM's preset 'matlab'. Where the mean contrast-structure
    term of a scale is negative the result is 0.

    Args:
        a: (H, W), (H, W, C) with at most four channels, or (B, H, W, C), at least 161 x 161. JAX
            arrays are compared in float32 on their device, differentiably; others in float64.
        b: the same shape.
        data_range: the distance from black to white, above 0; never taken from the images.

    Returns:
        A scalar, or (B,) for a batch, each the mean over its own channels.

    Raises:
        ValueError: as `ssim` does.

    Source: Z. Wang, E. P. Simoncelli, A. C. Bovik, "Multi-scale structural similarity for image
    quality assessment", Asilomar 2003, equation 7.
    """
    window, _ = _PRESETS["matlab"]
    smallest = (len(window) - 1) * 2 ** (len(_SCALES) - 1) + 1
    return compare("ms_ssim", _ms_ssim, a, b, data_range, smallest=smallest)


@functools.partial(jax.jit, static_argnames=("window", "unbias"))
def _ssim(a: Array, b: Array, data_range: Array, window: Window, unbias: float) -> Array:
    luminance, structure = _terms(_planes(a), _planes(b), data_range, window, unbias)
    return jnp.mean((luminance * structure).reshape(a.shape[0], -1), 1)


@jax.jit
def _ms_ssim(a: Array, b: Array, data_range: Array) -> Array:
    window, unbias = _PRESETS["matlab"]
    x, y = _planes(a), _planes(b)
    product: Any = 1.0
    for scale, weight in enumerate(_SCALES):
        luminance, structure = _terms(x, y, data_range, window, unbias)
        if scale == len(_SCALES) - 1:
            structure = structure * luminance
        mean = jnp.mean(structure, (1, 2))
        positive = mean > 0
        # kept from 0, where the slope of a power below 1 is infinite
        product = product * jnp.where(positive, jnp.where(positive, mean, 1) ** weight, 0)
        x, y = _halve(x), _halve(y)
    return jnp.mean(product.reshape(a.shape[0], -1), 1)


def _planes(x: Array) -> Array:
    """Moves the channels to the batch, (B, H, W, C) -> (B C, H, W)."""
    return jnp.moveaxis(x, 3, 1).reshape(-1, *x.shape[1:3])


def _terms(
    x: Array, y: Array, data_range: Array, window: Window, unbias: float
) -> tuple[Array, Array]:
    """Computes the luminance term and the contrast-structure term around each pixel.

    Args:
        x: (N, H, W).
        y: (N, H, W).
        data_range: of the values.
        window: the weights along one axis.
        unbias: what the variances and the covariance are multiplied by.

    Returns:
        Both (N, H', W'), where the whole window lies inside.
    """
    # variances do not change with the origin, but what cancels in them grows with the distance
    origin = lax.stop_gradient(jnp.mean(x, (1, 2), keepdims=True))
    x, y = x - origin, y - origin
    mx, my, xx, yy, xy = (_smooth(p, window) for p in (x, y, x * x, y * y, x * y))
    variances = unbias * ((xx - mx * mx) + (yy - my * my))
    covariance = unbias * (xy - mx * my)
    mx, my = mx + origin, my + origin
    c1, c2 = jnp.square(_K1 * data_range), jnp.square(_K2 * data_range)
    luminance = (2 * mx * my + c1) / (mx * mx + my * my + c1)
    return luminance, (2 * covariance + c2) / (variances + c2)


def _smooth(x: Array, window: Window) -> Array:
    """Averages (N, H, W) over the window, a matrix product an axis.

    One channel is too little work for a convolution. Each axis is cut into overlapping blocks,
    which one small banded matrix takes to their averages: several times faster, and so is the
    gradient, as it is a matrix product again.
    """
    matrix = _band(window).astype(x.dtype)
    exact = lax.Precision.HIGHEST
    n, rows, columns = x.shape
    blocks = _blocks(x, 2, len(window))  # (N, H, blocks, block)
    x = jnp.tensordot(blocks, matrix, 1, precision=exact).reshape(n, rows, -1)
    x = x[:, :, : columns - len(window) + 1]
    blocks = _blocks(x, 1, len(window))  # (N, blocks, block, W')
    x = jnp.einsum("nkbw,bo->nkow", blocks, matrix, precision=exact)
    return x.reshape(n, -1, x.shape[-1])[:, : rows - len(window) + 1]


def _band(window: Window) -> np.ndarray:
    """Makes the matrix (_BLOCK + window - 1, _BLOCK) of moving averages."""
    matrix = np.zeros((_BLOCK + len(window) - 1, _BLOCK))
    for i, weight in enumerate(window):
        matrix[np.arange(_BLOCK) + i, np.arange(_BLOCK)] = weight
    return matrix


def _blocks(x: Array, axis: int, window: int) -> Array:
    """Splits an axis in two: blocks, each with the beginning of the next one at its end."""
    blocks = -(-(x.shape[axis] - window + 1) // _BLOCK)
    pad = [(0, 0)] * x.ndim
    pad[axis] = (0, (blocks + 1) * _BLOCK - x.shape[axis])
    shape = (*x.shape[:axis], blocks + 1, _BLOCK, *x.shape[axis + 1 :])
    x = jnp.pad(x, pad).reshape(shape)
    beginnings = lax.slice_in_dim(x, 0, window - 1, axis=axis + 1)
    return jnp.concatenate(
        [
            lax.slice_in_dim(x, 0, blocks, axis=axis),
            lax.slice_in_dim(beginnings, 1, blocks + 1, axis=axis),
        ],
        axis + 1,
    )


def _halve(x: Array) -> Array:
    """Averages 2 x 2 pixels, (N, H, W) -> (N, ceil(H / 2), ceil(W / 2))."""
    n, rows, columns = x.shape
    x = jnp.pad(x, ((0, 0), (0, rows % 2), (0, columns % 2)), mode="edge")
    return x.reshape(n, (rows + 1) // 2, 2, (columns + 1) // 2, 2).mean((2, 4))
