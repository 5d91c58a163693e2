import jax
import jax.numpy as jnp
import numpy as np
import pytest

from spikejax import models, weights
from spikejax.weights import WeightsError


@pytest.fixture(scope="module")
def variables():
    return models.create("lrn").init(jax.random.key(0))


def copied(variables):
    return jax.tree.map(lambda x: x, variables)


@pytest.mark.parametrize("name", models.names())
def test_fresh_weights_pass(name):
    shapes = jax.eval_shape(models.create(name).init, jax.random.key(0))
    weights.check(name, jax.tree.map(lambda s: np.zeros(s.shape, s.dtype), shapes))


def test_bfloat16_and_numpy_and_constants_pass(variables):
    narrow = jax.tree.map(lambda x: np.asarray(x.astype(jnp.bfloat16)), variables)
    weights.check("lrn", narrow | {"constants": {"trained_gain": np.float32(0.4)}})


def without_a_bias(tree):
    del tree["params"]["conv3"]["bias"]


def with_more(tree):
    tree["params"]["conv6"] = {"kernel": np.zeros((3, 3, 1, 1), np.float32)}


def with_another_collection(tree):
    tree["cache"] = {"x": np.zeros(3, np.float32)}


def with_another_constant(tree):
    tree["constants"] = {"gain": np.float32(1)}


def with_pytorch_layout(tree):
    tree["params"]["conv1"]["kernel"] = tree["params"]["conv1"]["kernel"].transpose(3, 2, 0, 1)


def with_integers(tree):
    tree["params"]["conv1"]["bias"] = np.zeros(64, np.int32)


def with_a_list(tree):
    tree["params"]["conv1"]["bias"] = [0.0] * 63


def with_a_branch_for_a_leaf(tree):
    tree["params"]["conv1"]["bias"] = {"bias": np.zeros(64, np.float32)}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (without_a_bias, "'params/conv3/bias' is missing"),
        (with_more, "unknown tensor 'params/conv6/kernel'"),
        (with_another_collection, "unknown tensor 'cache/x'"),
        (with_another_constant, "unknown tensor 'constants/gain'"),
        (
            with_pytorch_layout,
            r"'params/conv1/kernel' has shape \(64, 41, 3, 3\), expected \(3, 3, 41, 64\)",
        ),
        (with_integers, "'params/conv1/bias' has int32 values"),
        (with_a_list, r"'params/conv1/bias' has shape \(63,\)"),
        (with_a_branch_for_a_leaf, "'params/conv1/bias' is missing"),
    ],
)
def test_the_first_difference_is_named(variables, change, message):
    tree = copied(variables)
    change(tree)
    with pytest.raises(WeightsError, match=message):
        weights.check("lrn", tree)


def test_what_is_no_tree_is_refused():
    with pytest.raises(WeightsError, match="nested dictionaries"):
        weights.check("lrn", [1, 2])


def test_an_unknown_network_is_refused(variables):
    with pytest.raises(WeightsError, match=r"no network 'x'; there are .*lrn"):
        weights.check("x", variables)


def test_the_gain_is_one_unless_the_weights_say_otherwise(variables):
    assert weights.trained_gain(variables) == 1.0
    assert weights.trained_gain({**variables, "constants": {}}) == 1.0
    assert weights.trained_gain({**variables, "constants": {"trained_gain": jnp.array(0.5)}}) == 0.5


@pytest.mark.parametrize("gain", [0.0, -1.0, np.nan, np.inf, np.ones(2), "a"])
def test_a_gain_that_is_no_positive_number_is_refused(variables, gain):
    with pytest.raises(WeightsError, match="trained_gain"):
        weights.check("lrn", {**variables, "constants": {"trained_gain": gain}})


@pytest.mark.parametrize("name", ["lrn", "stir"])
def test_the_constants_do_not_disturb_a_network(name):
    model = models.create(name)
    spikes = jax.ShapeDtypeStruct((1, model.window, 16, 16), jnp.uint8)
    variables = jax.eval_shape(model.init, jax.random.key(0))
    constants = {"trained_gain": np.asarray(0.4, np.float32)}
    expected = jax.eval_shape(model.apply, variables, spikes)
    assert jax.eval_shape(model.apply, {**variables, "constants": constants}, spikes) == expected
