"""MSE and PSNR against reference numbers and scikit-image."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio

import spikejax as sj


@pytest.mark.parametrize(
    "a, c, expected, extent", [("a", "c", "psnr", 255), ("a3", "c3", "psnr3", 1)]
)
def test_psnr_is_the_reference_value(golden, a, c, expected, extent):
    g = golden("metrics")
    value = sj.metrics.psnr(g[a], g[c], extent)
    assert isinstance(value, np.float64)
    np.testing.assert_allclose(value, g[expected], rtol=1e-12)
    device = sj.metrics.psnr(jnp.asarray(g[a], jnp.float32), jnp.asarray(g[c], jnp.float32), extent)
    assert isinstance(device, jax.Array) and device.dtype == jnp.float32
    np.testing.assert_allclose(device, g[expected], rtol=1e-6)


@pytest.mark.parametrize("shape", [(9, 7), (9, 7, 3)])
def test_psnr_and_mse_agree_with_scikit_image(rng, shape):
    for extent in (1.0, 255.0):
        a, b = extent * rng.random((2, *shape))
        expected = peak_signal_noise_ratio(a, b, data_range=extent)
        np.testing.assert_allclose(sj.metrics.psnr(a, b, extent), expected, rtol=1e-12)
        np.testing.assert_allclose(sj.metrics.mse(a, b), ((a - b) ** 2).mean(), rtol=1e-12)


def test_a_batch_gives_one_score_per_image(rng):
    a, b = rng.random((2, 4, 8, 9, 3))
    for metric in (sj.metrics.psnr, sj.metrics.mse):
        values = metric(a, b)
        assert values.shape == (4,)
        np.testing.assert_allclose(values, [metric(x, y) for x, y in zip(a, b, strict=True)])
        np.testing.assert_allclose(jax.jit(metric)(a, b), values, rtol=1e-5)


def test_eight_bit_images_do_not_wrap_around():
    a, b = np.zeros((4, 4), np.uint8), np.full((4, 4), 255, np.uint8)
    assert sj.metrics.psnr(a, b, 255) == 0
    assert sj.metrics.mse(a, b) == 255**2
    assert sj.metrics.mse(jnp.asarray(a), jnp.asarray(b)) == 255**2


@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float16])
def test_half_precision_is_compared_in_float32(rng, dtype):
    a, b = (jnp.asarray(x, dtype) for x in rng.random((2, 16, 16)))
    value = sj.metrics.psnr(a, b)
    assert value.dtype == jnp.float32
    expected = sj.metrics.psnr(np.asarray(a, np.float64), np.asarray(b, np.float64))
    np.testing.assert_allclose(value, expected, rtol=1e-6)


def test_equal_images_have_infinite_psnr_and_no_slope():
    image = jnp.linspace(0, 1, 20).reshape(4, 5)
    assert sj.metrics.psnr(image, image) == np.inf
    assert sj.metrics.psnr(np.asarray(image), np.asarray(image)) == np.inf
    value, slope = jax.value_and_grad(sj.metrics.psnr)(image, image)
    assert value == np.inf
    np.testing.assert_array_equal(slope, np.zeros((4, 5)))


def test_the_gradient_of_psnr_is_the_closed_form(rng):
    a, b = (jnp.asarray(x, jnp.float32) for x in rng.random((2, 6, 5)))
    slope = jax.jit(jax.grad(sj.metrics.psnr))(a, b)
    expected = -20 / np.log(10) * (a - b) / np.sum((a - b) ** 2)
    np.testing.assert_allclose(slope, expected, rtol=1e-5)


def test_another_range_does_not_compile_anew(rng):
    from spikejax.metrics.error import _psnr

    a, b = (jnp.asarray(x, jnp.float32) for x in rng.random((2, 6, 11)))
    sj.metrics.psnr(a, b, 1)
    before = _psnr._cache_size()
    np.testing.assert_allclose(
        sj.metrics.psnr(a, b, 10.0) - sj.metrics.psnr(a, b, 1), 20, rtol=1e-5
    )
    assert _psnr._cache_size() == before


def test_host_arrays_work_while_something_else_is_traced(rng):
    a, b = rng.random((2, 8, 9))
    value = jax.jit(lambda x: x + float(sj.metrics.psnr(a, b)))(0.0)
    np.testing.assert_allclose(value, sj.metrics.psnr(a, b), rtol=1e-6)


@pytest.mark.parametrize(
    "shapes, dtype, extent, message",
    [
        (((4, 5), (5, 4)), float, 1, r"differ in shape, \(4, 5\) and \(5, 4\)"),
        (((4, 5), (4, 5, 1)), float, 1, r"differ in shape"),
        (((4,), (4,)), float, 1, r"expected \(H, W\), \(H, W, C\) or \(B, H, W, C\), got \(4,\)"),
        (((0, 5), (0, 5)), float, 1, r"got \(0, 5\)"),
        (((10, 25, 40), (10, 25, 40)), float, 1, r"a batch of images is \(B, H, W, C\)"),
        (((4, 5), (4, 5)), np.uint8, 1, r"uint8 images need their data_range.*got 1.0"),
        (((4, 5), (4, 5)), float, 0, r"data_range is a number above 0, got 0.0"),
        (((4, 5), (4, 5)), float, -1, r"data_range is a number above 0, got -1.0"),
        (((4, 5), (4, 5)), float, [1.0], r"data_range is one number, got shape \(1,\)"),
        (((4, 5), (4, 5)), complex, 1, r"expected real images, got complex128"),
    ],
)
def test_wrong_images_are_refused(shapes, dtype, extent, message):
    a, b = (np.ones(shape, dtype) for shape in shapes)
    with pytest.raises(ValueError, match=f"^psnr: .*{message}"):
        sj.metrics.psnr(a, b, extent)
