import jax
import jax.numpy as jnp
import numpy as np
import pytest

from spikejax import losses


def test_it_is_the_mean_difference_of_roots():
    image, target = np.random.default_rng(0).uniform(0, 1, (2, 3, 4, 4, 1)).astype(np.float32)
    expected = np.abs(np.sqrt(image + 0.01) - np.sqrt(target + 0.01)).mean()
    assert losses.root_loss(image, target, offset=0.01) == pytest.approx(expected, rel=1e-5)


def test_negative_values_count_as_much_as_positive_ones():
    x = jnp.array([0.3])
    assert losses.root_loss(-x, 0 * x) == losses.root_loss(x, 0 * x)


def test_the_slope_in_the_dark_is_finite_and_steeper_than_in_the_light():
    slope = jax.grad(lambda x: losses.root_loss(x[None], jnp.full(1, -1.0), offset=0.0025))
    assert slope(jnp.float32(0.0)) == pytest.approx(10.0)
    assert slope(jnp.float32(0.25)) == pytest.approx(1.0, rel=0.01)


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match="differ in shape"):
        losses.root_loss(jnp.zeros(2), jnp.zeros(3))
    with pytest.raises(ValueError, match="positive offset, got 0"):
        losses.root_loss(jnp.zeros(2), jnp.zeros(2), offset=0)
