"""SSIM against reference numbers and scikit-image."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads
from scipy.ndimage import correlate1d
from skimage.metrics import structural_similarity

import spikejax as sj

PRESETS = pytest.mark.parametrize("preset", ["matlab", "skimage"])
REFERENCE = {
    "matlab": {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False},
    "skimage": {},
}


def scene(rng, *shape):
    """Smooth light and shade with edges, from 0 to 1."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    image = 0.5 + 0.3 * np.sin(x / rng.uniform(3, 30)) * np.cos(y / rng.uniform(3, 30))
    image[x + y * rng.uniform(0, 1) > rng.uniform(0, sum(shape[:2]))] *= rng.uniform(0.1, 1)
    image = np.repeat(image[..., None], shape[2], 2) if len(shape) == 3 else image
    return np.clip(image + 0.02 * rng.standard_normal(shape), 0, 1)


def float32(*images):
    return [jnp.asarray(x, jnp.float32) for x in images]


@pytest.mark.parametrize(
    "a, c, expected, extent, preset",
    [("a", "c", "ssim", 255, "matlab"), ("a3", "c3", "ssim3", 1, "skimage")],
)
def test_ssim_is_the_reference_value(golden, a, c, expected, extent, preset):
    g = golden("metrics")
    value = sj.metrics.ssim(g[a], g[c], extent, preset)
    assert isinstance(value, np.float64)
    np.testing.assert_allclose(value, g[expected], atol=1e-12)
    device = sj.metrics.ssim(*float32(g[a], g[c]), extent, preset)
    assert isinstance(device, jax.Array) and device.dtype == jnp.float32
    np.testing.assert_allclose(device, g[expected], atol=1e-6)


@PRESETS
@pytest.mark.parametrize("extent", [1.0, 255.0])
def test_ssim_agrees_with_scikit_image(preset, extent):
    for seed in range(8):
        rng = np.random.default_rng(seed)
        shape = (70, 83) if seed % 2 else (23, 141, 3)
        a = extent * scene(rng, *shape)
        b = a + extent * rng.choice([0.01, 0.1, 0.5]) * rng.standard_normal(shape)
        expected = structural_similarity(
            a,
            b,
            data_range=extent,
            channel_axis=2 if len(shape) == 3 else None,
            **REFERENCE[preset],
        )
        np.testing.assert_allclose(sj.metrics.ssim(a, b, extent, preset), expected, atol=1e-12)
        device = sj.metrics.ssim(*float32(a, b), extent, preset)
        np.testing.assert_allclose(device, expected, atol=2e-6)


@PRESETS
def test_float32_holds_where_black_meets_white(rng, preset):
    a = np.zeros((80, 90))
    a[:, 45:] = 255
    b = a + 2 * rng.standard_normal(a.shape)
    device = sj.metrics.ssim(*float32(a, b), 255, preset)
    np.testing.assert_allclose(device, sj.metrics.ssim(a, b, 255, preset), atol=5e-5)


@PRESETS
@pytest.mark.parametrize("size", [(11, 11), (64, 74), (75, 11), (74, 138), (129, 12)])
def test_every_size_is_covered_by_the_blocks(rng, preset, size):
    a, b = rng.random((2, *size))
    expected = structural_similarity(a, b, data_range=1.0, **REFERENCE[preset])
    np.testing.assert_allclose(sj.metrics.ssim(a, b, preset=preset), expected, atol=1e-12)


@PRESETS
def test_a_batch_gives_one_score_per_image(rng, preset):
    a, b = rng.random((2, 3, 20, 24, 2))
    values = sj.metrics.ssim(a, b, preset=preset)
    assert values.shape == (3,)
    expected = [sj.metrics.ssim(x, y, preset=preset) for x, y in zip(a, b, strict=True)]
    np.testing.assert_allclose(values, expected, rtol=1e-12)
    jitted = jax.jit(lambda a, b: sj.metrics.ssim(a, b, preset=preset))(a, b)
    np.testing.assert_allclose(jitted, values, atol=2e-6)


