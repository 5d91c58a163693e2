"""`spikejax evaluate`."""

import csv

import jax
import numpy as np
import pytest

import spikejax as sj
from spikejax.formats import write_dat, write_image


@pytest.fixture
def clips(tmp_path):
    """Two recordings of 61 readouts of 24x32 with their true images, without gains."""
    folder = tmp_path / "clips"
    folder.mkdir()
    found = {}
    for name, seed in (("a", 1), ("b", 2)):
        rng = np.random.default_rng(seed)
        truth = np.round(rng.uniform(0.1, 0.9, (24, 32)) * 255) / 255
        spikes = (rng.random((61, 24, 32)) < 0.5 * truth).astype(np.uint8)
        write_dat(folder / f"{name}.dat", spikes)
        write_image(folder / f"{name}.png", truth.astype(np.float32))
        found[name] = spikes, truth
    return found


SIZE = ("--height", "24", "--width", "32")


def row(stdout, method):
    [line] = [x for x in stdout.splitlines() if x.startswith(f"| {method} ")]
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_printed_mean_and_the_files_are_those_of_the_images(spikejax, clips, tmp_path):
    words = ("evaluate", "--data", "clips", *SIZE, "--gain", "0.5", "-m", "tfp", "-m", "tfp:21")
    result = spikejax(*words, "--out", "deep/results")
    assert result.exit_code == 0, result.output
    out = tmp_path / "deep" / "results"
    names = {"table.md", "table.csv", "table.tex", "per_image.csv"}
    assert {path.name for path in out.iterdir()} == names
    expected = {}
    for name, (spikes, truth) in clips.items():
        for method, half in (("tfp", 20), ("tfp:21", 10)):
            image = np.clip(spikes[30 - half : 31 + half].mean(0) / 0.5, 0, 1)
            expected[name, method] = -10 * np.log10(np.mean((image - truth) ** 2))
    with (out / "per_image.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {(r["image"], r["method"]) for r in rows} == set(expected)
    for r in rows:
        assert r["centre"] == "30"
        assert float(r["PSNR"]) == pytest.approx(expected[r["image"], r["method"]], abs=1e-4)
    mean = (expected["a", "tfp:21"] + expected["b", "tfp:21"]) / 2
    with (out / "table.csv").open() as file:
        table = {r["method"]: r for r in csv.DictReader(file)}
    assert float(table["tfp:21"]["PSNR"]) == pytest.approx(mean, abs=1e-4)
    assert f"{mean:.2f} ± " in " ".join(row(result.stdout, "tfp:21"))
    assert "2 images of clips, gain 0.5" in result.stdout
    assert (out / "table.md").read_text() in result.stdout
    assert r"\begin{tabular}" in (out / "table.tex").read_text()


def test_the_paper_table_stands_beside_published_numbers_only_when_asked(spikejax, clips):
    words = ("evaluate", "--data", "clips", *SIZE, "-m", "tfp", "--table", "paper")
    result = spikejax(*words)
    assert result.exit_code == 0
    assert "(published)" not in result.stdout
    assert "gain 1 for the 2 where neither --gain nor a sidecar says it" in result.stdout
    beside = spikejax(*words, "--published", "reds_base")
    assert "37.91" in " ".join(row(beside.stdout, "STIR (published)"))
    assert "Spike-Zoo" in beside.stdout


def test_several_weights_of_one_network_are_compared(spikejax, clips, tmp_path):
    for seed, name in ((0, "first"), (1, "second")):
        variables = sj.models.create("lrn").init(jax.random.key(seed))
        sj.weights.save(tmp_path / f"{name}.safetensors", variables, model="lrn")
    given = ("--weights", "lrn=first.safetensors", "--weights", "lrn=second.safetensors")
    result = spikejax("evaluate", "--data", "clips", *SIZE, "--gain", "0.5", "-m", "lrn", *given)
    assert result.exit_code == 0, result.output
    first, second = (row(result.stdout, f"lrn {name}") for name in ("first", "second"))
    assert first[1] == second[1] == "0.18"
    assert first[5] != second[5]
    for name in ("first", "second"):
        assert f"lrn {name}: weights {name}.safetensors" in result.stdout


def test_help_has_examples(spikejax):
    result = spikejax("evaluate", "--help")
    assert result.exit_code == 0
    assert "spikejax evaluate --data demo" in result.stdout


def test_the_demo_says_that_it_is_no_benchmark(spikejax):
    words = ("evaluate", "--data", "demo", "--scenes", "1", "--size", "48x56", "-m", "tfp")
    result = spikejax(*words)
    assert result.exit_code == 0
    assert "1 procedural scenes" not in result.stdout
    assert "no published benchmark" in result.stdout
    assert 10 < float(row(result.stdout, "tfp")[5]) < 40


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--data", "none"), "none: no such folder"),
        (("--data", "clips/a.dat"), "is a file; expected a folder"),
        (("--data", "empty"), "empty: holds no .dat"),
        (("--data", "clips", "-m", "magic"), "there is no 'magic'"),
        (("--data", "clips", "-m", "tfp:x"), "--method: expected NAME or NAME:WINDOW"),
        (("--data", "clips", "-m", "tfstp:5"), "window"),
        (("--data", "clips", "--weights", "stir.pth"), "--weights: expected NAME=FILE"),
        (("--data", "clips", "--weights", "stir=no.pth"), "no.pth"),
        (("--data", "clips", "-m", "tfp", "--weights", "stir=no.pth"), "add -m stir"),
        (("--data", "clips", "--published", "sreds"), "--published: goes with"),
        (("--data", "clips", "--scenes", "2"), "--scenes: only with --data demo"),
        (("--data", "clips", "--centre", "61"), "readouts 0 to 60"),
        (("--data", "clips", "--gain", "0"), "gain"),
        (("--data", "demo", "--height", "48"), "--height: has no meaning"),
        (("--data", "demo", "--size", "8x8"), "--size: expected 48x48"),
    ],
)
def test_bad_options_are_one_line(refused, clips, tmp_path, words, message):
    (tmp_path / "empty").mkdir()
    size = () if words[1] == "demo" else SIZE
    method = () if "-m" in words or "--weights" in words else ("-m", "tfp")
    refused("evaluate", *words, *size, *method, "--out", "new", match=message)


def test_a_missing_truth_and_one_of_another_size_are_one_line(refused, clips, tmp_path):
    words = ("evaluate", "--data", "clips", *SIZE, "-m", "tfp", "--out", "new")
    (tmp_path / "clips" / "b.png").unlink()
    refused(*words, match=r"b.png: no such file; 1 of 2 recordings have no true image")
    write_image(tmp_path / "clips" / "b.png", np.zeros((24, 31), np.float32))
    refused(*words, match=r"b: the true image is 24x31, the recording 24x32")
