"""Tests of the scene of `spikejax demo`."""

import numpy as np
import pytest

from spikejax.datasets import demo_scene


def film(seed=0, readouts=21, size=(64, 80)):
    return np.stack(list(demo_scene(np.random.default_rng(seed), readouts, *size)))


def test_it_is_intensity_that_moves_little_by_little():
    scene = film()
    assert scene.shape == (21, 64, 80)
    assert scene.dtype == np.float32
    assert 0 <= scene.min() < 0.1
    assert 0.9 < scene.max() <= 1
    steps = np.abs(np.diff(scene, axis=0)).mean((1, 2))
    assert (steps > 1e-4).all()
    assert (steps < 0.1 * np.abs(scene[-1] - scene[0]).mean() + 0.05).all()


def test_the_wall_moves_as_far_as_it_says():
    scene = film(readouts=51)
    moved = np.roll(scene[0], (2, 6), (0, 1))  # 50 readouts of (0.04, 0.12) pixels
    corner = np.s_[-14:, 7:14]  # no other layer reaches it
    np.testing.assert_allclose(scene[50][corner], moved[corner], atol=0.02)


def test_a_seed_gives_the_same_scene_again():
    np.testing.assert_array_equal(film(3, 2), film(3, 2))
    assert np.abs(film(3, 2) - film(4, 2)).max() > 0.1


def test_too_small_a_picture_is_refused():
    with pytest.raises(ValueError, match="at least 48x48"):
        next(demo_scene(np.random.default_rng(0), 3, 47, 80))
