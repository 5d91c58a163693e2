"""The deblurring model against reference numbers and closed forms."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from spikejax import deblur
from spikejax.camera import ExposureTiming


def channels_last(x):
    return jnp.moveaxis(jnp.asarray(x), 1, -1)


def test_sdm_agrees_with_the_reference_zeros_included(golden):
    file = golden("operators")
    blur, long, short, expected = (
        channels_last(file[f"sdm_{name}"]) for name in ("blur", "tfp_long", "tfp_short", "out")
    )
    assert (np.asarray(long) == 0).any()
    for f in (deblur.sdm, jax.jit(deblur.sdm)):
        np.testing.assert_allclose(f(blur, long, short), expected, rtol=1e-6)


def test_the_gradient_of_sdm_is_finite_where_nothing_fired():
    blur, zero = jnp.full((1, 2, 2, 3), 0.5), jnp.zeros((1, 2, 2, 1))
    grads = jax.grad(lambda b, n, s: deblur.sdm(b, n, s).sum(), (0, 1, 2))(blur, zero, zero)
    assert all(np.isfinite(g).all() for g in grads)


def test_sdm_refuses_sizes_that_differ():
    with pytest.raises(ValueError, match="sdm: expected blur"):
        deblur.sdm(np.ones((1, 4, 4, 3)), np.ones((1, 2, 2, 1)), np.ones((1, 4, 4, 1)))


@pytest.mark.parametrize(
    "exposure", [ExposureTiming(), ExposureTiming(readouts=6, margin=3, short=5)]
)
def test_averages_are_those_of_numpy(rng, exposure):
    spikes = (rng.random((2, exposure.length, 3, 5)) < 0.4).astype(np.uint8)
    exposed = spikes[:, exposure.margin : exposure.margin + exposure.readouts]
    np.testing.assert_allclose(
        deblur.long_tfp(spikes, exposure)[..., 0], exposed.mean(1), rtol=1e-6
    )
    times = exposure.times(3)
    half = exposure.short // 2
    expected = np.stack([spikes[:, t - half : t + half + 1].mean(1) for t in times], 1)
    short = deblur.short_tfp(spikes, times, exposure)
    np.testing.assert_allclose(short[..., 0], expected, rtol=1e-6)


def test_light_that_does_not_change_is_left_alone(rng):
    """Spikes at the same rate always: the ratio of the averages is 1."""
    spikes = np.zeros((1, 137, 4, 4), np.uint8)
    spikes[:, ::3] = 1  # 9 readouts always hold 3, and 99 of 33
    blur = jnp.asarray(rng.random((1, 16, 16, 3)), jnp.float32)
    exposure = ExposureTiming(readouts=99, margin=19)
    images = deblur.sdm_frames(blur, spikes, exposure.times(4), exposure)
    np.testing.assert_allclose(images, jnp.broadcast_to(blur[:, None], images.shape), rtol=1e-5)


def test_moments_divide_the_exposure_evenly():
    exposure = ExposureTiming()
    assert exposure.length == 137
    assert exposure.centre == 68
    assert exposure.times(5) == (20, 44, 68, 92, 116)
    assert exposure.times(1) == (68,)
    assert exposure.times(97) == tuple(range(20, 117))


@pytest.mark.parametrize("times", [(19,), (117,), (), (50, 200)])
def test_moments_outside_the_exposure_are_refused(times):
    with pytest.raises(ValueError, match="20 to 116"):
        ExposureTiming().check_times(times)


def test_a_moment_between_readouts_is_refused():
    with pytest.raises(TypeError):
        ExposureTiming().check_times((20.9,))


def test_windows_run_back_in_time_beyond_the_recording():
    exposure = ExposureTiming(readouts=5, margin=8, short=3)
    windows = exposure.windows((8, 12))
    np.testing.assert_array_equal(windows[0, :4], [2, 1, 0, 1])
    np.testing.assert_array_equal(windows[1, -4:], [19, 20, 19, 18])
    longer = ExposureTiming()
    np.testing.assert_array_equal(longer.windows((20,))[0], np.arange(10, 31))


@pytest.mark.parametrize(
    "options", [{"readouts": 0}, {"margin": -1}, {"short": 8}, {"short": 0}, {"short": 99}]
)
def test_an_impossible_exposure_is_refused(options):
    with pytest.raises(ValueError, match="ExposureTiming"):
        ExposureTiming(**options)


def test_reblurring_is_the_mean(rng):
    images = rng.random((2, 5, 4, 4, 3)).astype(np.float32)
    np.testing.assert_allclose(deblur.reblur(images), images.mean(1))
