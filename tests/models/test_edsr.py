"""EDSR against the reference numbers."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from synthetic_weights import SHAPES, state_dict

from spikejax import models, weights


def reference_state():
    """As the reference numbers were made: the shifts of the mean, and a calmer body."""
    state = state_dict(SHAPES["edsr"])
    for name in state:
        if "mean" in name:
            sign = -1.0 if name.startswith("sub") else 1.0
            constant = 1.0 if name.endswith("weight") else sign * 0.446
            state[name] = np.full_like(state[name], constant)
        elif name.startswith("body") and name.endswith("weight"):
            state[name] = state[name] * np.float32(0.3)
    return state


@pytest.fixture(scope="module")
def variables():
    return weights.from_torch("edsr", reference_state())


def test_it_has_the_published_number_of_parameters():
    shapes = jax.eval_shape(models.create("edsr").init, jax.random.key(0))
    assert sum(p.size for p in jax.tree.leaves(shapes["params"])) == 1_515_269


def test_the_output_agrees_with_the_reference(golden, variables):
    file = golden("edsr")
    image, expected = (jnp.moveaxis(jnp.asarray(file[name]), 1, -1) for name in ("tfp", "out"))
    out = models.create("edsr").apply(variables, image)
    np.testing.assert_allclose(out, expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())


def test_the_shifts_of_the_mean_begin_as_published_and_are_not_trained(rng):
    model = models.create("edsr")
    variables = model.init(jax.random.key(0))
    shifts = {name: variables["params"][name] for name in ("sub_mean", "add_mean")}
    assert float(shifts["sub_mean"]["bias"][0]) == np.float32(-0.446)
    assert float(shifts["add_mean"]["bias"][0]) == np.float32(0.446)
    image = jnp.asarray(rng.random((1, 4, 4, 1)), jnp.float32)
    grads = jax.grad(lambda p: model.module.apply({"params": p}, image).sum())(variables["params"])
    for name in shifts:
        assert all((leaf == 0).all() for leaf in jax.tree.leaves(grads[name]))
    assert float(jnp.abs(grads["tail"]["bias"]).max()) > 0


def test_back_and_forth_is_exact(variables):
    state, back = reference_state(), weights.to_torch("edsr", variables)
    assert back.keys() == state.keys()
    for name in state:
        np.testing.assert_array_equal(back[name], state[name])


@pytest.mark.parametrize("shape", [(16, 16, 1), (1, 16, 16, 3), (1, 0, 16, 1)])
def test_a_wrong_shape_is_refused(variables, shape):
    with pytest.raises(ValueError, match="edsr: expected images"):
        models.create("edsr").apply(variables, np.zeros(shape, np.float32))
