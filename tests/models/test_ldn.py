"""LDN against the reference numbers, and the order of its colours."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from synthetic_weights import SHAPES, state_dict

from spikejax import models, weights


@pytest.fixture(scope="module")
def state():
    return state_dict(SHAPES["ldn"])


@pytest.fixture(scope="module")
def variables(state):
    return weights.from_torch("ldn", state)


def test_it_has_the_published_number_of_parameters():
    shapes = jax.eval_shape(models.create("ldn").init, jax.random.key(0))
    assert sum(p.size for p in jax.tree.leaves(shapes["params"])) == 234_158


def test_rgb_goes_in_and_comes_out_though_the_published_network_is_bgr(golden, variables):
    file = golden("ldn")
    photograph = jnp.moveaxis(jnp.asarray(file["blur_bgr"]), 1, -1)[..., ::-1]
    expected = np.moveaxis(file["out"], 1, -1)[..., ::-1]
    out = models.create("ldn").apply(variables, photograph, file["spikes"])
    np.testing.assert_allclose(out, expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())


def test_training_begins_near_the_photograph_itself(rng):
    model = models.create("ldn")
    photograph = rng.random((1, 16, 16, 3), np.float32)
    spikes = (rng.random((1, 21, 4, 4)) < 0.5).astype(np.uint8)
    out = model.apply(model.init(jax.random.key(0)), photograph, spikes)
    assert 0 < np.abs(out - photograph).max() < 0.1


def test_back_and_forth_is_exact_and_bgr_again(state, variables):
    back = weights.to_torch("ldn", variables)
    assert back.keys() == state.keys()
    for name in state:
        np.testing.assert_array_equal(back[name], state[name])
    kernel = np.asarray(variables["params"]["photograph1"]["kernel"])
    np.testing.assert_array_equal(
        kernel[:, :, 0], state["blur_enc.0.weight"][:, 2].transpose(1, 2, 0)
    )


def test_bfloat16_activations_stay_close_and_the_image_is_float32(golden, variables):
    file = golden("ldn")
    photograph = jnp.moveaxis(jnp.asarray(file["blur_bgr"]), 1, -1)[..., ::-1]
    exact = models.create("ldn").apply(variables, photograph, file["spikes"])
    coarse = models.create("ldn", dtype=jnp.bfloat16).apply(variables, photograph, file["spikes"])
    assert coarse.dtype == jnp.float32
    np.testing.assert_allclose(coarse, exact, atol=0.05 * float(jnp.abs(exact).max()))


def test_a_photograph_of_another_ratio_is_refused_with_the_ratio(variables):
    with pytest.raises(ValueError, match=r"got 16x24 and 8x12: 2 and 2 times"):
        models.create("ldn").apply(
            variables, np.zeros((1, 16, 24, 3), np.float32), np.zeros((1, 21, 8, 12), np.uint8)
        )


@pytest.mark.parametrize(
    ("photograph", "spikes", "message"),
    [
        ((1, 16, 16, 1), (1, 21, 4, 4), "expected images"),
        ((1, 16, 16, 3), (1, 41, 4, 4), "expected spikes"),
        ((2, 16, 16, 3), (1, 21, 4, 4), "2 photographs and 1 recordings"),
    ],
)
def test_a_wrong_shape_is_refused(variables, photograph, spikes, message):
    with pytest.raises(ValueError, match=message):
        models.create("ldn").apply(
            variables, np.zeros(photograph, np.float32), np.zeros(spikes, np.uint8)
        )
