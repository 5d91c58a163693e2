"""Tests of moving photographs: their frames, the blurry photograph and the spikes."""

import jax
import numpy as np
import pytest
import scipy.ndimage

from spikejax.camera import SENSORS
from spikejax.datasets import expose_and_spike, moving_photograph

GREY = np.float32([0.3, 0.59, 0.11])


@pytest.fixture(scope="module")
def photograph():
    noise = np.random.default_rng(0).random((40, 53, 3))
    return scipy.ndimage.gaussian_filter(noise, (1, 1, 0)).astype(np.float32)


def test_the_middle_frame_is_the_middle_of_the_photograph(photograph):
    frames = moving_photograph(photograph, velocity=(1, 0.3), size=(20, 24), readouts=11)
    np.testing.assert_array_equal(frames[5], photograph[10:30, 14:38])


def test_whole_pixels_a_readout_are_shifts_x_then_y(photograph):
    frames = moving_photograph(photograph, velocity=(2, -1), size=(20, 24), readouts=9)
    for t, frame in enumerate(frames):
        top, left = 10 - (t - 4), 14 + 2 * (t - 4)
        np.testing.assert_allclose(
            frame, photograph[top : top + 20, left : left + 24], rtol=0, atol=1e-6
        )


def test_parts_of_a_pixel_and_turns_are_those_of_scipy(photograph):
    size, velocity, rotation = (16, 20), (0.4, 0.7), 0.02
    frames = moving_photograph(
        photograph, velocity=velocity, size=size, readouts=11, rotation=rotation
    )
    assert len(frames) == 11
    y, x = np.mgrid[:16, :20] - np.array([7.5, 9.5])[:, None, None]
    for t in (0, 3, 10):
        angle = rotation * (t - 5)
        rows = np.sin(angle) * x + np.cos(angle) * y + 12 + 7.5 + velocity[1] * (t - 5)
        columns = np.cos(angle) * x - np.sin(angle) * y + 16 + 9.5 + velocity[0] * (t - 5)
        for channel in range(3):
            expected = scipy.ndimage.map_coordinates(
                photograph[..., channel], [rows, columns], order=1
            )
            np.testing.assert_allclose(frames[t][..., channel], expected, atol=1e-5)


def test_the_photograph_is_the_mean_and_the_spikes_count_the_grey_light(photograph):
    frames = moving_photograph(photograph, velocity=(0.3, 0.1), size=(16, 24), readouts=61)
    blur, spikes = expose_and_spike(
        jax.random.key(0), frames, SENSORS["ideal"], exposure=41, margin=10
    )
    images = np.stack(list(frames))
    np.testing.assert_allclose(blur, images[10:51].mean(0), atol=2e-6)
    assert spikes.shape == (61, 4, 6) and spikes.dtype == np.uint8
    cells = (images @ GREY).reshape(61, 4, 4, 6, 4).mean((2, 4))
    # At any time the accumulated light and the number of spikes differ by less than one spike.
    assert (
        np.abs(np.cumsum(np.asarray(spikes), 0, dtype=int) - np.cumsum(cells, 0)).max() <= 1 + 1e-4
    )


def test_the_same_key_makes_the_same_spikes_and_another_key_others(photograph):
    frames = moving_photograph(photograph, velocity=(0, 0), size=(16, 24), readouts=31)

    def spikes_of(key):
        key = jax.random.key(key)
        return expose_and_spike(key, iter(frames), SENSORS["ssdm"], exposure=21, margin=5)[1]

    np.testing.assert_array_equal(spikes_of(0), spikes_of(0))
    assert (spikes_of(0) != spikes_of(1)).any()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"velocity": (3, 0)}, r"leaves the photograph of 40x53 by \d+ pixels"),
        ({"rotation": 1.0}, r"leaves the photograph"),
        ({"velocity": (float("nan"), 0)}, r"leaves the photograph .* by nan pixels"),
        ({"size": (48, 20)}, r"leaves the photograph .* by 5 pixels"),
        ({"size": (0, 20)}, r"at least 1, got 11 and 0x20"),
        ({"readouts": 0}, r"at least 1, got 0 and"),
    ],
)
def test_a_view_that_leaves_the_photograph_is_refused(photograph, changes, message):
    options = {"velocity": (0.1, 0.1), "size": (28, 36), "readouts": 11} | changes
    with pytest.raises(ValueError, match=message):
        moving_photograph(photograph, **options)


@pytest.mark.parametrize(
    ("photograph", "message"),
    [
        (np.zeros((9, 9), np.float32), r"expected \(H, W, 3\) RGB, got shape \(9, 9\)"),
        (np.zeros((9, 9, 3), np.uint8), r"uint8; .*divide 8-bit values by 255"),
    ],
)
def test_what_is_no_photograph_is_refused(photograph, message):
    with pytest.raises(ValueError, match=message):
        moving_photograph(photograph, velocity=(0, 0), size=(4, 4))


@pytest.mark.parametrize(
    ("frames", "message"),
    [
        (np.zeros((6, 8, 8, 3), np.float32), r"expected 7, 3 of the exposure and 2 before .* 6"),
        (np.zeros((8, 8, 8, 3), np.float32), r"got 8"),
        (np.zeros((0, 8, 8, 3), np.float32), r"got 0"),
        (np.zeros((7, 8, 8), np.float32), r"expected \(H, W, 3\) RGB each, got shape \(8, 8\)"),
        (np.zeros((7, 8, 10, 3), np.float32), r"8x10 does not divide into cells of 4"),
    ],
)
def test_frames_that_do_not_fit_are_refused(frames, message):
    with pytest.raises(ValueError, match=message):
        expose_and_spike(jax.random.key(0), frames, SENSORS["ideal"], exposure=3, margin=2)


def test_an_exposure_must_be_some():
    with pytest.raises(ValueError, match="at least 1 readout"):
        expose_and_spike(jax.random.key(0), [], SENSORS["ideal"], exposure=0)
