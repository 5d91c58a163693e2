"""Registration of the photograph to the view of the spike camera."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from spikejax import ops

_LEAST_COVERED = 0.25


def register(photograph: Any, homography: Any, size: tuple[int, int]) -> jax.Array:
    """Warps a photograph into the view of the spike camera.

    Args:
        photograph: (H', W', C) float, of any size.
        homography: (3, 3), from pixels of the photograph to pixels of the result, (x, y, 1) of
            their centres, up to a factor: the matrix that `cv2.findHomography(photograph_points,
            4 * spike_points + 1.5)` returns.
        size: (H, W) of the result, four times that of the spikes.

    Returns:
        (H, W, C) float32, bilinear; outside the photograph its edge is repeated.

    Raises:
        ValueError: if the photograph has another shape or type, or the matrix has no inverse,
            maps a pixel of the result to infinity, or maps less than a quarter of the result into
            the photograph.
    """
    image = jnp.asarray(photograph)
    if image.ndim != 3 or not jnp.issubdtype(image.dtype, jnp.floating) or not image.size:
        raise ValueError(
            f"register: expected a photograph (H, W, C) floating, got {image.shape} {image.dtype}"
        )
    flow = _flow_to(np.asarray(homography, np.float64), size)
    _check_covered(flow, image.shape[:2])
    # Warping keeps the size, so the canvas holds both; padding repeats the photograph's edge.
    height, width = (max(a, b) for a, b in zip(size, image.shape[:2], strict=True))
    rows, columns = height - image.shape[0], width - image.shape[1]
    canvas = jnp.pad(image.astype(jnp.float32), ((0, rows), (0, columns), (0, 0)), mode="edge")
    below, beside = height - size[0], width - size[1]
    flow = np.pad(flow, ((0, below), (0, beside), (0, 0)))
    return ops.warp(canvas[None], jnp.asarray(flow)[None])[0, : size[0], : size[1]]


def _check_covered(flow: np.ndarray, size: tuple[int, ...]) -> None:
    """Raises ValueError if the result is mostly the repeated edge of the photograph."""
    y, x = np.indices(flow.shape[:2])
    row, column = y + flow[..., 1], x + flow[..., 0]
    height, width = size
    inside = (row >= -0.5) & (row <= height - 0.5) & (column >= -0.5) & (column <= width - 0.5)
    if inside.mean() < _LEAST_COVERED:
        raise ValueError(
            f"homography: only {100 * inside.mean():.0f} % of the spike camera's view lies in the "
            f"photograph, expected at least {100 * _LEAST_COVERED:.0f} %; is the matrix inverted?"
        )


def _flow_to(homography: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Returns (H, W, 2), from each pixel of the result to its position in the photograph."""
    if homography.shape != (3, 3) or not np.isfinite(homography).all():
        raise ValueError(
            f"homography: expected 3x3 finite numbers, got shape {homography.shape} "
            f"{np.array2string(homography.ravel()[:9], precision=3)}"
        )
    scale = np.abs(homography).max()
    if scale == 0 or np.linalg.cond(homography / scale) > 1e12:
        raise ValueError("homography: expected a matrix with an inverse, got a singular one")
    y, x = np.meshgrid(*(np.arange(n, dtype=np.float64) for n in size), indexing="ij")
    position = np.stack([x, y, np.ones_like(x)], -1) @ np.linalg.inv(homography).T
    depth = position[..., 2]
    if not (np.all(depth > 0) or np.all(depth < 0)):
        raise ValueError("homography: maps pixels of the result to infinity; is it inverted?")
    return (position[..., :2] / depth[..., None] - np.stack([x, y], -1)).astype(np.float32)
