import dataclasses

import jax
import pytest
import toy_training

from spikejax import models, tasks, weights
from spikejax.tasks import starting
from spikejax.training import default_config


@pytest.fixture(scope="module")
def task():
    return tasks.create(settings())


def settings(**changes):
    config = default_config()
    config.task, config.model = "reconstruction", "lrn"
    config.loss = {"l1": 1.0}
    config.update(changes)
    return config


def test_the_seed_decides_the_initial_values(task):
    first, second, other = (
        starting.initial_variables(task, settings(seed=seed)) for seed in (1, 1, 2)
    )
    assert toy_training.same(first, second)
    assert not toy_training.same(first, other)


@pytest.mark.parametrize("gain", [1.0, 0.4])
def test_a_run_begins_with_the_weights_of_a_file(task, tmp_path, gain):
    path = tmp_path / "lrn.safetensors"
    variables = models.create("lrn").init(jax.random.key(3))
    weights.save(path, {**variables, "constants": {"trained_gain": gain}}, model="lrn")
    config = settings(init_from=str(path))
    if gain == 1:
        begun = starting.initial_variables(task, config)
    else:
        with pytest.warns(UserWarning, match="predict intensity at a gain of 0.4"):
            begun = starting.initial_variables(task, config)
    assert toy_training.same(begun, variables)


def test_weights_of_another_network_are_refused(task, tmp_path):
    path = tmp_path / "lrn.safetensors"
    weights.save(path, task.init(jax.random.key(0)), model="lrn")
    with pytest.raises(ValueError, match="weights of 'lrn', expected those of 'stir'"):
        starting.initial_variables(
            dataclasses.replace(task, model="stir"), settings(init_from=str(path))
        )