@PRESETS
def test_equal_images_are_wholly_similar_and_flat_ones_have_finite_slopes(rng, preset):
    def similarity(a, b):
        return sj.metrics.ssim(a, b, preset=preset)

    noisy, flat, black = (
        *float32(rng.random((20, 24))),
        jnp.full((20, 24), 0.7),
        jnp.zeros((20, 24)),
    )
    value_and_slope = jax.jit(jax.value_and_grad(similarity))
    for a in (noisy, flat, black):
        value, slope = value_and_slope(a, a)
        np.testing.assert_allclose(value, 1, atol=1e-6)
        np.testing.assert_allclose(slope, 0, atol=1e-5)
        for b in (noisy, flat, black):
            assert jnp.isfinite(value_and_slope(a, b)[1]).all()


@pytest.mark.parametrize("preset, order", [("matlab", 2), ("skimage", 1)])
def test_the_gradient_is_the_slope(rng, preset, order):
    a, b = (scene(rng, 14, 16) for _ in range(2))
    with jax.enable_x64(True):
        check_grads(
            lambda a, b: sj.metrics.ssim(a, b, preset=preset),
            (jnp.asarray(a), jnp.asarray(b)),
            order=order,
            atol=1e-3,
            rtol=1e-3,
        )


def multi_scale(a, b):
    """The definition with SciPy, for one channel on 0..1."""
    weights = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
    window = np.exp(-(np.arange(-5, 6) ** 2) / 4.5)
    window /= window.sum()

    def smooth(x):
        return correlate1d(correlate1d(x, window, 0), window, 1)[5:-5, 5:-5]

    result = 1.0
    for scale, weight in enumerate(weights):
        mx, my = smooth(a), smooth(b)
        vx, vy, vxy = smooth(a * a) - mx**2, smooth(b * b) - my**2, smooth(a * b) - mx * my
        term = (2 * vxy + 0.03**2) / (vx + vy + 0.03**2)
        if scale == 4:
            term = term * (2 * mx * my + 0.01**2) / (mx**2 + my**2 + 0.01**2)
        result *= max(term.mean(), 0) ** weight
        a, b = (
            correlate1d(correlate1d(x, [0.5, 0.5], 0, origin=-1), [0.5, 0.5], 1, origin=-1)
            for x in (a, b)
        )
        a, b = a[::2, ::2], b[::2, ::2]
    return result


def test_multi_scale_ssim_is_its_definition(rng):
    for noise in (0.02, 0.2):
        a = scene(rng, 201, 167)  # odd at more than one scale
        b = a + noise * rng.standard_normal(a.shape)
        expected = multi_scale(a, b)
        np.testing.assert_allclose(sj.metrics.ms_ssim(a, b), expected, atol=1e-12)
        np.testing.assert_allclose(sj.metrics.ms_ssim(*float32(a, b)), expected, atol=2e-6)


def test_multi_scale_ssim_is_finite_at_its_ends(rng):
    a = jnp.asarray(rng.random((2, 161, 161, 1)), jnp.float32)
    np.testing.assert_allclose(sj.metrics.ms_ssim(a, a), [1, 1], atol=1e-6)
    np.testing.assert_array_equal(sj.metrics.ms_ssim(a, 1 - a), [0, 0])
    slope = jax.jit(jax.grad(lambda a, b: sj.metrics.ms_ssim(a, b).sum()))
    for b in (a, 1 - a, jnp.full_like(a, 0.3)):
        assert jnp.isfinite(slope(a, b)).all()


@pytest.mark.parametrize("preset, least", [("matlab", 11), ("skimage", 7)])
def test_images_smaller_than_the_window_are_refused(preset, least):
    small = np.ones((least - 1, 40))
    with pytest.raises(
        ValueError, match=rf"^ssim: .*at least {least} x {least} .*got {least - 1} x"
    ):
        sj.metrics.ssim(small, small, preset=preset)


def test_other_wrong_arguments_are_refused():
    image = np.ones((160, 200))
    with pytest.raises(ValueError, match=r"^ms_ssim: .*at least 161 x 161 pixels, got 160 x 200"):
        sj.metrics.ms_ssim(image, image)
    with pytest.raises(ValueError, match=r"^ssim: preset is one of matlab, skimage, got 'tf'"):
        sj.metrics.ssim(image, image, preset="tf")
    with pytest.raises(ValueError, match=r"^ssim: the images differ in shape"):
        sj.metrics.ssim(image, image[1:])
