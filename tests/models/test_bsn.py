"""BSN against the reference numbers, and its blindness."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from synthetic_weights import SHAPES, state_dict

from spikejax import models, ops, weights

SIZES = [(16, 16), (21, 13)]


@pytest.fixture(scope="module")
def variables():
    return weights.from_torch("bsn", state_dict(SHAPES["bsn"]))


def channels_last(x):
    return jnp.moveaxis(jnp.asarray(x), 1, -1)


def test_it_has_the_published_number_of_parameters_and_no_bias():
    shapes = jax.eval_shape(models.create("bsn").init, jax.random.key(0))
    assert sum(p.size for p in jax.tree.leaves(shapes["params"])) == 1_118_832
    assert all(p.ndim == 4 for p in jax.tree.leaves(shapes["params"]))


@pytest.mark.parametrize("number", [0, 1], ids=["wide", "tall"])
def test_output_loss_and_gradients_agree_with_the_reference(golden, variables, number):
    file = golden("bsn")
    images, expected = (channels_last(file[f"{name}_{number}"]) for name in ("tfp", "out"))
    model = models.create("bsn")
    np.testing.assert_allclose(
        model.apply(variables, images), expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max()
    )

    def loss(params):
        out = model.module.apply({"params": params}, images)
        return jnp.mean((images - jnp.clip(out, 0.0, 1.0)) ** 2)

    value, grads = jax.jit(jax.value_and_grad(loss))(variables["params"])
    np.testing.assert_allclose(value, file[f"loss_{number}"], rtol=1e-5)
    grads = weights.to_torch("bsn", {"params": grads})
    for name, key in (
        ("nin_C.weight", f"grad_norm_nin_C_{number}"),
        ("unet.enc1.conv1.conv.weight", f"grad_norm_enc1_{number}"),
    ):
        # Of millions of leaky units one or two lie within rounding of zero, where the slope jumps.
        np.testing.assert_allclose(np.linalg.norm(grads[name]), file[key], rtol=2e-4)


def own_gradients(model, variables, size, rng):
    """The gradient of the output at each pixel to that pixel's input, and the largest to any."""
    image = jnp.asarray(rng.random((1, *size, 1)), jnp.float32)
    count = size[0] * size[1]

    def out(image):
        return model.module.apply(variables, image).reshape(count)

    def to(pixel):
        return jax.jvp(out, (image,), (pixel,))[1]

    pixels = jnp.eye(count).reshape(count, *image.shape)
    with ops.programs_for("gpu"):
        columns = np.asarray(jax.jit(lambda x: jax.lax.map(to, x, batch_size=64))(pixels))
    return np.diag(columns), np.abs(columns).max(0)


@pytest.mark.parametrize("size", SIZES, ids=["square", "tall and odd"])
def test_no_pixel_is_seen_by_its_own_prediction(variables, rng, size):
    own, largest = own_gradients(models.create("bsn", square="none"), variables, size, rng)
    assert (own == 0).all()
    assert (largest > 1e-6).all()  # yet each prediction sees others


def test_the_published_reflection_shows_pixels_near_the_border_their_mirror_image(variables, rng):
    own, _ = own_gradients(models.create("bsn"), variables, (8, 12), rng)
    seen = (own.reshape(8, 12) != 0).any(1)
    # Two rows are added on each side: those beside the first and the last row, mirrored.
    np.testing.assert_array_equal(seen, [False, True, True, False, False, True, True, False])


def test_a_square_image_needs_no_reflection(variables, rng):
    image = jnp.asarray(rng.random((2, 13, 13, 1)), jnp.float32)
    outputs = [models.create("bsn", square=s).apply(variables, image) for s in ("reflect", "none")]
    np.testing.assert_allclose(*outputs, atol=1e-6)


def test_bfloat16_activations_stay_close_and_the_image_is_float32(variables, rng):
    image = jnp.asarray(rng.random((1, 16, 16, 1)), jnp.float32)
    exact = models.create("bsn").apply(variables, image)
    coarse = models.create("bsn", dtype=jnp.bfloat16).apply(variables, image)
    assert coarse.dtype == jnp.float32
    np.testing.assert_allclose(coarse, exact, atol=0.05 * float(jnp.abs(exact).max()))


@pytest.mark.parametrize("shape", [(16, 16, 1), (1, 16, 16, 3), (1, 3, 16, 1), (0, 8, 8, 1)])
def test_a_wrong_shape_is_refused(variables, shape):
    with pytest.raises(ValueError, match="bsn: expected images"):
        models.create("bsn").apply(variables, np.zeros(shape, np.float32))


def test_whole_numbers_are_refused(variables):
    with pytest.raises(ValueError, match="bsn: expected floating images, got uint8"):
        models.create("bsn").apply(variables, np.zeros((1, 8, 8, 1), np.uint8))


def test_an_unknown_way_to_a_square_is_refused():
    with pytest.raises(ValueError, match="square"):
        models.create("bsn", square="zeros")
