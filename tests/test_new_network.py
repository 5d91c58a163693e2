"""A network in a file of one's own works everywhere, with no other edit.

`tests/support/my_networks.py` registers 'mine', which reads windows, and 'leaky', which has a
memory. Every command and every library function takes them.
"""

import json
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest
from typer.testing import CliRunner

import spikejax as sj
from spikejax.cli import app
from spikejax.formats import read_image, write_image

ROOT = Path(__file__).parents[1]
FILE = Path(__file__).parent / "support" / "my_networks.py"
NAMES = ("mine", "leaky")
IMPORT = ("--import", FILE)

GAIN = 0.5


@pytest.fixture(scope="module", autouse=True)
def _registered():
    """The networks are known in this file alone."""
    registry = sj.models.model._NETWORKS._factories
    before = dict(registry)
    sj.models.import_file(FILE)
    yield
    registry.clear()
    registry.update(before)


@pytest.fixture(scope="module")
def spikes():
    rng = np.random.default_rng(3)
    return (rng.random((121, 24, 32)) < rng.uniform(0.1, 0.5, (24, 32))).astype(np.uint8)


@pytest.fixture(scope="module")
def variables():
    return {name: sj.models.create(name).init(jax.random.key(1)) for name in NAMES}


@pytest.fixture
def folder(tmp_path, monkeypatch, spikes, variables):
    """A folder with a recording, its true image, and the weights of both networks."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", "set elsewhere")
    (tmp_path / "clips").mkdir()
    sj.write_dat(tmp_path / "clips" / "a.dat", spikes, sidecar={"gain": GAIN})
    write_image(tmp_path / "clips" / "a.png", spikes.mean(0).astype(np.float32))
    for name in NAMES:
        sj.weights.save(tmp_path / f"{name}.safetensors", variables[name], model=name)
    return tmp_path


def run(*words):
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == 0, result.output
    return result.stdout


def images_by_hand(name, variables, spikes, centres):
    """The images of centres 20 apart from the first window on, without the drivers."""
    model = sj.models.create(name)
    half, state, images = model.window // 2, None, []
    if model.stream is not None:
        state = model.stream.init(variables, (1, *spikes.shape[1:]))
    for centre in centres:
        window = spikes[None, centre - half : centre - half + model.window]
        if model.stream is None:
            image = model.apply(variables, window)
        else:
            state, image = model.stream.step(variables, state, window)
        images.append(np.asarray(image)[0, ..., 0] / GAIN)
    return images


@pytest.mark.parametrize("name", NAMES)
def test_reconstruct_gives_the_images_of_its_functions(name, spikes, variables):
    recording = sj.Recording.from_array(spikes, gain=GAIN)
    got = dict(sj.reconstruct(recording, name, variables[name]))
    assert list(got) == list(range(sj.models.create(name).window // 2, 112, 20))[: len(got)]
    expected = images_by_hand(name, variables[name], spikes, got)
    np.testing.assert_allclose(np.stack(list(got.values())), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_the_command_reconstructs_with_it(name, folder, spikes, variables):
    words = ("-m", name, "--weights", f"{name}.safetensors", "-o", "frames/", "--bits", "16")
    assert name in run("reconstruct", "clips/a.dat", "--height", 24, "--width", 32, *words, *IMPORT)
    recording = sj.Recording.from_array(spikes, gain=GAIN)
    for centre, image in sj.reconstruct(recording, name, variables[name]):
        written = read_image(folder / "frames" / f"{centre:06d}.png")
        np.testing.assert_allclose(written, np.clip(image, 0, 1), atol=2e-5)


def test_images_far_apart_are_warmed_up(spikes, variables):
    recording = sj.Recording.from_array(spikes, gain=GAIN)
    [(_, image)] = sj.reconstruct(recording, "leaky", variables["leaky"], centres=[90])
    expected = images_by_hand("leaky", variables["leaky"], spikes, range(30, 91, 20))
    np.testing.assert_allclose(image, expected[-1], rtol=1e-5)


def test_interleaved_sequences_keep_their_states(spikes, variables):
    recording = sj.Recording.from_array(spikes, gain=GAIN)
    both = dict(sj.reconstruct(recording, "leaky", variables["leaky"], stride=10))
    every20 = dict(sj.reconstruct(recording, "leaky", variables["leaky"]))
    for centre, image in every20.items():
        np.testing.assert_array_equal(both[centre], image)
    assert set(both) - set(every20) == set(range(20, 111, 20))


def test_a_state_takes_no_tiles(spikes, variables):
    recording = sj.Recording.from_array(spikes, gain=GAIN)
    with pytest.raises(ValueError, match="tile: leaky carries a state"):
        sj.reconstruct(recording, "leaky", variables["leaky"], tile=16)
    whole = dict(sj.reconstruct(recording, "mine", variables["mine"]))
    tiled = dict(sj.reconstruct(recording, "mine", variables["mine"], tile=18, overlap=1))
    for centre, image in whole.items():
        np.testing.assert_allclose(tiled[centre], image, atol=1e-6)


def test_it_stands_in_the_table_of_an_evaluation(folder, spikes, variables):
    words = [word for n in NAMES for word in ("-m", n, "--weights", f"{n}={n}.safetensors")]
    run(
        "evaluate",
        "clips",
        "--height",
        24,
        "--width",
        32,
        *words,
        "-m",
        "tfp",
        "--out",
        "r",
        *IMPORT,
    )
    rows = (folder / "r" / "per_image.csv").read_text().splitlines()
    assert [row.split(",")[2] for row in rows[1:]] == ["mine", "leaky", "tfp"]
    recording = sj.Recording.from_array(spikes, gain=GAIN)
    [(_, image)] = sj.reconstruct(recording, "mine", variables["mine"], centres=[60])
    truth = read_image(folder / "clips" / "a.png")
    expected = sj.metrics.psnr(np.clip(image, 0, 1), truth)
    assert float(rows[1].split(",")[3]) == pytest.approx(float(expected), abs=1e-4)


def test_its_cost_is_measured(folder):
    words = ("-m", "mine", "-m", "leaky", "--size", "16x24", "--repeats", 1, "--json", *IMPORT)
    mine, leaky = json.loads(run("benchmark", *words))["methods"]
    assert (mine["method"], mine["readouts"], mine["parameters"]) == ("mine", 9, 9 * 9 + 1)
    assert mine["multiply_adds"] == 16 * 24 * 81
    assert (leaky["method"], leaky["readouts"], leaky["parameters"]) == ("leaky", 20, 1)
    assert mine["random_weights"] and leaky["random_weights"]


@pytest.mark.parametrize("name", NAMES)
def test_its_weights_are_converted_and_exported(name, folder, spikes, variables):
    words = (f"{name}.safetensors", "b.safetensors", "--model", name, "--gain", "0.25")
    run("convert", *words, *IMPORT)
    assert sj.weights.trained_gain(sj.weights.load("b.safetensors", model=name)) == 0.25
    model = sj.models.create(name)
    exported = sj.inference.load_exported(sj.inference.export_network(name, platforms=("cpu",)))
    window = spikes[None, : model.window]
    image = exported(variables[name], window)
    np.testing.assert_allclose(image, model.apply(variables[name], window), atol=1e-6)


def test_help_names_it(folder):
    for command in ("reconstruct", "evaluate", "benchmark"):
        text = " ".join(run(*IMPORT, command, "--help").replace("│", " ").split())
        methods = sj.inference.method_names()
        assert f"{', '.join(methods[:-1])} or {methods[-1]}" in text, text


SHORT = {
    "schedule.name": "constant",
    "schedule.warmup": 0,
    "data.size": 16,
    "data.windows": 2,
    "batch_size": 2,
    "validation.steps": 0,
    "checkpoint.steps": 3,
}


def moved(name, workdir):
    """Whether training has changed every parameter, by the weights that the run leaves."""
    trained = sj.weights.resolve(name, workdir)["params"]
    first = sj.models.create(name).init(jax.random.key(0))["params"]
    pairs = zip(jax.tree.leaves(trained), jax.tree.leaves(first), strict=True)
    return all((np.asarray(a) != np.asarray(b)).any() for a, b in pairs)


def test_train_py_trains_it_and_goes_on_after_three_steps(tmp_path):
    def train(steps):
        words = [
            *(sys.executable, "train.py", "--import", FILE, "--config", "configs/lrn.py"),
            *("--workdir", tmp_path, "--config.model=mine", f"--config.steps={steps}"),
            *(f"--config.{name}={value}" for name, value in SHORT.items()),
        ]
        result = subprocess.run(
            [str(word) for word in words],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert result.returncode == 0, result.stderr
        return result.stdout

    assert "mine: from step 0 to 3" in train(3)
    assert "mine: from step 3 to 6" in train(6)
    assert moved("mine", tmp_path)


def test_a_network_with_memory_trains_on_sequences_and_goes_on(tmp_path, capsys):
    config = sj.training.default_config(task="reconstruction", model="leaky", loss={"l1": 1.0})
    config.update_from_flattened_dict(SHORT)
    for steps in (3, 6):
        config.steps = steps
        sj.training.train(config, tmp_path)
    assert "leaky: from step 3 to 6" in capsys.readouterr().out
    assert moved("leaky", tmp_path)


def test_images_can_be_ended(spikes, variables):
    images = sj.reconstruct(sj.Recording.from_array(spikes), "mine", variables["mine"])
    next(images)
    images.close()
    assert list(images) == []
