import numpy as np
import pytest

from spikejax.camera import grey_of, to_grey

CHANNELS = np.float32([[1, 0, 0], [0, 1, 0], [0, 0, 1]])
WEIGHTS = [0.30, 0.59, 0.11]


def test_to_grey_weighs_the_linear_channels():
    assert to_grey(CHANNELS).tolist() == pytest.approx(WEIGHTS)
    assert to_grey(np.ones((2, 4, 3), np.float32)).shape == (2, 4)


def test_to_grey_needs_three_channels():
    with pytest.raises(ValueError, match=r"to_grey: expected \(..., 3\) RGB, got shape \(4, 4\)"):
        to_grey(np.ones((4, 4), np.float32))


@pytest.mark.parametrize("shape", [(4, 5, 3), (2, 4, 5, 3)])
def test_grey_of_agrees_with_to_grey(rng, shape):
    image = rng.random(shape, np.float32)
    grey = grey_of(image)
    assert isinstance(grey, np.ndarray) and grey.dtype == np.float32
    np.testing.assert_allclose(grey, to_grey(image), rtol=1e-6)


def test_grey_of_returns_grey_images_unchanged(rng):
    image = rng.random((4, 3), np.float32)
    np.testing.assert_array_equal(grey_of(image), image)
    np.testing.assert_array_equal(grey_of(image[..., None]), image)


@pytest.mark.parametrize("shape", [(3,), (4, 5, 2), (4, 5, 4)])
def test_grey_of_refuses_other_shapes(shape):
    with pytest.raises(ValueError, match=r"grey_of: expected \(H, W\)"):
        grey_of(np.ones(shape, np.float32))
