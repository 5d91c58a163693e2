"""1 - SSIM against scikit-image."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from skimage.metrics import structural_similarity

from spikejax.losses import ssim_loss


@pytest.fixture
def pair(rng):
    a = rng.random((2, 16, 18, 1)).astype(np.float32)
    return a, np.clip(a + rng.normal(0, 0.1, a.shape), 0, 1).astype(np.float32)


def test_it_is_one_minus_the_mean_similarity(pair):
    a, b = pair
    expected = 1 - np.mean(
        [
            structural_similarity(x[..., 0], y[..., 0], data_range=1.0)
            for x, y in zip(a, b, strict=True)
        ]
    )
    value = jax.jit(lambda a, b: ssim_loss(a, b, preset="skimage"))(a, b)
    assert value.shape == ()
    assert value.dtype == jnp.float32
    np.testing.assert_allclose(value, expected, atol=1e-6)


def test_descending_it_brings_an_image_to_its_target(pair):
    a, b = pair
    gradient = jax.jit(jax.grad(ssim_loss))
    loss = [ssim_loss(a, b)]
    for _ in range(5):
        a = a - 0.2 * gradient(a, b) / jnp.linalg.norm(gradient(a, b))
        loss.append(ssim_loss(a, b))
    assert loss == sorted(loss, reverse=True)


@pytest.mark.parametrize("level", [0.0, 0.5])
def test_gradients_at_equal_and_constant_images_are_finite(level):
    image = jnp.full((1, 12, 12, 1), level)
    value, gradient = jax.value_and_grad(ssim_loss)(image, image)
    np.testing.assert_allclose(value, 0, atol=1e-6)
    assert np.isfinite(gradient).all()


def test_single_images_are_refused():
    with pytest.raises(ValueError, match=r"ssim_loss: expected image \(B, H, W, C\)"):
        ssim_loss(np.zeros((12, 12), np.float32), np.zeros((12, 12), np.float32))
