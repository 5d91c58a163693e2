"""`eval.py`: the weights of a run, or of a file, beside other methods."""

import csv
import dataclasses
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest
from ml_collections import ConfigDict

import spikejax as sj
from spikejax.evaluation import DataSpec
from spikejax.formats import write_dat, write_image

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def script():
    """eval.py as a module; its flags can be defined but once."""
    spec = importlib.util.spec_from_file_location("spikejax_eval", ROOT / "eval.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def clip(tmp_path):
    rng = np.random.default_rng(1)
    truth = np.round(rng.uniform(0.1, 0.9, (24, 32)) * 255) / 255
    spikes = (rng.random((61, 24, 32)) < 0.5 * truth).astype(np.uint8)
    write_dat(tmp_path / "a.dat", spikes, sidecar={"height": 24, "width": 32, "gain": 0.5})
    write_image(tmp_path / "a.png", truth.astype(np.float32))
    return spikes, truth


def config(**changes):
    data = {"source": "synthetic", "folder": "", "size": 16}
    task = {"task": "reconstruction", "model": "lrn"}
    return ConfigDict({**task, "dtype": "float32", "data": data, **changes})


def fields(**values):
    return {field.name: None for field in dataclasses.fields(DataSpec)} | values


def expected(variables, spikes, truth):
    image = sj.models.create("lrn").apply(variables, spikes[10:51][None])[0, ..., 0] / 0.5
    return -10 * np.log10(np.mean((np.clip(image, 0, 1) - truth) ** 2))


def psnr_by_method(folder):
    with (folder / "per_image.csv").open(newline="") as file:
        return {row["method"]: float(row["PSNR"]) for row in csv.DictReader(file)}


@pytest.mark.parametrize("task", [{}, {"task": "lrn", "model": ""}])
def test_the_best_checkpoint_of_a_run_is_scored(script, clip, tmp_path, monkeypatch, capsys, task):
    variables = sj.models.create("lrn").init(jax.random.key(3))
    monkeypatch.setattr("spikejax.training.best_variables", lambda _: variables)
    options = {"methods": ["tfp"], "other_weights": [], "out": tmp_path / "out"}
    script.evaluate(config(**task), fields(data=str(tmp_path)), workdir="runs/mine", **options)
    psnr = psnr_by_method(tmp_path / "out")
    assert list(psnr) == ["tfp", "lrn (mine)"]
    assert psnr["lrn (mine)"] == pytest.approx(expected(variables, *clip), abs=1e-3)
    assert "the best checkpoint of runs/mine" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("changes", "options", "message"),
    [
        ({}, {}, "either --workdir DIR or --weights FILE"),
        ({}, {"workdir": "a", "weights": "b"}, "either --workdir DIR or --weights FILE"),
        ({"task": "edsr", "model": ""}, {"workdir": "a"}, "'edsr' makes no images of recordings; "),
        ({}, {"workdir": "nowhere"}, "nowhere: not the folder of a run"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(script, changes, options, message):
    with pytest.raises(ValueError, match=message):
        script.evaluate(
            config(**changes), fields(), methods=[], other_weights=[], out=None, **options
        )


@pytest.mark.parametrize(
    ("data", "options", "message"),
    [
        ({"size": "8x8"}, {}, "--size: expected 16x16"),
        ({}, {"published": "mine"}, "--published: there are sreds"),
        ({}, {"other_weights": ["lrn"]}, "--other_weights: expected NAME=FILE"),
        ({}, {"methods": ["tfp:x"]}, "--methods: expected NAME or NAME:WINDOW"),
    ],
)
def test_messages_name_the_flags(script, monkeypatch, data, options, message):
    variables = sj.models.create("lrn").init(jax.random.key(3))
    monkeypatch.setattr("spikejax.training.best_variables", lambda _: variables)
    with pytest.raises(ValueError, match=message):
        script.evaluate(config(), fields(**data), workdir="a", **options)


@pytest.mark.parametrize(
    ("source", "folder", "message"),
    [("recordings", "nowhere", "nowhere"), ("sreds", "nowhere", "no prepared dataset")],
)
def test_the_data_are_those_of_the_configuration(script, source, folder, message):
    data = {"source": source, "folder": folder, "size": 16}
    with pytest.raises(OSError, match=message):
        script.evaluate(
            config(data=data), fields(), weights="a", methods=[], other_weights=[], out=None
        )


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("recordings", "the configuration trains on all of it; pass --data"),
        ("photographs", "trains on photographs, not recordings; pass --data"),
    ],
)
def test_training_data_are_not_taken_for_held_out_data(script, clip, tmp_path, source, message):
    data = {"source": source, "folder": str(tmp_path), "size": 16}
    options = {"weights": "a", "methods": [], "other_weights": [], "out": None}
    with pytest.raises(ValueError, match=message):
        script.evaluate(config(data=data), fields(), **options)


def test_every_field_of_the_data_is_a_flag(script):
    for field in dataclasses.fields(DataSpec):
        assert script.flags.FLAGS[field.name].help == field.metadata["help"]


OWN = """import spikejax as sj

print("imported")
sj.models.register("own")(lambda: None)
"""


def test_flags_reach_the_evaluation(clip, tmp_path):
    variables = sj.models.create("lrn").init(jax.random.key(3))
    sj.weights.save(tmp_path / "own.safetensors", variables, model="lrn")
    words = ["--config=configs/lrn.py", f"--weights={tmp_path / 'own.safetensors'}"]
    words += [f"--data={tmp_path}", "--methods=tfp,tfp:21", f"--out={tmp_path / 'out'}"]
    (tmp_path / "own.py").write_text(OWN)
    words.append(f"--import={tmp_path / 'own.py'}")
    command = [sys.executable, "eval.py", *words, "--nothing=1"]
    environment = {**os.environ, "JAX_PLATFORMS": "cpu"}
    options = {"cwd": ROOT, "env": environment, "capture_output": True, "text": True}
    bad = subprocess.run(command, timeout=120, check=False, **options)
    assert (bad.returncode, bad.stdout) == (2, "")
    assert bad.stderr.startswith("eval.py: Unknown command line flag")
    good = subprocess.run(command[:-1], timeout=120, check=False, **options)
    assert good.returncode == 0, good.stderr
    psnr = psnr_by_method(tmp_path / "out")
    assert list(psnr) == ["tfp", "tfp:21", "lrn (own.safetensors)"]
    assert psnr["lrn (own.safetensors)"] == pytest.approx(expected(variables, *clip), abs=1e-3)
    assert good.stdout.startswith("imported\n")
    assert "| tfp:21 " in good.stdout
