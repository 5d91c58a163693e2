"""Temporal metrics against closed forms."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from spikejax.metrics import (
    flicker,
    global_flicker,
    occlusion_mask,
    temporal_difference_error,
    warping_error,
)


@pytest.fixture
def panning(rng):
    """Three frames of a texture that moves by 2 pixels along W and 1 along H, and its flow."""
    world = rng.random((20, 30, 1)).astype(np.float32)
    frames = [world[4 - t : 16 - t, 8 - 2 * t : 24 - 2 * t] for t in range(3)]
    flow = np.broadcast_to(np.float32([2, 1]), (2, 12, 16, 2))
    return np.stack(frames), flow


def test_a_video_that_moves_as_its_flow_says_has_no_error(panning):
    np.testing.assert_allclose(warping_error(*panning), 0, atol=1e-12)
    np.testing.assert_allclose(jax.jit(warping_error)(*panning), 0, atol=1e-12)


def test_without_motion_the_error_is_the_mean_squared_difference(panning):
    video, flow = panning
    expected = np.mean((video[1:] - video[:-1]) ** 2, (1, 2, 3))
    np.testing.assert_allclose(warping_error(video, 0 * flow), expected, rtol=1e-5)


def test_noise_adds_its_variance_for_either_frame(panning, rng):
    video, flow = panning
    video = np.concatenate([video] * 200, -1)
    noisy = video + rng.normal(0, 0.1, video.shape).astype(np.float32)
    np.testing.assert_allclose(warping_error(noisy, flow), 2 * 0.1**2, rtol=0.05)


def test_masked_pixels_and_what_leaves_the_image_do_not_count(panning):
    video, flow = (x.copy() for x in panning)
    video[:, 3, 4] = 7.0  # does not move with the rest
    mask = np.ones(flow.shape[:3], bool)
    assert (warping_error(video, flow) > 1e-3).all()
    mask[:, 3, 4] = mask[:, 2, 2] = False
    np.testing.assert_allclose(warping_error(video, flow, mask=mask), 0, atol=1e-12)
    flow[:, 3, 4] = flow[:, 2, 2] = np.nan
    np.testing.assert_allclose(warping_error(video, flow, mask=mask), 0, atol=1e-12)
    gradient = jax.grad(lambda v: warping_error(v, flow, mask=mask).sum())(jnp.asarray(video))
    assert np.isfinite(gradient).all()
    assert np.isnan(warping_error(video, flow, mask=0 * mask)).all()


def test_opposite_flows_occlude_nothing_but_what_leaves_the_image():
    forward = np.zeros((1, 6, 9, 2), np.float32)
    forward[..., 0] = 3
    mask = np.asarray(occlusion_mask(forward, -forward))
    assert mask[0, :, :6].all()
    assert not mask[0, :, 6:].any()


def test_a_flow_that_does_not_lead_back_is_occluded():
    forward = np.zeros((1, 6, 9, 2), np.float32)
    backward = forward.copy()
    backward[0, 2, 3] = (0.8, 0)  # 0.64 is more than 0.01 * 0.64 + 0.5
    backward[0, 4, 3] = (0.7, 0)  # 0.49 is less
    expected = np.ones((1, 6, 9), bool)
    expected[0, 2, 3] = False
    np.testing.assert_array_equal(occlusion_mask(forward, backward), expected)


def test_the_flicker_of_independent_noise_is_its_deviation(rng):
    video = 0.5 + rng.normal(0, 0.07, (30, 40, 40, 1)).astype(np.float32)
    np.testing.assert_allclose(jax.jit(flicker)(video), 0.07, rtol=0.03)
    assert global_flicker(video) < 0.07 / 20


def test_what_changes_linearly_does_not_flicker(rng):
    start, rate = rng.random((2, 1, 8, 8, 3)).astype(np.float32)
    video = start + rate * np.arange(5, dtype=np.float32).reshape(-1, 1, 1, 1)
    np.testing.assert_allclose(flicker(video), 0, atol=1e-6)


def test_a_whole_picture_that_blinks_has_the_flicker_of_its_brightness(rng):
    light = rng.normal(0, 0.1, (200, 1, 1, 1)).astype(np.float32)
    scene = rng.random((1, 6, 6, 1)).astype(np.float32)
    np.testing.assert_allclose(global_flicker(scene + light), 0.1, rtol=0.15)
    np.testing.assert_allclose(flicker(scene + light), global_flicker(scene + light), rtol=1e-4)


def test_a_constant_error_makes_no_temporal_difference(panning, rng):
    video, _ = panning
    same = video + rng.random(video.shape[1:]).astype(np.float32)
    np.testing.assert_allclose(temporal_difference_error(same, video), 0, atol=1e-6)
    noise = rng.normal(0, 0.1, video.shape).astype(np.float32)
    expected = np.sqrt(np.mean((noise[1:] - noise[:-1]) ** 2, (1, 2, 3)))
    np.testing.assert_allclose(temporal_difference_error(video + noise, video), expected, rtol=1e-4)


def test_the_errors_can_be_minimised(panning):
    video, flow = panning

    def total(video):
        steady = warping_error(video, flow).sum() + flicker(video)
        return steady + temporal_difference_error(video, 0 * video).sum()

    assert np.isfinite(jax.grad(total)(jnp.asarray(video))).all()


VIDEO = np.zeros((3, 4, 5, 1), np.float32)
FLOW = np.zeros((2, 4, 5, 2), np.float32)


@pytest.mark.parametrize(
    ("metric", "arguments", "message"),
    [
        (warping_error, (VIDEO[0], FLOW), r"video \(T, H, W, C\) floating"),
        (warping_error, (VIDEO.astype(np.uint8), FLOW), "uint8"),
        (warping_error, (VIDEO[:1], FLOW), "at least 2 frames"),
        (warping_error, (VIDEO, FLOW[:1]), r"flow \(2, 4, 5, 2\) floating, got \(1, 4, 5, 2\)"),
        (warping_error, (VIDEO, FLOW.astype(int)), "int"),
        (occlusion_mask, (FLOW, FLOW[:1]), "backward"),
        (occlusion_mask, (FLOW[..., :1], FLOW), "forward"),
        (flicker, (VIDEO[:2],), "at least 3 frames"),
        (global_flicker, (VIDEO[:2],), "at least 3 frames"),
        (temporal_difference_error, (VIDEO, VIDEO[:2]), "differ in shape"),
    ],
)
def test_invalid_arguments_are_refused(metric, arguments, message):
    with pytest.raises(ValueError, match=f"{metric.__name__}: .*{message}"):
        metric(*arguments)


def test_a_mask_of_another_shape_is_refused():
    with pytest.raises(ValueError, match=r"mask \(2, 4, 5\), got \(3, 4, 5\)"):
        warping_error(VIDEO, FLOW, mask=VIDEO[..., 0])
