"""Tests of interpolated videos of scenes: exact at their frames, softer between them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from spikejax.datasets import SyntheticOptions, batches, synthetic_batch
from spikejax.datasets.procedural.scenes import (
    SceneOptions,
    draw_canvases,
    draw_scenes,
    film,
    flow,
    interpolated,
    render,
)

SIDE, READOUTS, FIRST = 48, 46, 13  # frames at 13 and 33, and at -7 and 53 outside the readouts


def drawn(**changes):
    options = SceneOptions(height=SIDE, width=SIDE, speed=0.15, still=0.0, **changes)
    of_canvas, of_scene = jax.random.split(jax.random.key(4))
    canvases = draw_canvases(of_canvas[None], options)
    return (
        canvases,
        draw_scenes(jax.random.split(of_scene), jnp.zeros(2, jnp.int32), options),
        options,
    )


def seen(canvases, scenes, options):
    exact = film(canvases, scenes, options, readouts=READOUTS, moments=(0,)).light
    video = interpolated(canvases, scenes, options, readouts=READOUTS, first=FIRST)
    assert video.shape == exact.shape == (2, READOUTS, SIDE, SIDE)
    return np.asarray(exact), np.asarray(video)


@pytest.fixture(scope="module")
def moving():
    world = drawn()
    return world, *seen(*world)


def test_frames_of_the_video_are_exact_and_no_other_readout_is(moving):
    _, exact, video = moving
    off = np.abs(video - exact).max((0, 2, 3))
    np.testing.assert_allclose(off[[13, 33]], 0, atol=1e-5)
    assert np.delete(off, [13, 33]).min() > 0.01


def test_still_scenes_stay_as_they_are():
    canvases, scenes, options = drawn()
    still = scenes._replace(
        motion=scenes.motion._replace(
            **{
                name: jnp.zeros_like(getattr(scenes.motion, name))
                for name in ("velocity", "acceleration", "spin", "zoom", "pulse")
            }
        )
    )
    exact, video = seen(canvases, still, options)
    np.testing.assert_allclose(video, exact, atol=2e-5)


def test_between_frames_both_are_resampled_along_the_motion(moving):
    """Compares with scipy, at three quarters of the way from one frame to the next."""
    (canvases, scenes, options), _, video = moving
    scene = jax.tree.map(lambda x: x[1], scenes)
    times = np.float32([13, 33]) - (READOUTS - 1) / 2
    first, second = (
        np.asarray(render(canvases, scene, t, options, margin=16))[..., 0] for t in times
    )
    there, back = (
        np.asarray(flow(canvases, scene, b, options, since=a, margin=16))
        for a, b in (times, times[::-1])
    )
    t = 0.75
    # Super SloMo's flows from the time between to the two frames.
    to_first, to_second = (
        -t * (1 - t) * there + t * t * back,
        (1 - t) ** 2 * there - t * (1 - t) * back,
    )
    grid = np.mgrid[: SIDE + 32, : SIDE + 32]

    def resampled(image, shift):
        return map_coordinates(
            image, grid + np.moveaxis(shift, -1, 0)[::-1], order=1, mode="nearest"
        )

    expected = (1 - t) * resampled(first, to_first) + t * resampled(second, to_second)
    np.testing.assert_allclose(video[1, 28], expected[16:-16, 16:-16], atol=1e-5)


def test_readouts_between_frames_are_softer(moving):
    _, exact, video = moving
    window = np.outer(np.hanning(SIDE), np.hanning(SIDE))
    line = np.fft.fftfreq(SIDE)
    fine = np.hypot(line[:, None], line[None]) > 0.25

    def kept(readout):
        truth, light = (np.fft.fft2(x[:, readout] * window)[:, fine] for x in (exact, video))
        return (light * truth.conj()).real.sum() / (np.abs(truth) ** 2).sum()

    assert kept(33) == pytest.approx(1, abs=1e-3)
    assert 0.2 < kept(23) < kept(31) < 0.95


def test_colour_and_other_moments_are_refused():
    options = SceneOptions(channels=3)
    with pytest.raises(ValueError, match="expected grey scenes, got 3 channels"):
        interpolated(None, None, options, readouts=READOUTS, first=FIRST)
    with pytest.raises(ValueError, match=r"interpolated 0 with colour scenes, .* got 0\.5"):
        SyntheticOptions(scene=options, interpolated=0.5)
    for other in ({"exposure": 21}, {"moments": (3,)}):
        with pytest.raises(ValueError, match=r"interpolated 0 with .* an exposure or moments"):
            SyntheticOptions(interpolated=0.5, **other)


@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_a_share_is_from_0_to_1(share):
    with pytest.raises(ValueError, match="expected interpolated from 0 to 1"):
        SyntheticOptions(interpolated=share)
    with pytest.raises(ValueError, match="expected interpolated from 0 to 1"):
        batches({"size": 16, "interpolated": share}, batch_size=1, window=21)


def test_a_share_of_a_batch_is_interpolated_with_the_same_true_images():
    scene = SceneOptions(height=16, width=16, layers=1, speed=0.4, still=0.0, share=8)
    by_share = {
        share: jax.device_get(
            synthetic_batch(
                jax.random.key(2),
                SyntheticOptions(scene=scene, window=21, windows=2, ideal=1, interpolated=share),
                count=8,
            )
        )
        for share in (0.0, 0.5, 1.0)
    }
    for share in (0.5, 1.0):
        np.testing.assert_array_equal(by_share[share]["images"], by_share[0.0]["images"])
        np.testing.assert_array_equal(by_share[share]["gain"], by_share[0.0]["gain"])
    exact, some, video = (by_share[share]["spikes"] for share in (0.0, 0.5, 1.0))
    differs = (exact != video).any((1, 2, 3))
    chosen = (some == video).all((1, 2, 3)) & differs
    assert differs.all() and 1 <= chosen.sum() <= 7
    np.testing.assert_array_equal(some[~chosen], exact[~chosen])
