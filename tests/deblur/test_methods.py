"""The table of methods: names, networks and their weights."""

import jax
import numpy as np
import pytest

from spikejax import models, weights
from spikejax.deblur import METHODS, find_method, load_networks


@pytest.fixture(scope="module")
def ldn():
    return models.create("ldn").init(jax.random.key(0))


def test_every_method_has_a_name_a_label_and_networks_that_exist():
    assert [method.name for method in METHODS.values()] == list(METHODS)
    assert len({method.label for method in METHODS.values()}) == len(METHODS)
    for method in METHODS.values():
        assert method.description
        assert set(method.networks) <= set(models.names())


def test_a_method_knows_which_networks_are_missing():
    teacher = find_method("teacher")
    assert teacher.missing({"ldn"}) == ("bsn", "edsr")
    assert teacher.missing({"bsn": None, "ldn": None}) == ("edsr",)
    assert find_method("sdm").missing(()) == ()


def test_networks_are_those_that_are_passed_or_those_that_ship(ldn, tmp_path):
    assert load_networks("student", {"ldn": ldn})["ldn"] is ldn
    weights.save(tmp_path / "weights.safetensors", ldn, model="ldn")
    read = load_networks("student", {"ldn": tmp_path})  # the folder of a run
    jax.tree.map(np.testing.assert_array_equal, read["ldn"]["params"], dict(ldn["params"]))
    assert list(load_networks("stir")) == ["stir", "edsr"]
    assert load_networks("sdm") == {}


@pytest.mark.parametrize(
    ("method", "networks", "message"),
    [
        ("magic", {}, "method='magic': expected student, teacher, stir, sdm"),
        ("sdm", {"ldn": None}, "the method 'sdm' has no network 'ldn'"),
        ("student", {"ldn": {"params": {}}}, "is missing"),
    ],
)
def test_methods_and_networks_that_do_not_exist_are_refused(method, networks, message):
    with pytest.raises(ValueError, match=message):
        load_networks(method, networks)
