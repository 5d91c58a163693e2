import jax
import jax.numpy as jnp
import numpy as np
import pytest

from spikejax.camera import expose

KEY = jax.random.key(0)


@pytest.mark.parametrize("shape", [(7, 5, 4), (7, 5, 4, 3)])
def test_a_photograph_is_the_mean_over_the_exposure(rng, shape):
    frames = np.float32(rng.random(shape) * 1.5)
    for call in (expose, jax.jit(expose)):
        np.testing.assert_allclose(call(frames), frames.mean(0), rtol=1e-5)


def test_gamma_is_applied_to_the_linear_mean(rng):
    frames = np.float32(rng.random((7, 5, 4, 3)))
    want = frames.mean(0, dtype=float) ** (1 / 2.2)
    np.testing.assert_allclose(expose(frames, gamma=2.2), want, rtol=1e-5)


def test_eight_bits(rng):
    frames = np.float32(rng.random((3, 40, 50)) * 1.4 - 0.2)
    image = np.asarray(expose(frames, bits=8))
    want = np.round(np.clip(frames.mean(0), 0, 1) * 255)
    assert np.array_equal(np.round(image * 255), want)
    np.testing.assert_allclose(image * 255, want, atol=1e-4)
    assert set(np.unique(expose(frames, bits=1))) == {0, 1}


def test_shot_and_read_noise_have_their_variances():
    frames = np.full((4, 200, 200), 0.5, np.float32)
    shot = expose(frames, key=KEY, electrons=1000)
    assert shot.mean() == pytest.approx(0.5, abs=1e-3)
    assert shot.std() == pytest.approx(np.sqrt(0.5 / 1000), rel=0.02)
    both = expose(frames, key=KEY, electrons=1000, read_noise=0.03)
    assert both.std() == pytest.approx(np.sqrt(0.5 / 1000 + 0.03**2), rel=0.02)


def test_gradients_are_finite_in_the_dark():
    frames = jnp.zeros((5, 2, 2)).at[:, 0].set(0.5)

    def brightness(frames):
        return expose(frames, key=KEY, electrons=1e9, gamma=2.2, bits=8).sum()

    gradient = np.asarray(jax.grad(brightness)(frames))
    np.testing.assert_allclose(gradient[:, 0], 0.5 ** (1 / 2.2 - 1) / 2.2 / 5, rtol=1e-3)
    assert np.isfinite(gradient).all()


@pytest.mark.parametrize(
    ("frames", "options", "message"),
    [
        (np.ones((3, 4, 4), np.uint8), {}, "expose: expected floating values, got uint8; .* 255"),
        (np.ones(3, np.float32), {}, r"expose: expected frames \(T, H, W\[, 3\]\), got .*\(3,\)"),
        (np.ones((0, 4, 4), np.float32), {}, r"got shape \(0, 4, 4\)"),
        (np.ones((3, 4, 4), np.float32), {"read_noise": 0.1}, "expose: noise needs a random key"),
        (np.ones((3, 4, 4), np.float32), {"gamma": 0}, "expose: gamma: expected a positive"),
        (np.ones((3, 4, 4), np.float32), {"bits": 0}, "expose: bits: expected a positive"),
        (np.ones((3, 4, 4), np.float32), {"electrons": -5}, "expose: electrons: expected a pos"),
    ],
)
def test_wrong_arguments_are_named(frames, options, message):
    with pytest.raises(ValueError, match=message):
        expose(frames, **options)
