"""The program itself: `python train.py --config FILE --workdir DIR`."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

from spikejax import tasks, training, weights
from spikejax.formats import write_dat, write_image
from spikejax.training import exporting
from spikejax.training.journal import read_table
from spikejax.training.step import state_shapes, step_of

ROOT = Path(__file__).parents[1]
CONFIGS = sorted((ROOT / "configs").glob("*.py"))
LRN = f"--config={ROOT / 'configs' / 'lrn.py'}"


def run(*arguments):
    command = [sys.executable, ROOT / "train.py", *map(str, arguments)]
    environment = {
        "JAX_COMPILATION_CACHE_DIR": str(jax.config.jax_compilation_cache_dir),
        "JAX_PLATFORMS": "cpu",
        "PATH": "",
        "PYTHONPATH": str(ROOT),
    }
    return subprocess.run(
        command, capture_output=True, text=True, timeout=900, check=False, env=environment
    )


def config_of(path, *size):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.get_config(*size)


def flatten(config, prefix=""):
    """The names of all fields, as the command line has them."""
    names = set()
    for key, value in config.items():
        inner = flatten(value, f"{prefix}{key}.") if hasattr(value, "items") else {prefix + key}
        names |= inner
    return names


SMALL = {
    "lrn": ["--config.data.size=16", "--config.data.share=2", "--config.data.windows=2"],
    "stir": ["--config.data.size=16", "--config.data.share=2"],
}
SMALL_EXPOSURES = [
    "--config.data.size=8",
    "--config.exposure.margin=10",
    "--config.exposure.moments=2",
    "--config.data.exposure=9",
    "--config.data.moments=(10, 18)",
]
SMALL |= {"bsn": SMALL_EXPOSURES, "edsr": SMALL_EXPOSURES, "ldn": SMALL_EXPOSURES}


def train_a_little(name, workdir, *more):
    return run(
        "--config",
        ROOT / "configs" / f"{name}.py",
        "--workdir",
        workdir,
        "--config.steps=2",
        "--config.batch_size=2",
        "--config.schedule.warmup=1",
        "--config.log.steps=1",
        "--config.validation.examples=2",
        *SMALL[name],
        *more,
    )


def check_run(workdir, name):
    assert list(read_table(workdir / "train.csv")["step"]) == [1, 2]
    loaded = weights.load(workdir / "weights.safetensors", model=name)
    assert weights.trained_gain(loaded) == 1
    loaded = weights.without_constants(loaded)
    best = training.best_variables(workdir)
    for a, b in zip(jax.tree.leaves(loaded), jax.tree.leaves(best), strict=True):
        np.testing.assert_array_equal(a, b)


def test_lrn_trains_and_its_weights_are_exported(tmp_path):
    done = train_a_little("lrn", tmp_path, "--config.schedule.milestones=(0.5,)")
    assert done.returncode == 0, done.stderr
    assert "step 2/2  validation: psnr" in done.stdout
    check_run(tmp_path, "lrn")
    path = tmp_path / "again.safetensors"
    assert exporting.export(tmp_path, path, dtype="bfloat16") == path
    assert path.stat().st_size < 0.4e6
    refused = train_a_little("lrn", tmp_path, "--config.seed=5")
    assert refused.returncode == 2
    assert refused.stderr.count("\n") == 1
    assert "seed (0 there, 5 here)" in refused.stderr


@pytest.mark.slow
def test_the_networks_of_s_sdm_train_one_after_another(tmp_path):
    """The student by the teachers of the runs before it, then on pairs without sharp images."""
    for name in ("bsn", "edsr", "ldn"):
        names = ("bsn", "edsr") if name == "ldn" else ()
        teachers = [f"--config.teacher.{n}={tmp_path / n}" for n in names]
        done = train_a_little(name, tmp_path / name, *teachers)
        assert done.returncode == 0, done.stderr
        check_run(tmp_path / name, name)
    rng = np.random.default_rng(0)
    for n in range(2):
        write_dat(tmp_path / "own" / "spikes" / f"{n}.dat", rng.integers(0, 2, (29, 8, 8)) > 0)
        write_image(tmp_path / "own" / "blur" / f"{n}.png", rng.random((32, 32, 3), np.float32))
    start = f"--config.init_from={tmp_path / 'ldn' / 'weights.safetensors'}"
    done = train_a_little(
        "ldn", tmp_path / "tuned", *teachers, start, f"--config.data.folder={tmp_path / 'own'}"
    )
    assert done.returncode == 0, done.stderr
    check_run(tmp_path / "tuned", "ldn")


@pytest.mark.slow
def test_stir_trains_and_its_weights_are_exported(tmp_path):
    done = train_a_little("stir", tmp_path, "--config.data.windows=2")
    assert done.returncode == 0, done.stderr
    assert "perceptual term of the loss is omitted" in done.stdout
    check_run(tmp_path, "stir")


SHORT = {"bsf": 40, "etnet": 40, "hypere2vid": 40, "spk2imgnet": 40, "ssir": 100, "wgse": 40}
"""Steps of a short training."""


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(SHORT))
def test_a_short_training_raises_the_psnr_of_unseen_scenes(name, tmp_path):
    def trained(folder, steps, *more):
        done = run(
            "--config",
            f"{ROOT / 'configs' / name}.py:small",
            "--workdir",
            tmp_path / folder,
            f"--config.steps={steps}",
            f"--config.validation.steps={steps}",
            "--config.schedule.warmup=0",
            "--config.ema=0.9",
            *more,
        )
        assert done.returncode == 0, done.stderr
        return read_table(tmp_path / folder / "validation.csv")["psnr"][-1]

    before = trained("initial", 1, "--config.optimiser.learning_rate=0.0")
    after = trained("trained", SHORT[name])
    assert after > before + 0.5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--workdir=x"], "expected --config FILE and --workdir DIR"),
        (["--workdir=nowhere", "--export=f"], "nowhere: not the folder of a run"),
        (["--workdir=x", "--config=none.py"], "none.py [Errno 2] No such file"),
        (
            [LRN, "--workdir=x", "--config.nothing=1"],
            "the configuration has no field \"'nothing'\"",
        ),
        ([LRN, "--workdir=x", "--config.steps=many"], "invalid literal for int()"),
        ([LRN, "--workdir=x", "--processes=2"], "coordinator: expected HOST:PORT"),
    ],
)
def test_wrong_arguments_are_one_clear_line(arguments, message):
    done = run(*arguments)
    assert done.returncode == 2
    assert done.stderr.startswith("train.py: ")
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("path", CONFIGS, ids=lambda p: p.stem)
def test_every_configuration_makes_sense(path):
    config = config_of(path)
    task = tasks.create(config)
    shapes = state_shapes(step_of(config, task))
    assert task.name == config.task
    assert task.model == path.stem
    assert len(jax.tree.leaves(shapes)) > 10
    whole = set(training.default_config()), set(training.exposure_config())
    assert set(config) - {"teacher"} in whole
    text = path.read_text()
    assert f"--config configs/{path.name}" in text
    for name in re.findall(r"--config\.([\w.]+)=", text):
        assert name in flatten(config), name


@pytest.mark.parametrize("name", ["bsn", "edsr", "ldn"])
def test_configurations_of_several_sizes_differ_in_values_only(name):
    path = ROOT / "configs" / f"{name}.py"
    sizes = re.findall(rf"configs/{name}.py:(\w+)", path.read_text())
    assert "small" in sizes
    published = config_of(path)
    for size in sizes:
        config = config_of(path, size)
        assert flatten(config) == flatten(published)
        assert config.batch_size * config.data.size < published.batch_size * published.data.size
    with pytest.raises(ValueError, match="expected published"):
        config_of(path, "tiny")


@pytest.mark.parametrize("program", ["train.py", "eval.py"])
def test_a_plain_installation_says_what_is_to_be_installed(program):
    hidden = "import sys; sys.modules['absl'] = None; sys.argv = [{0!r}]; import runpy; "
    code = hidden.format(program) + f"runpy.run_path({str(ROOT / program)!r}, run_name='__main__')"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 2
    assert done.stderr.startswith(f"{program}: needs absl") and "spikejax[train]" in done.stderr
    assert len(done.stderr.splitlines()) == 1
