"""Tests of averages that are as noisy as averages over fewer readouts."""

import jax
import jax.numpy as jnp
import numpy as np

from spikejax.tasks.edsr import dithered


def test_dithering_keeps_means_and_has_the_variance_of_a_steady_train_at_any_phase():
    averages = jnp.asarray([0.05, 0.3, 0.7, 1.0], jnp.float32)[:, None, None, None]
    averages = jnp.broadcast_to(averages, (4, 300, 300, 1))
    noisy = dithered(jax.random.split(jax.random.key(0), 4), averages, 9, 9)
    np.testing.assert_allclose(noisy * 9, np.round(noisy * 9), atol=1e-5)
    np.testing.assert_allclose(noisy.mean((1, 2, 3)), averages[:, 0, 0, 0], atol=1e-3)
    fraction = averages[:, 0, 0, 0] * 9 % 1
    variance = fraction * (1 - fraction) / 81
    np.testing.assert_allclose(noisy.var((1, 2, 3)), variance, rtol=0.03, atol=1e-6)
    assert noisy.max() == 1


def test_each_image_is_dithered_like_another_number_of_readouts():
    averages = jnp.full((64, 50, 50, 1), 0.381966)  # not a fraction with a small denominator
    noisy = dithered(jax.random.split(jax.random.key(1), 64), averages, 9, 97)
    readouts = [1 / np.diff(np.unique(image)).max() for image in np.asarray(noisy)]
    np.testing.assert_allclose(readouts, np.round(readouts), rtol=1e-4)
    readouts = np.round(readouts)
    assert readouts.min() >= 9 and readouts.max() <= 97 and len(set(readouts)) > 20
