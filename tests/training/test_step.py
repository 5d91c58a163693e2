import jax
import jax.numpy as jnp
import numpy as np
import pytest
import toy_training

from spikejax import tasks
from spikejax.training.step import step_of


def toy_step(**changes):
    config = toy_training.config(schedule__name="constant", **changes)
    return step_of(config, tasks.create(config))


def batch(seed=0, size=4):
    return next(toy_training.Batches({}, batch_size=size, window=1, windows=1, seed=seed))


@pytest.fixture(scope="module")
def key():
    return jax.random.key(0)


SGD = {
    "optimiser__name": "sgd",
    "optimiser__learning_rate": 0.1,
    "optimiser__weight_decay": 0.0,
    "clip": 0.0,
}


@pytest.fixture(scope="module")
def sgd():
    step = toy_step(**SGD)
    return step, jax.jit(step)


def test_a_step_of_sgd_goes_down_the_gradient_of_the_tasks_loss(sgd, key):
    step, jitted = sgd
    state = step.init(step.task.init(key))
    own = jax.random.fold_in(key, 0)
    gradient, (batch_stats, _) = jax.jit(jax.grad(step.task.loss, has_aux=True))(
        state.params, state.batch_stats, batch(), own
    )
    new, scalars = jitted(state, batch(), key)
    expected = jax.tree.map(lambda p, g: p - 0.1 * g, state.params, gradient)
    for a, b in zip(jax.tree.leaves(new.params), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)
    for a, b in zip(jax.tree.leaves(new.batch_stats), jax.tree.leaves(batch_stats), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)
    norm = np.sqrt(sum(float(jnp.sum(g * g)) for g in jax.tree.leaves(gradient)))
    assert scalars["gradient_norm"] == pytest.approx(norm, rel=1e-5)
    assert scalars["learning_rate"] == pytest.approx(0.1)
    assert int(new.step) == 1


def test_each_step_draws_its_own_random_numbers(sgd, key):
    step, jitted = sgd
    state = step.init(step.task.init(key))
    later = state.replace(step=jnp.asarray(1, jnp.int32))
    assert jitted(state, batch(), key)[1]["loss"] != jitted(later, batch(), key)[1]["loss"]


def test_the_average_follows_closely_at_first_and_slowly_later(key, sgd):
    step, jitted = sgd
    state = step.init(step.task.init(key))
    for count, keep in ((0, 0.1), (10**6, 0.9)):
        before = state.replace(step=jnp.asarray(count, jnp.int32))
        after, _ = jitted(before, batch(), key)
        for a, old, new in zip(
            jax.tree.leaves(after.average),
            jax.tree.leaves(before.average),
            jax.tree.leaves(after.params),
            strict=True,
        ):
            np.testing.assert_allclose(a, keep * old + (1 - keep) * new, rtol=1e-5, atol=1e-7)


def test_what_is_evaluated_is_the_average_if_one_is_kept(key):
    averaged, plain = toy_step(), toy_step(ema=0.0)
    state = averaged.init(averaged.task.init(key))
    state = state.replace(average=jax.tree.map(jnp.zeros_like, state.params))
    assert not any(np.any(x) for x in jax.tree.leaves(state.variables["params"]))
    state = plain.init(plain.task.init(key))
    assert toy_training.same(state.variables["params"], state.params)
    assert state.average == {}


@pytest.mark.parametrize("bad", ["input", "target"])
def test_a_step_that_is_not_finite_changes_the_counters_only(sgd, key, bad):
    step, jitted = sgd
    state = step.init(step.task.init(key))
    poisoned = batch() | {bad: np.full((4, 16, 16, 1), np.inf, np.float32)}
    new, scalars = jitted(state, poisoned, key)
    kept = new.replace(step=state.step, failed=state.failed, skipped=state.skipped)
    assert toy_training.same(kept, state)
    assert (int(new.step), int(new.failed), int(new.skipped)) == (1, 1, 1)
    again, _ = jitted(new, poisoned, key)
    assert (int(again.failed), int(again.skipped)) == (2, 2)
    sound, scalars = jitted(again, batch(), key)
    assert (int(sound.step), int(sound.failed), int(sound.skipped)) == (3, 0, 2)
    assert (int(scalars["failed"]), int(scalars["skipped"])) == (0, 2)


def test_parts_of_a_batch_give_its_gradient():
    """The loss has neither batch statistics nor randomness."""
    config = toy_training.config(**SGD)
    task = tasks.Task(
        **{
            **vars(tasks.create(config)),
            "loss": lambda params, batch_stats, batch, key: (
                jnp.mean(jnp.square(batch["input"] * params["a"] - batch["target"])),
                (batch_stats, {"mean": jnp.mean(batch["input"])}),
            ),
        }
    )
    results = []
    for parts in (1, 4):
        config.accumulate = parts
        step = step_of(config, task)
        state = step.init({"params": {"a": jnp.array(0.3)}})
        results.append(jax.jit(step)(state, batch(size=8), jax.random.key(0)))
    (whole, scalars), (parted, of_parts) = results
    np.testing.assert_allclose(whole.params["a"], parted.params["a"], rtol=1e-6)
    for name in scalars:
        np.testing.assert_allclose(scalars[name], of_parts[name], rtol=1e-5)
