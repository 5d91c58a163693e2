"""Candidates from names and weights."""

import jax
import jax.numpy as jnp
import pytest

import spikejax as sj
from spikejax.evaluation import Candidate, make_candidates


@pytest.fixture(scope="module")
def variables():
    return sj.models.create("lrn").init(jax.random.key(0))


def labels(*arguments, **options):
    return [candidate.label for candidate in make_candidates(*arguments, **options)]


def test_names_have_windows_and_come_once():
    wide, own = make_candidates(["tfp:21", "tfp:21", Candidate("tfi", label="mine")])
    assert (wide.label, wide.name, wide.method.window, wide.origin) == ("tfp:21", "tfp", 21, None)
    assert own.label == "mine"


def test_by_default_they_are_the_classical_methods_and_the_networks_with_weights(variables):
    networks = [n for n in sj.inference.network_names() if n in sj.weights.available()]
    assert labels() == [*sj.inference.CLASSICAL, *networks]


def test_several_weights_of_a_network_are_several_candidates(variables, tmp_path):
    path = tmp_path / "own.safetensors"
    sj.weights.save(path, variables, model="lrn")
    assert labels(["lrn"], weights={"lrn": [path, variables]}) == ["lrn own", "lrn 2"]
    [one] = make_candidates(["lrn"], weights=[f"lrn={path}"], dtype="bfloat16")
    assert (one.label, one.origin, one.dtype) == ("lrn", f"weights {path}", jnp.bfloat16)
    [loaded] = make_candidates(["lrn"], weights={"lrn": variables})
    assert loaded.origin == "weights given as variables"


@pytest.mark.parametrize(
    ("methods", "options", "message"),
    [
        (["tfp:x"], {}, "methods: expected NAME or NAME:WINDOW, such as tfp:21, got 'tfp:x'"),
        (["tfp"], {"weights": {"lrn": "no.pth"}}, "weights: lrn is not among the methods"),
        (["tfp"], {"weights": {"magic": "no.pth"}}, "weights: there is no network 'magic'"),
        (["tfp"], {"weights": ["stir.pth"]}, "weights: expected NAME=FILE"),
        (["lrn"], {"dtype": "float3"}, "dtype: expected float32 or bfloat16, got 'float3'"),
        (["magic"], {}, "there is no 'magic'"),
    ],
)
def test_wrong_arguments_are_named(methods, options, message):
    with pytest.raises(ValueError, match=message):
        make_candidates(methods, **options)
