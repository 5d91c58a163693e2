import jax
import jax.numpy as jnp
import numpy as np
import pytest
import skimage.measure
from jax.test_util import check_grads

from spikejax import ops

SIZES = [(1, 1), (1, 5), (4, 1), (2, 2), (7, 6)]


def nhwc(x):
    return np.ascontiguousarray(np.moveaxis(x, 1, -1))


@pytest.mark.parametrize("jit", [False, True])
def test_upsample2_agrees_with_the_reference(golden, jit):
    reference = golden("operators")
    upsample = jax.jit(ops.upsample2) if jit else ops.upsample2
    out = upsample(nhwc(reference["upsample2_in"]))
    np.testing.assert_allclose(out, nhwc(reference["upsample2_out"]), atol=1e-6)


@pytest.mark.parametrize("size", SIZES)
def test_upsample2_is_the_bilinear_resize(size, rng):
    x = jnp.asarray(rng.random((2, *size, 3), np.float32))
    expected = jax.image.resize(x, (2, 2 * size[0], 2 * size[1], 3), "bilinear", antialias=False)
    np.testing.assert_allclose(jax.jit(ops.upsample2)(x), expected, atol=1e-6)


def test_upsample2_keeps_a_constant_and_a_ramp():
    assert (ops.upsample2(jnp.full((1, 3, 4, 1), 0.3)) == 0.3).all()
    ramp = ops.upsample2(jnp.arange(6.0).reshape(1, 1, 6, 1))[0, 0, :, 0]
    np.testing.assert_array_equal(ramp[1:-1], np.arange(10) / 2 + 0.25)
    assert ramp[0] == 0 and ramp[-1] == 5


def test_upsample2_differentiates(rng):
    x = jnp.asarray(rng.random((1, 3, 4, 2), np.float32))
    check_grads(ops.upsample2, (x,), 1, modes=("fwd", "rev"), rtol=1e-2)


def test_resize_bilinear_to_twice_the_size_is_upsample2(rng):
    x = jnp.asarray(rng.random((2, 5, 7, 3), np.float32))
    np.testing.assert_allclose(ops.resize_bilinear(x, 10, 14), ops.upsample2(x), atol=1e-6)


def test_resize_bilinear_to_half_the_size_averages_four_pixels(rng):
    x = jnp.asarray(rng.random((1, 8, 6, 2), np.float32))
    np.testing.assert_allclose(ops.resize_bilinear(x, 4, 3), ops.average_pool2(x), atol=1e-6)


def test_resize_bilinear_does_not_antialias():
    line = jnp.zeros((1, 1, 12, 1)).at[0, 0, 5, 0].set(1.0)
    assert ops.resize_bilinear(line, 1, 4).max() == 0  # the samples are pixels 1, 4, 7 and 10


def test_nearest_upsample2_repeats_every_pixel(rng):
    x = rng.random((2, 3, 4, 2), np.float32)
    np.testing.assert_array_equal(
        ops.nearest_upsample2(jnp.asarray(x)), np.kron(x, np.ones((1, 2, 2, 1), np.float32))
    )


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 5), (4, 3)])
def test_average_pool2_agrees_with_skimage(height, width, rng):
    x = rng.random((2, 2 * height, 2 * width, 3), np.float32)
    expected = skimage.measure.block_reduce(x, (1, 2, 2, 1), np.mean)
    np.testing.assert_allclose(ops.average_pool2(jnp.asarray(x)), expected, atol=1e-6)


def test_every_level_of_a_pyramid_has_half_the_size(rng):
    x = jnp.asarray(rng.random((1, 8, 16, 1), np.float32))
    pyramid = ops.average_pyramid(x, 4)
    assert [level.shape[1:3] for level in pyramid] == [(8, 16), (4, 8), (2, 4), (1, 2)]
    np.testing.assert_array_equal(pyramid[0], x)
    expected = skimage.measure.block_reduce(np.asarray(x), (1, 8, 8, 1), np.mean)
    np.testing.assert_allclose(pyramid[3], expected, atol=1e-6)


def test_depth_to_space_takes_the_channels_of_a_cell_row_by_row():
    x = jnp.arange(8).reshape(1, 1, 1, 8)
    out = ops.depth_to_space(x)
    np.testing.assert_array_equal(out[0, :, :, 0], [[0, 1], [2, 3]])
    np.testing.assert_array_equal(out[0, :, :, 1], [[4, 5], [6, 7]])


@pytest.mark.parametrize(
    ("height", "width", "channels", "factor"),
    [(1, 1, 1, 1), (3, 4, 1, 2), (2, 1, 3, 2), (1, 2, 2, 3)],
)
def test_space_to_depth_inverts_depth_to_space(height, width, channels, factor):
    x = jnp.arange(2 * height * width * channels * factor**2).reshape(2, height, width, -1)
    image = ops.depth_to_space(x, factor)
    assert image.shape == (2, factor * height, factor * width, channels)
    np.testing.assert_array_equal(ops.space_to_depth(image, factor), x)


@pytest.mark.torch
@pytest.mark.parametrize("factor", [2, 3])
def test_depth_to_space_is_pixel_shuffle(factor, rng):
    torch = pytest.importorskip("torch")
    x = rng.random((2, 3 * factor**2, 4, 5), np.float32)
    expected = torch.nn.functional.pixel_shuffle(torch.from_numpy(x), factor).numpy()
    np.testing.assert_array_equal(ops.depth_to_space(jnp.asarray(nhwc(x)), factor), nhwc(expected))


@pytest.mark.parametrize(
    "operator", [ops.upsample2, ops.average_pool2, ops.nearest_upsample2, ops.depth_to_space]
)
def test_half_precision_stays_half_precision(operator):
    assert operator(jnp.ones((1, 4, 4, 4), jnp.bfloat16)).dtype == jnp.bfloat16


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ops.upsample2(jnp.zeros((4, 4))), r"\(B, H, W, C\), got shape \(4, 4\)"),
        (lambda: ops.upsample2(jnp.zeros((1, 4, 4, 1), jnp.uint8)), "floating values, got uint8"),
        (lambda: ops.average_pool2(jnp.zeros((1, 4, 5, 1))), "even size, got 4 x 5"),
        (lambda: ops.average_pyramid(jnp.zeros((1, 4, 6, 1)), 3), "divisible by 4, got 4 x 6"),
        (lambda: ops.average_pyramid(jnp.zeros((1, 4, 6, 1)), 0), "0 levels"),
        (lambda: ops.resize_bilinear(jnp.zeros((1, 4, 6, 1)), 0, 2), "positive size, got 0 x 2"),
        (lambda: ops.depth_to_space(jnp.zeros((1, 4, 6, 6))), "6 channels do not fill"),
        (lambda: ops.space_to_depth(jnp.zeros((1, 4, 5, 6))), "4 x 5 does not divide"),
    ],
)
def test_wrong_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
