import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.linalg

from spikejax.training import default_config, schedules


def config(**changes):
    config = default_config()
    config.steps = 100
    config.optimiser.learning_rate = 0.2
    for name, value in changes.items():
        config.update_from_flattened_dict({name.replace("__", "."): value})
    return config


def rates(config, steps):
    return np.array(jax.jit(jax.vmap(schedules.learning_rate(config)))(jnp.array(steps)))


def test_cosine_rises_linearly_and_falls_to_its_final_share():
    steps = np.arange(101)
    got = rates(config(schedule__warmup=20, schedule__final=0.1), steps)
    share = np.clip((steps - 20) / 80, 0, 1)
    cosine = 0.1 + 0.9 * (1 + np.cos(np.pi * share)) / 2
    np.testing.assert_allclose(got, 0.2 * np.where(steps < 20, steps / 20, cosine), rtol=1e-5)


@pytest.mark.parametrize("warmup", [0, 10])
def test_milestones_multiply_by_the_factor_from_their_step_on(warmup):
    changes = {"schedule__name": "milestones", "schedule__warmup": warmup}
    steps = np.array([10, 24, 26, 49, 51, 74, 76, 99])
    got = rates(config(**changes), steps)
    expected = 0.2 * 0.7 ** np.array([0, 0, 1, 1, 2, 2, 3, 3])
    np.testing.assert_allclose(got, expected, rtol=1e-5)


def test_milestones_of_one_step_all_count():
    """The first two milestones fall into the warm-up, the others on one step."""
    milestones = {"schedule__milestones": (0.25, 0.5, 0.8, 0.8), "schedule__name": "milestones"}
    got = rates(config(**milestones, schedule__warmup=60), np.array([60, 79, 81]))
    np.testing.assert_allclose(got, 0.2 * 0.7 ** np.array([2, 2, 4]), rtol=1e-5)


def test_constant_stays():
    np.testing.assert_allclose(rates(config(schedule__name="constant"), [0, 50, 99]), 0.2)


@pytest.mark.parametrize("warmup", [-1, 100])
def test_a_warm_up_that_leaves_no_steps_is_refused(warmup):
    with pytest.raises(ValueError, match=rf"schedule.warmup is {warmup}, expected 0 to"):
        schedules.learning_rate(config(schedule__warmup=warmup))


def test_unknown_names_are_refused_with_those_that_there_are():
    with pytest.raises(ValueError, match="no schedule 'linear'; there are cosine"):
        schedules.learning_rate(config(schedule__name="linear"))
    with pytest.raises(ValueError, match="no optimiser 'lion'; there are adam, muon, sgd"):
        schedules.optimiser(config(optimiser__name="lion"))


def test_adam_adds_the_decay_to_the_clipped_gradient_as_pytorch_does():
    """Compares with algorithm 1 of Kingma and Ba, written in NumPy."""
    settings = config(clip=1.0, optimiser__weight_decay=0.1)
    rule = schedules.optimiser(settings)
    rng = np.random.default_rng(0)
    value = rng.normal(size=5)
    params = {"a": jnp.array(value, jnp.float32)}
    state = rule.init(params)
    m = v = np.zeros(5)
    for count in range(1, 4):
        gradient = 3 * rng.normal(size=5)
        with jax.numpy_dtype_promotion("standard"):
            grads = {"a": jnp.array(gradient, jnp.float32)}
            direction, state = jax.jit(rule.update)(grads, state, params)
        gradient = gradient / max(1, np.linalg.norm(gradient)) + 0.1 * value
        m, v = 0.9 * m + 0.1 * gradient, 0.999 * v + 0.001 * gradient**2
        expected = m / (1 - 0.9**count) / (np.sqrt(v / (1 - 0.999**count)) + 1e-8)
        np.testing.assert_allclose(direction["a"], expected, rtol=2e-4)


def test_muons_first_step_is_the_polar_factor_of_each_kernel():
    """Its length is about Adam's (Liu et al., 2025); others take NAdam's step (Dozat, 2016)."""
    shapes = {
        "conv": {"kernel": (3, 3, 4, 16), "bias": (16,)},
        "depthwise": {"kernel": (3, 3, 1, 16)},
        "temperature": (4, 1, 1),
    }
    leaves, tree = jax.tree.flatten(shapes, is_leaf=lambda x: isinstance(x, tuple))
    keys = jax.random.split(jax.random.key(0), len(leaves))
    grads = tree.unflatten([jax.random.normal(k, s) for k, s in zip(keys, leaves, strict=True)])
    rule = schedules.optimiser(config(optimiser__name="muon"))
    with jax.numpy_dtype_promotion("standard"):
        direction, _ = jax.jit(rule.update)(grads, rule.init(grads), grads)
    kernel = np.asarray(grads["conv"].pop("kernel"), np.float64).reshape(36, 16)
    got = np.asarray(direction["conv"].pop("kernel")).reshape(36, 16)
    polar, _ = scipy.linalg.polar(kernel)
    # Five iterations of Newton-Schulz leave singular values near 1, not equal to 1.
    assert np.sum(got * polar) > 0.98 * np.linalg.norm(got) * np.linalg.norm(polar)
    np.testing.assert_allclose(np.sqrt(np.mean(got**2)), 0.2, rtol=0.25)
    nesterov = 0.9 * 0.1 / (1 - 0.9**2) + 1  # looks ahead by one step of momentum
    for step, grad in zip(jax.tree.leaves(direction), jax.tree.leaves(grads), strict=True):
        np.testing.assert_allclose(step, nesterov * np.sign(grad), rtol=1e-3)


def test_muons_decay_does_not_depend_on_the_gradient():
    params = {"kernel": jnp.full((1, 1, 4, 4), 2.0)}
    settings = config(optimiser__name="muon", optimiser__weight_decay=0.1)
    rule = schedules.optimiser(settings)
    grads = jax.tree.map(jnp.zeros_like, params)
    with jax.numpy_dtype_promotion("standard"):
        direction, _ = jax.jit(rule.update)(grads, rule.init(params), params)
    np.testing.assert_allclose(direction["kernel"], 0.1 * params["kernel"], rtol=1e-6)
