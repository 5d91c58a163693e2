"""Mistakes in a network of one's own: one line names them, and the other methods go on."""

import dataclasses
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from typer.testing import CliRunner

import spikejax as sj
from spikejax.cli import app

FILE = Path(__file__).parents[1] / "support" / "my_networks.py"


@pytest.fixture(autouse=True)
def _registered(monkeypatch):
    """Registers the networks of the file for one test."""
    registry = sj.models.model._NETWORKS
    monkeypatch.setattr(registry, "_factories", dict(registry._factories))
    sj.models.import_file(FILE)


@pytest.fixture(scope="module")
def spikes():
    return (np.random.default_rng(3).random((61, 24, 32)) < 0.3).astype(np.uint8)


@pytest.fixture
def variables():
    return {name: sj.models.create(name).init(jax.random.key(1)) for name in ("mine", "leaky")}


def variant(**changes):
    """Registers 'mine' with other fields; returns its variables."""
    model = dataclasses.replace(sj.models.create("mine"), **changes)
    sj.models.register("mine")(lambda: model)
    return model.init(jax.random.key(0))


@pytest.mark.parametrize("shape", [(24, 32), (24, 32, 3), (23, 32, 1)])
def test_images_of_a_wrong_shape_are_refused(spikes, shape):
    variables = variant(apply=lambda _, spikes: jnp.zeros((spikes.shape[0], *shape)))
    recording = sj.Recording.from_array(spikes)
    with pytest.raises(ValueError, match=r"network 'mine': expected images \(B, H, W, 1\)"):
        next(sj.reconstruct(recording, "mine", variables))


@pytest.mark.parametrize(
    ("factory", "message"),
    [
        (lambda: 1 / 0, "network 'mine': ZeroDivisionError: division by zero"),
        (lambda: None, "network 'mine': expected create.. to return a Model of it, got None"),
        (lambda: sj.models.create("lrn"), "got one named 'lrn'"),
        (lambda size: None, "network 'mine': TypeError: .*size"),
    ],
)
def test_a_network_that_fails_leaves_the_others_alone(spikes, factory, message):
    sj.models.register("mine")(factory)
    recording = sj.Recording.from_array(spikes)
    with pytest.raises(ValueError, match=message):
        sj.reconstruct(recording, "mine", {})
    next(sj.reconstruct(recording, "tfp"))
    assert "mine" not in sj.inference.method_names()


def test_a_new_registration_keeps_the_other_networks_compiled():
    lrn = sj.models.create("lrn")
    variant(description="another")
    assert sj.models.create("lrn") is lrn
    assert sj.models.create("mine").description == "another"


def test_batch_statistics_need_a_function_for_training():
    model = sj.models.create("mine")
    variables = {"params": {}, "batch_stats": {"mean": jnp.zeros(1)}}
    with pytest.raises(ValueError, match=r"has batch statistics.*expected the field train"):
        model.in_training(variables, jnp.zeros((1, 9, 8, 8)))


def test_windows_of_training_are_as_far_apart_as_those_of_a_stream():
    stream = dataclasses.replace(sj.models.create("leaky").stream, stride=10)
    variant(stream=stream)
    config = sj.training.default_config(task="reconstruction", model="mine", loss={"l1": 1.0})
    with pytest.raises(ValueError, match=r"windows of training are 20 .* those of mine 10"):
        sj.tasks.create(config)


def test_it_has_no_other_dtype_without_the_option(variables):
    with pytest.raises(ValueError, match="dtype: mine computes in float32 and has no other"):
        sj.inference.create_method("mine", weights=variables["mine"], dtype=jnp.bfloat16)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("absent.py", None, "absent.py: no such file"),
        ("network.txt", "", "network.txt: expected a Python file"),
        ("broken.py", "1 / 0", "broken.py: ZeroDivisionError: division by zero"),
        ("end.py", "import sys; sys.exit(7)", "end.py: SystemExit: 7"),
        ("nothing.py", "x = 1", "nothing.py: registers no network"),
        ("clips", None, "clips: is a folder; expected a Python file"),
    ],
)
def test_a_file_that_cannot_be_imported_is_one_line(tmp_path, monkeypatch, name, text, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "clips").mkdir()
    if text is not None:
        (tmp_path / name).write_text(text)
    result = CliRunner().invoke(app, ["benchmark", "--import", name])
    assert result.exit_code == 2
    assert f"spikejax: error: {message}" in result.stderr
    assert "Traceback" not in result.output
