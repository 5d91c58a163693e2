"""The light of scenes in an interpolated video, as in public simulated recordings.

Videos of 20,000 frames per second are not available: SREDS and REDS_BASE are simulated from videos
of 120, with 19 frames interpolated between each two. An interpolated frame is a mean of its
neighbours, each resampled along the motion. It is softer than they are, the more the further it is
from both, and wrong at the edges of moving objects. The true image of a window is an original frame
of the video, and is therefore sharper than the light around it.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from spikejax.camera.interpolation import in_between
from spikejax.datasets.procedural.scenes.each import each
from spikejax.datasets.procedural.scenes.world import Scene, SceneOptions, flow, render

FRAME = 20
"""Readouts from one frame of the video to the next."""

_MARGIN = 16  # pixels around the image that may move into it; beyond them the edge repeats


def interpolated(
    canvases: jax.Array,
    scenes: Scene,
    options: SceneOptions,
    *,
    readouts: int,
    first: int,
) -> jax.Array:
    """Renders a video of one frame every 20 readouts, with interpolation in between.

    Args:
        canvases: (G, 1 + L, 2, S, S) canvases from `draw_canvases`, grey.
        scenes: scenes from `draw_scenes`, with a leading axis of B.
        options: options of the scenes.
        readouts: T, number of readouts; time 0 is in their middle.
        first: a readout that is a frame of the video; so is every 20th readout before and after it.

    Returns:
        (B, T, H, W) linear intensity in [0, 1]; at the frames it equals `render`.

    Raises:
        ValueError: if the scenes are not grey.
    """
    if options.channels != 1:
        raise ValueError(
            f"interpolated: expected grey scenes, got {options.channels} channels; set "
            "`interpolated` to 0 with colour"
        )
    before = -(-first // FRAME)
    after = max(1 - before, -(-(readouts - 1 - first) // FRAME))
    frames = first + FRAME * np.arange(-before, after + 1)
    times = jnp.array(frames - (readouts - 1) / 2, jnp.float32)
    images, there, back = _filmed(canvases, scenes, times, options)
    light = _between(images, there, back)
    start = -int(frames[0])
    return light[:, start : start + readouts]


@partial(jax.jit, static_argnames=("options",))
def _filmed(
    canvases: jax.Array, scenes: Scene, times: jax.Array, options: SceneOptions
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Renders the frames (B, N, ...) and the flows (B, N - 1, ...) to the next frame and back."""
    frame = (options.height + 2 * _MARGIN) * (options.width + 2 * _MARGIN)

    def motion(scene: Scene, at: jax.Array, since: jax.Array) -> jax.Array:
        return flow(canvases, scene, at, options, since=since, margin=_MARGIN)

    def one(scene: Scene) -> tuple[jax.Array, jax.Array, jax.Array]:
        def show(time: jax.Array) -> jax.Array:
            return render(canvases, scene, time, options, margin=_MARGIN)

        pairs = (times[:-1], times[1:])
        return (
            each(show, times, pixels=frame),
            each(lambda pair: motion(scene, pair[1], pair[0]), pairs, pixels=frame),
            each(lambda pair: motion(scene, pair[0], pair[1]), pairs, pixels=frame),
        )

    return each(one, scenes, pixels=3 * len(times) * frame)


@jax.jit
def _between(images: jax.Array, there: jax.Array, back: jax.Array) -> jax.Array:
    """Interpolates frames (B, N, ...) to (B, 20 (N - 1) + 1, H, W), without the margin."""
    inner = slice(_MARGIN, -_MARGIN)
    frame = images.shape[2] * images.shape[3]

    def pair(one: tuple[jax.Array, ...]) -> jax.Array:
        first, second, forward, backward = (field[None] for field in one)
        frames = in_between(
            first, second, jnp.arange(FRAME) / FRAME, forward=forward, backward=backward
        )
        return frames[0, :, inner, inner, 0]

    def scene(one: tuple[jax.Array, ...]) -> jax.Array:
        images, there, back = one
        frames = each(pair, (images[:-1], images[1:], there, back), pixels=FRAME * frame)
        frames = frames.reshape(-1, *frames.shape[2:])
        return jnp.concatenate([frames, images[-1:, inner, inner, 0]])

    return each(scene, (images, there, back), pixels=FRAME * there.shape[1] * frame)
