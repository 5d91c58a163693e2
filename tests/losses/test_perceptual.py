"""Perceptual losses against reference numbers, with synthetic trunks."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import synthetic_trunks

from spikejax.losses import feature_loss, lpips_loss
from spikejax.metrics import lpips, lpips_variables


@pytest.fixture
def images(golden):
    return [jnp.asarray(golden("perceptual")[key].transpose(0, 2, 3, 1)) for key in "ab"]


@pytest.fixture
def small(images):
    return [x[:, :32, :32, :1] for x in images]


@pytest.fixture(scope="module")
def vgg19():
    return synthetic_trunks.params("vgg19")


def test_stirs_term_on_grey_images_has_its_reference_value(golden, images, vgg19):
    a, b = (x[..., :1] for x in images)
    value = jax.jit(lambda a, b: feature_loss(a, b, trunk=vgg19))(a, b)
    np.testing.assert_allclose(value, golden("perceptual")["stir_perceptual"], rtol=1e-4)


def test_grey_is_three_equal_channels(small, vgg19):
    three = [jnp.repeat(x, 3, -1) for x in small]
    value = feature_loss(*small, trunk=vgg19)
    np.testing.assert_allclose(feature_loss(*three, trunk=vgg19), value, rtol=1e-5)


def test_a_gradient_step_reduces_the_loss(small, vgg19):
    a, b = small
    run = jax.jit(jax.value_and_grad(lambda a: feature_loss(a, b, trunk=vgg19)))
    value, gradient = run(a)
    step = 1e-2 * gradient / jnp.linalg.norm(gradient)
    change = run(a + step)[0] - run(a - step)[0]
    np.testing.assert_allclose(change, 2e-2 * jnp.linalg.norm(gradient), rtol=0.05)
    np.testing.assert_allclose(run(b)[1], 0, atol=1e-8)
    assert value > 0


def test_half_precision_stays_near(small, vgg19):
    value = feature_loss(*small, trunk=vgg19)
    half = feature_loss(*small, trunk=vgg19, dtype=jnp.bfloat16)
    assert half.dtype == jnp.float32
    np.testing.assert_allclose(half, value, rtol=0.2)


def test_lpips_loss_is_the_mean_of_lpips(small):
    own = lpips_variables("alex", trunk=synthetic_trunks.params("alexnet"))
    value, gradient = jax.jit(
        jax.value_and_grad(lambda a, b: lpips_loss(a, b, net="alex", variables=own))
    )(*small)
    np.testing.assert_allclose(value, lpips(*small, variables=own).mean(), rtol=1e-5)
    assert np.isfinite(gradient).all()
    assert np.abs(gradient).max() > 0


@pytest.mark.parametrize(
    ("image", "target", "message"),
    [
        (np.zeros((32, 32), "f4"), np.zeros((32, 32), "f4"), r"image \(B, H, W, C\) floating"),
        (np.zeros((1, 32, 32, 1), "u1"), np.zeros((1, 32, 32, 1), "f4"), "uint8"),
        (np.zeros((1, 32, 32, 1), "f4"), np.zeros((1, 32, 32, 3), "f4"), "differ in shape"),
        (np.zeros((1, 15, 32, 1), "f4"), np.zeros((1, 15, 32, 1), "f4"), "at least 16 x 16"),
        (np.zeros((1, 32, 32, 2), "f4"), np.zeros((1, 32, 32, 2), "f4"), "C 1 or 3"),
    ],
)
def test_images_that_do_not_fit_are_refused(image, target, message):
    with pytest.raises(ValueError, match=f"feature_loss: .*{message}"):
        feature_loss(image, target, trunk={})
