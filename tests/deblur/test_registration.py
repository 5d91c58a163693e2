"""Registration against scikit-image and OpenCV."""

import cv2
import numpy as np
import pytest
import skimage.transform

from spikejax import deblur


def smooth(rng, height, width):
    coarse = rng.random((height // 8 + 2, width // 8 + 2, 3))
    return skimage.transform.resize(coarse, (height, width), order=3).astype(np.float32)


def test_the_identity_changes_nothing(rng):
    photograph = smooth(rng, 32, 48)
    np.testing.assert_allclose(deblur.register(photograph, np.eye(3), (32, 48)), photograph)


@pytest.mark.parametrize("size", [(32, 48), (48, 32), (64, 96)])
def test_a_homography_warps_as_other_libraries_do(rng, size):
    photograph = smooth(rng, 40, 56)
    matrix = np.array([[0.9, 0.05, 3.0], [-0.04, 1.1, 2.0], [1e-4, -2e-4, 1.0]])
    ours = np.asarray(deblur.register(photograph, matrix, size))
    theirs = skimage.transform.warp(
        photograph, np.linalg.inv(matrix), output_shape=size, order=1, mode="edge"
    )
    np.testing.assert_allclose(ours, theirs, atol=1e-4)


def test_the_matrix_of_opencv_brings_points_together(rng):
    """Points of the spike camera, scaled to the photograph's pixels as the docstring says."""
    matrix = np.array([[1.02, 0.03, 1.5], [-0.02, 0.98, 2.5], [5e-5, 1e-4, 1.0]])
    photograph_points = rng.uniform(5, 40, (8, 2))
    spikes_4x = np.c_[photograph_points, np.ones(8)] @ matrix.T
    spike_points = (spikes_4x[:, :2] / spikes_4x[:, 2:] - 1.5) / 4
    found, _ = cv2.findHomography(photograph_points, 4 * spike_points + 1.5)
    np.testing.assert_allclose(found, matrix, atol=1e-6)


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (np.zeros((3, 3)), "singular"),
        (np.ones((3, 3)), "singular"),
        (np.eye(2), "3x3"),
        (np.full((3, 3), np.nan), "finite"),
        (np.array([[1, 0, 0], [0, 1, 0], [0.1, 0, 1.0]]), "infinity"),
        (np.array([[1, 0, 40.0], [0, 1, 0], [0, 0, 1]]), "only 17 % .* is the matrix inverted"),
    ],
)
def test_a_useless_matrix_is_refused(rng, matrix, message):
    with pytest.raises(ValueError, match=message):
        deblur.register(smooth(rng, 32, 48), matrix, (32, 48))
