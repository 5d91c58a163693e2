"""The examples run, and reach what their docstrings say, in small."""

import importlib.util
import re
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

import spikejax as sj
from spikejax.formats import Recording, read_image, read_video, write_image

ROOT = Path(__file__).parents[2]


def script(path):
    spec = importlib.util.spec_from_file_location(Path(path).stem, ROOT / path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_scene_is_recovered_better_than_classically(tmp_path, capsys):
    words = ["--out", str(tmp_path / "a"), "--size", "16", "--readouts", "25", "--steps", "30"]
    with jax.numpy_dtype_promotion("standard"):  # optax's schedules need it
        scores = script("examples/scene_from_spikes.py").main(words)
    ours = scores.pop("gradient descent")
    assert set(scores) == {"TFP, 5 readouts", "TFP, 9 readouts", "TFI"}
    assert ours > max(scores.values()) + 1
    assert read_image(tmp_path / "a" / "scene.png").ndim == 3
    assert "velocity" in capsys.readouterr().out


def test_a_sensor_is_calibrated(tmp_path):
    words = ["--out", str(tmp_path), "--size", "12", "--readouts", "1000"]
    errors, (raw, corrected) = script("examples/calibrate_sensor.py").main(words)
    assert errors["response"] < 2e-3
    assert errors["dark / threshold"] < 5e-4
    assert errors["prnu"] < 3e-3
    assert errors["threshold"] < 3e-3
    assert errors["threshold, prnu taken for 1"] > 0.03  # light cannot tell the two apart
    assert corrected > raw + 10
    assert read_image(tmp_path / "maps.png").ndim == 3
    assert read_image(tmp_path / "correction.png").ndim == 3


def test_a_photograph_is_deblurred_better_than_not(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(sj.weights, "available", lambda: ())
    words = ["--out", str(tmp_path / "a"), "--size", "64"]
    scores = script("examples/deblur_photograph.py").main(words)
    assert set(scores) == {"blurry photograph", "TFP, grey", "sdm"}
    assert scores["sdm"] > scores["blurry photograph"] + 2
    assert "teacher: left out" in capsys.readouterr().out
    assert read_image(tmp_path / "a" / "sheet.png").ndim == 3
    assert len(list(read_video(tmp_path / "a" / "sharp.mp4"))) == 13
    with sj.open_recording(tmp_path / "a" / "spikes.dat") as recording:
        assert recording.shape == (137, 16, 16)
    assert read_image(tmp_path / "a" / "blur.png").shape == (64, 64, 3)


def test_photographs_that_cannot_be_moved_are_refused(tmp_path, capsys, monkeypatch):
    main = script("examples/deblur_photograph.py").main
    write_image(tmp_path / "small.png", np.zeros((40, 60)))
    monkeypatch.setitem(sys.modules, "skimage", None)
    cases = {"take a larger one": [str(tmp_path / "small.png")]}
    cases["no such file"] = [str(tmp_path / "none.png")]
    cases["pip install scikit-image"] = []
    for message, words in cases.items():
        with pytest.raises(SystemExit, match="2"):
            main([*words, "--out", str(tmp_path / "new")])
        assert re.search(message, capsys.readouterr().err)
        assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("name", "readouts"),
    [("scene_from_spikes", 100), ("scene_from_spikes", 9), ("calibrate_sensor", 750)],
)
def test_impossible_numbers_of_readouts_are_refused(name, readouts, tmp_path, capsys):
    words = ["--out", str(tmp_path / "new"), "--readouts", str(readouts)]
    with pytest.raises(SystemExit, match="2"):
        script(f"examples/{name}.py").main(words)
    assert f"got {readouts}" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


@pytest.fixture
def benchmark():
    return script("benchmarks/camera.py")


def test_a_recording_is_held_against_cameras(benchmark, capsys):
    """A region of an even ramp, written down by hand: floor(n r + phase) of every pixel."""
    rng = np.random.default_rng(0)
    rates = rng.uniform(0.15, 0.25, (6, 40, 40))[0]
    total = np.floor(rates * np.arange(201)[:, None, None] + rng.random((40, 40)))
    spikes = np.diff(total, axis=0).astype(np.uint8)
    region = benchmark.parse_region("4:36,2:40")
    benchmark.compare(Recording.from_array(spikes), region)
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| ")]
    table = {cells[1].strip(): cells[2:-1] for cells in (line.split("|") for line in lines)}
    part = spikes[:, 4:36, 2:40]
    assert float(table["real"][0]) == pytest.approx(part.mean(), abs=1e-4)
    counts = part.reshape(10, 20, 32, 38).sum(1, dtype=int)
    expected = np.mean(np.var(counts, axis=0, ddof=1))
    real, ideal, zero, stray = (
        float(table[name][2].split()[0]) for name in ("real", "ideal", "zero", "stray")
    )
    assert real == pytest.approx(expected, abs=1e-4)
    assert ideal == pytest.approx(real, rel=0.05)
    assert abs(zero / real - 1) > 0.1
    assert stray > 1.5 * real
