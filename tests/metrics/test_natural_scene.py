"""Natural scene statistics against scipy, Pillow and known distributions."""

import jax
import jax.numpy as jnp
import natural_scene_reference as reference
import numpy as np
import pytest
from PIL import Image
from scipy import stats

from spikejax.metrics import natural_scene as scene

halved = jax.jit(scene.halved)
normalised = jax.jit(scene.normalised, static_argnames="padding")


@pytest.fixture
def image(rng):
    return 255 * rng.random((31, 42)) ** 2


@pytest.mark.parametrize(("padding", "mode"), [("edge", "nearest"), ("zeros", "constant")])
def test_coefficients_follow_their_definition(image, padding, mode):
    expected = reference.normalised(image, mode)
    with jax.enable_x64(True):
        got = normalised(jnp.asarray(image[None]), padding=padding)
    for ours, theirs in zip(got, expected, strict=True):
        np.testing.assert_allclose(ours[0], theirs, atol=1e-9)
    single = normalised(jnp.asarray(image[None], jnp.float32), padding=padding)
    np.testing.assert_allclose(single[0][0], expected[0], atol=1e-5)


def test_flat_areas_have_coefficients_of_exactly_zero():
    image = np.full((1, 20, 20), 77.3, np.float32)
    image[:, :, 12:] = 0.1
    coefficients, deviation = normalised(image, padding="edge")
    np.testing.assert_array_equal(coefficients[0, :, :9], 0)
    np.testing.assert_array_equal(coefficients[0, :, 15:], 0)
    assert np.abs(coefficients[0, :, 9:15]).min() > 0
    assert deviation[0, :, :9].max() < 1e-4


@pytest.mark.parametrize("size", [(40, 52), (41, 53)])
def test_halving_is_pillows_bicubic_inside_the_image(rng, size):
    image = rng.random(size).astype(np.float32)
    height, width = (-(-n // 2) for n in size)
    # an odd size is filled up: Pillow scales by the ratio of the sizes
    wide = np.pad(image, ((0, size[0] % 2), (0, size[1] % 2)), mode="symmetric")
    theirs = Image.fromarray(wide).resize((width, height), Image.Resampling.BICUBIC)
    ours = halved(jnp.asarray(image[None]))[0]
    assert ours.shape == (height, width)
    inside = (slice(2, -2), slice(2, -2))
    np.testing.assert_allclose(ours[inside], np.asarray(theirs)[inside], atol=1e-6)


def test_halving_mirrors_the_image_at_its_edges(rng):
    image = rng.random((1, 12, 14)).astype(np.float32)
    mirrored = np.pad(image, ((0, 0), (8, 8), (8, 8)), mode="symmetric")
    inside = halved(jnp.asarray(mirrored))[:, 4:-4, 4:-4]
    np.testing.assert_allclose(halved(jnp.asarray(image)), inside, atol=1e-6)


def quantiles(distribution, count=20_001):
    return distribution.ppf((np.arange(count) + 0.5) / count)


@pytest.mark.parametrize("shape", [0.5, 1.0, 2.0, 4.5])
def test_a_symmetric_fit_finds_the_shape_and_the_variance(shape):
    values = 1.7 * quantiles(stats.gennorm(shape))
    with jax.enable_x64(True):
        fitted, variance = scene.generalised_gaussian(jnp.asarray(values))
    np.testing.assert_allclose(fitted, shape, rtol=0.02)
    np.testing.assert_allclose(variance, np.mean(values**2), rtol=1e-12)
    assert abs(float(fitted) - reference.symmetric(values)[0]) < 1e-9


@pytest.mark.parametrize(("shape", "left", "right"), [(1.0, 2.0, 1.0), (2.0, 0.5, 2.0)])
def test_an_asymmetric_fit_finds_its_parameters(shape, left, right):
    half = np.abs(quantiles(stats.gennorm(shape)))
    # a density that does not jump at 0 has values on each side as its width
    low, high = (half[:: int(4 / w)] * w for w in (left, right))
    values = np.concatenate([-low, high])
    with jax.enable_x64(True):
        fit = scene.asymmetric_gaussian(jnp.asarray(values))
    np.testing.assert_allclose(fit.shape, shape, rtol=0.03)
    np.testing.assert_allclose((fit.left_width, fit.right_width), (left, right), rtol=0.03)
    np.testing.assert_allclose(fit.mean, values.mean(), rtol=0.03)
    np.testing.assert_allclose(fit[:3], reference.asymmetric(values), rtol=1e-9)


def test_fits_of_nothing_are_nan():
    zeros = jnp.zeros(10)
    assert np.isnan(scene.generalised_gaussian(zeros)[0])
    assert np.isnan(scene.asymmetric_gaussian(zeros).shape)
    assert np.isnan(scene.asymmetric_gaussian(jnp.ones(10)).shape)


def test_neighbours_are_multiplied_around_the_edges(rng):
    x = rng.normal(size=(5, 6))
    for ours, theirs in zip(
        scene.neighbour_products(jnp.asarray(x, jnp.float32)), reference.products(x), strict=True
    ):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5)
