"""Temporal metrics of videos: warping error, flicker, temporal differences."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from spikejax import ops


def warping_error(video: Any, flow: Any, *, mask: Any = None) -> jax.Array:
    """Mean squared difference between each frame and the next one, warped back to it.

    A pixel counts if its flow ends inside the image and its mask is set. Noise of the frames
    contributes: compare with the error of the sharp video under the same flow.

    Args:
        video: (T, H, W, C) floating, T at least 2.
        flow: (T - 1, H, W, 2) in pixels, x then y, backward: frame t at p is frame t + 1 at
            p + flow[t, p].
        mask: (T - 1, H, W), 0 or 1, or bool; as from `occlusion_mask`. None for all pixels.

    Returns:
        (T - 1,), float32, one error per pair of frames; NaN if no pixel counts.

    Raises:
        ValueError: if a shape or dtype is invalid.

    Source: W.-S. Lai et al., "Learning blind video temporal consistency", ECCV 2018 (its warping
    error).
    """
    video, flow = _video("warping_error", video, 2), jnp.asarray(flow)
    _check_flow("warping_error", "flow", flow, video.shape)
    if mask is None:
        mask = jnp.ones(flow.shape[:3], bool)
    if np.shape(mask) != flow.shape[:3]:
        raise ValueError(f"warping_error: expected mask {flow.shape[:3]}, got {np.shape(mask)}")
    return _warping_error(video, flow.astype(jnp.float32), jnp.asarray(mask).astype(bool))


def occlusion_mask(forward: Any, backward: Any) -> jax.Array:
    """Returns the pixels that are visible in both frames: the two flows lead back to them.

    Args:
        forward: (B, H, W, 2) in pixels, from each pixel of the first frame to the second.
        backward: the same shape, from each pixel of the second frame to the first.

    Returns:
        (B, H, W) bool: |forward(p) + backward(p + forward(p))|^2 is at most 0.01 times the sum of
        the squared lengths plus 0.5, and p + forward(p) is inside the image.

    Raises:
        ValueError: if a shape or dtype is invalid.

    Source: N. Sundaram, T. Brox, K. Keutzer, "Dense point trajectories by GPU-accelerated large
    displacement optical flow", ECCV 2010.
    """
    forward, backward = jnp.asarray(forward), jnp.asarray(backward)
    _check_flow("occlusion_mask", "forward", forward, (forward.shape[0] + 1, *forward.shape[1:]))
    _check_flow("occlusion_mask", "backward", backward, (len(forward) + 1, *forward.shape[1:]))
    return _occlusion_mask(forward.astype(jnp.float32), backward.astype(jnp.float32))


def flicker(video: Any) -> jax.Array:
    """Root mean square of changes between frames that are not linear in time.

    It is the second difference in time, scaled so that noise of deviation s, independent in each
    frame, has the flicker s. Changes that are linear in time have none. There is no reference:
    noise, varying light and accelerated motion all contribute. Compare videos of the same scene,
    including the sharp one.

    Args:
        video: (T, H, W, C) floating, T at least 3.

    Returns:
        A scalar, float32, in the units of the video.

    Raises:
        ValueError: if the shape or the dtype is invalid.

    Source: the second difference of white noise has six times its variance, 1 + 4 + 1.
    """
    return _flicker(_video("flicker", video, 3))


def global_flicker(video: Any) -> jax.Array:
    """`flicker` of the mean brightness of the frames.

    Args:
        video: (T, H, W, C) floating, T at least 3.

    Returns:
        A scalar, float32, in the units of the video.

    Raises:
        ValueError: as `flicker`.
    """
    return _flicker(_video("global_flicker", video, 3).mean((1, 2), keepdims=True))


def temporal_difference_error(video: Any, reference: Any) -> jax.Array:
    """Root mean squared difference between the changes of two videos from frame to frame (dtSSD).

    A change is the first difference in time. An error that is the same in every frame does not
    contribute.

    Args:
        video: (T, H, W, C) floating, T at least 2.
        reference: the same shape.

    Returns:
        (T - 1,), float32, one error per pair of frames, in the units of the videos.

    Raises:
        ValueError: if a shape or dtype is invalid.

    Source: M. Erofeev et al., "Perceptually motivated benchmark for video matting", BMVC 2015.
    """
    pair = [_video("temporal_difference_error", x, 2) for x in (video, reference)]
    if pair[0].shape != pair[1].shape:
        raise ValueError(
            f"temporal_difference_error: the videos differ in shape, {pair[0].shape} and "
            f"{pair[1].shape}"
        )
    return _temporal_difference_error(*pair)


@jax.jit
def _warping_error(video: jax.Array, flow: jax.Array, mask: jax.Array) -> jax.Array:
    counts = mask & _inside(flow)
    flow = jnp.where(counts[..., None], flow, 0)  # it may be NaN elsewhere
    error = jnp.square(video[:-1] - ops.warp(video[1:], flow)).mean(-1)
    return jnp.where(counts, error, 0).sum((1, 2)) / counts.sum((1, 2), dtype=error.dtype)


@jax.jit
def _occlusion_mask(forward: jax.Array, backward: jax.Array) -> jax.Array:
    returned = ops.warp(backward, forward)
    apart, lengths = (
        jnp.square(x).sum(-1)
        for x in (forward + returned, jnp.concatenate([forward, returned], -1))
    )
    return _inside(forward) & (apart <= 0.01 * lengths + 0.5)


@jax.jit
def _flicker(video: jax.Array) -> jax.Array:
    bend = video[:-2] - 2 * video[1:-1] + video[2:]
    return jnp.sqrt(jnp.mean(jnp.square(bend)) / 6)


@jax.jit
def _temporal_difference_error(video: jax.Array, reference: jax.Array) -> jax.Array:
    error = video - reference
    return jnp.sqrt(jnp.mean(jnp.square(error[1:] - error[:-1]), (1, 2, 3)))


def _inside(flow: jax.Array) -> jax.Array:
    """Returns whether p + flow(p) is between the centres of the outermost pixels."""
    inside = jnp.ones(flow.shape[:3], bool)
    for axis, component in ((2, 0), (1, 1)):
        place = jax.lax.broadcasted_iota(flow.dtype, flow.shape[:3], axis) + flow[..., component]
        inside &= (place >= 0) & (place <= flow.shape[axis] - 1)
    return inside


def _video(name: str, video: Any, least: int) -> jax.Array:
    shape = np.shape(video)
    dtype = getattr(video, "dtype", None)
    if len(shape) != 4 or dtype is None or not jnp.issubdtype(dtype, jnp.floating):
        raise ValueError(f"{name}: expected video (T, H, W, C) floating, got {shape} {dtype}")
    if shape[0] < least or 0 in shape:
        raise ValueError(f"{name}: expected at least {least} frames, none empty, got {shape}")
    return jnp.asarray(video, jnp.float32)


def _check_flow(name: str, role: str, flow: jax.Array, video: tuple[int, ...]) -> None:
    expected = (video[0] - 1, *video[1:3], 2)
    if flow.shape != expected or not jnp.issubdtype(flow.dtype, jnp.floating):
        raise ValueError(
            f"{name}: expected {role} {expected} floating, got {flow.shape} {flow.dtype}"
        )
