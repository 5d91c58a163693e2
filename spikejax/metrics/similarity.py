"""Structural similarity: SSIM and multi-scale SSIM."""

import functools
import math
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.typing import ArrayLike

from spikejax.metrics.metric import Metric, register
from spikejax.metrics.pairs import compare

Preset = Literal["matlab", "skimage"]
Window = tuple[float, ...]

_K1, _K2 = 0.01, 0.03
_SCALES = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)  # weights, finest scale first
_BLOCK = 64  # pixels; no value from 32 to 128 is faster on CPUs


def _gaussian(length: int, sigma: float) -> Window:
    values = [math.exp(-((i - length // 2) ** 2) / (2 * sigma**2)) for i in range(length)]
    return tuple(value / sum(values) for value in values)


# the window along one axis, and the factor of variances and the covariance
_PRESETS: dict[str, tuple[Window, float]] = {
    "matlab": (_gaussian(11, 1.5), 1.0),
    "skimage": ((1 / 7,) * 7, 49 / 48),
}


def ssim(a: Any, b: Any, data_range: ArrayLike = 1.0, preset: Preset = "matlab") -> Any:
    """Structural similarity, 1 for equal images, averaged over pixels and channels.

    Definitions differ by more than methods do: state the preset with every score. Both presets have
    K 0.01 and 0.03, and use only windows inside the image:

    * 'matlab': an 11 x 11 Gaussian window of sigma 1.5, the authors' definition.
    * 'skimage': a uniform 7 x 7 window with the sample covariance (N - 1), scikit-image's default.

    Float32 is within 2e-6 of float64 on natural scenes, and within 3e-5 at edges between flat black
    and flat white.

    Args:
        a: (H, W), (H, W, C) with at most four channels, or (B, H, W, C), at least as large as the
            window. JAX arrays are compared in float32 on their device, differentiably; others in
            float64.
        b: the same shape.
        data_range: the distance from black to white, above 0; never inferred from the images.
        preset: the definition.

    Returns:
        A scalar, or (B,) with one score per image.

    Raises:
        ValueError: if the shapes differ, are none of these or too small, if images are integers and
            the range is at most 1, or the preset is unknown.

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

    Each scale is the previous one at half size, by averages of 2 x 2 pixels; the last row or column
    of an odd size is repeated. The window is that of the preset 'matlab' of `ssim`. The result is 0
    if the mean contrast-structure term of a scale is negative.

    Args:
        a: (H, W), (H, W, C) with at most four channels, or (B, H, W, C), at least 161 x 161. JAX
            arrays are compared in float32 on their device, differentiably; others in float64.
        b: the same shape.
        data_range: the distance from black to white, above 0; never inferred from the images.

    Returns:
        A scalar, or (B,) with one score per image, the mean over its channels.

    Raises:
        ValueError: as `ssim`.

    Source: Z. Wang, E. P. Simoncelli, A. C. Bovik, "Multi-scale structural similarity for image
    quality assessment", Asilomar 2003, equation 7.
    """
    window, _ = _PRESETS["matlab"]
    smallest = (len(window) - 1) * 2 ** (len(_SCALES) - 1) + 1
    return compare("ms_ssim", _ms_ssim, a, b, data_range, smallest=smallest)


@register("ssim_matlab")
def _table_metric_matlab() -> Metric:
    return Metric(
        "SSIM matlab",
        "11x11 Gaussian window of sigma 1.5, valid region, range 1; computed by "
        "spikejax.metrics.ssim, preset 'matlab'",
        digits=4,
        higher=True,
        function=lambda image, truth: ssim(image, truth, data_range=1.0, preset="matlab"),
        order=20,
        smallest=(11, 11),
    )


@register("ssim_skimage")
def _table_metric_skimage() -> Metric:
    return Metric(
        "SSIM skimage",
        "7x7 uniform window, sample covariance, range 1; computed by spikejax.metrics.ssim, "
        "preset 'skimage'",
        digits=4,
        higher=True,
        function=lambda image, truth: ssim(image, truth, data_range=1.0, preset="skimage"),
        order=30,
        smallest=(7, 7),
        in_paper=False,
    )


@functools.partial(jax.jit, static_argnames=("window", "unbias"))
def _ssim(
    a: jax.Array, b: jax.Array, data_range: jax.Array, window: Window, unbias: float
) -> jax.Array:
    luminance, structure = _terms(_planes(a), _planes(b), data_range, window, unbias)
    return jnp.mean((luminance * structure).reshape(a.shape[0], -1), 1)


@jax.jit
def _ms_ssim(a: jax.Array, b: jax.Array, data_range: jax.Array) -> jax.Array:
    window, unbias = _PRESETS["matlab"]
    x, y = _planes(a), _planes(b)
    product: Any = 1.0
    for scale, weight in enumerate(_SCALES):
        luminance, structure = _terms(x, y, data_range, window, unbias)
        if scale == len(_SCALES) - 1:
            structure = structure * luminance
        mean = jnp.mean(structure, (1, 2))
        positive = mean > 0
        # The base is replaced too: the gradient of a power below 1 is infinite at 0.
        product = product * jnp.where(positive, jnp.where(positive, mean, 1) ** weight, 0)
        x, y = _halve(x), _halve(y)
    return jnp.mean(product.reshape(a.shape[0], -1), 1)


def _planes(x: jax.Array) -> jax.Array:
    """Moves the channels to the batch, (B, H, W, C) -> (B C, H, W)."""
    return jnp.moveaxis(x, 3, 1).reshape(-1, *x.shape[1:3])


def _terms(
    x: jax.Array, y: jax.Array, data_range: jax.Array, window: Window, unbias: float
) -> tuple[jax.Array, jax.Array]:
    """Computes the luminance term and the contrast-structure term around each pixel.

    Args:
        x: (N, H, W).
        y: (N, H, W).
        data_range: range of the values.
        window: the weights along one axis.
        unbias: factor of the variances and the covariance.

    Returns:
        Both (N, H', W'), at the pixels whose whole window is inside the image.
    """
    # Variances do not depend on the origin, but their cancellation errors do.
    origin = lax.stop_gradient(jnp.mean(x, (1, 2), keepdims=True))
    x, y = x - origin, y - origin
    mx, my, xx, yy, xy = (_smooth(p, window) for p in (x, y, x * x, y * y, x * y))
    variances = unbias * ((xx - mx * mx) + (yy - my * my))
    covariance = unbias * (xy - mx * my)
    mx, my = mx + origin, my + origin
    c1, c2 = jnp.square(_K1 * data_range), jnp.square(_K2 * data_range)
    luminance = (2 * mx * my + c1) / (mx * mx + my * my + c1)
    return luminance, (2 * covariance + c2) / (variances + c2)


def _smooth(x: jax.Array, window: Window) -> jax.Array:
    """Averages (N, H, W) over the window, with one matrix product per axis.

    A convolution of one channel is slow. Here each axis is cut into overlapping blocks, and one
    small banded matrix multiplies them. This is several times faster, and so is its gradient, which
    is also a matrix product.
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
    """Returns the matrix (_BLOCK + window - 1, _BLOCK) of moving averages."""
    matrix = np.zeros((_BLOCK + len(window) - 1, _BLOCK))
    for i, weight in enumerate(window):
        matrix[np.arange(_BLOCK) + i, np.arange(_BLOCK)] = weight
    return matrix


def _blocks(x: jax.Array, axis: int, window: int) -> jax.Array:
    """Splits an axis into two, blocks and pixels; a block ends with the start of the next one."""
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


def _halve(x: jax.Array) -> jax.Array:
    """Averages 2 x 2 pixels, (N, H, W) -> (N, ceil(H / 2), ceil(W / 2))."""
    n, rows, columns = x.shape
    x = jnp.pad(x, ((0, 0), (0, rows % 2), (0, columns % 2)), mode="edge")
    return x.reshape(n, (rows + 1) // 2, 2, (columns + 1) // 2, 2).mean((2, 4))
