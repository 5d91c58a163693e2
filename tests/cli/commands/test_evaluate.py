"""`spikejax evaluate`."""

import csv

import jax
import numpy as np
import pytest

import spikejax as sj
from spikejax.datasets.published.prepared import write_index
from spikejax.evaluation import Sample
from spikejax.formats import Recording, write_dat, write_image


@pytest.fixture
def clips(tmp_path):
    """Two recordings of 61 readouts of 24x32 with their true images, without gains."""
    folder = tmp_path / "clips"
    folder.mkdir()
    clips = {}
    for name, seed in (("a", 1), ("b", 2)):
        rng = np.random.default_rng(seed)
        truth = np.round(rng.uniform(0.1, 0.9, (24, 32)) * 255) / 255
        spikes = (rng.random((61, 24, 32)) < 0.5 * truth).astype(np.uint8)
        write_dat(folder / f"{name}.dat", spikes)
        write_image(folder / f"{name}.png", truth.astype(np.float32))
        clips[name] = spikes, truth
    return clips


SIZE = ("--height", "24", "--width", "32")


def row(stdout, method):
    [line] = [x for x in stdout.splitlines() if x.startswith(f"| {method} ")]
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_printed_mean_and_the_files_are_those_of_the_images(spikejax, clips, tmp_path):
    words = ("evaluate", "clips", *SIZE, "--gain", "0.5", "-m", "tfp", "-m", "tfp:21")
    result = spikejax(*words, "--out", "deep/results")
    assert result.exit_code == 0, result.output
    out = tmp_path / "deep" / "results"
    names = {"table.md", "table.csv", "table.tex", "per_image.csv", "index.html", "index_files"}
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
    words = ("evaluate", "clips", *SIZE, "-m", "tfp", "--table", "paper")
    result = spikejax(*words)
    assert result.exit_code == 0
    assert "(published)" not in result.stdout
    assert "gain 1 for the 2 where neither --gain nor a sidecar says it" in result.stdout
    beside = spikejax(*words, "--published", "reds_base")
    assert "37.91" in " ".join(row(beside.stdout, "STIR (published)"))
    assert "Spike-Zoo" in beside.stdout


def test_published_numbers_do_not_stand_beside_another_split(refused, tmp_path):
    clip = tmp_path / "reds_base" / "train" / "x.npz"
    clip.parent.mkdir(parents=True)
    clip.touch()
    write_index(tmp_path / "reds_base", {"train": [{"file": "x.npz", "bytes": 0, "centres": [1]}]})
    words = ("reds_base", "--folder", ".", "--split", "train", "-m", "tfp", "--table", "paper")
    message = "its numbers are not of 1 images of reds_base, split 'train'"
    refused("evaluate", *words, "--published", "reds_base", match=message)


def test_several_weights_of_one_network_are_compared(spikejax, clips, tmp_path):
    for seed, name in ((0, "first"), (1, "second")):
        variables = sj.models.create("lrn").init(jax.random.key(seed))
        sj.weights.save(tmp_path / f"{name}.safetensors", variables, model="lrn")
    files = ("--weights", "lrn=first.safetensors", "--weights", "lrn=second.safetensors")
    result = spikejax("evaluate", "clips", *SIZE, "--gain", "0.5", "-m", "lrn", *files)
    assert result.exit_code == 0, result.output
    first, second = (row(result.stdout, f"lrn {name}") for name in ("first", "second"))
    assert first[1] == second[1] == "0.18"
    assert first[5] != second[5]
    for name in ("first", "second"):
        assert f"lrn {name}: weights {name}.safetensors" in result.stdout


def test_help_has_examples(spikejax):
    result = spikejax("evaluate", "--help")
    assert result.exit_code == 0
    assert "spikejax evaluate synthetic" in result.stdout


def test_the_title_says_that_synthetic_scenes_are_no_benchmark(spikejax, monkeypatch):
    asked = []

    def scene(*wanted):
        asked.append(wanted)
        truth = np.full((16, 24), 0.5, np.float32)
        spikes = np.tile(np.arange(201) % 2, (24, 16, 1)).T.astype(np.uint8)
        return Sample(f"scene {len(asked)}", Recording.from_array(spikes), 100, truth)

    monkeypatch.setattr("spikejax.evaluation.samples._scene", scene)
    words = ("evaluate", "synthetic", "--scenes", "2", "--size", "16x24", "--seed", "3")
    result = spikejax(*words, "-m", "tfp:41", "--gain", "1")
    assert result.exit_code == 0, result.output
    assert asked == [(3, 0, 16, 24, 1.0), (3, 1, 16, 24, 1.0)]
    assert "2 procedural scenes" in result.stdout
    assert "no published benchmark" in result.stdout
    assert row(result.stdout, "tfp:41")[5].startswith("38.28")  # 21 or 20 spikes in 41 readouts


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("none",), "none: no such folder"),
        (("clips/a.dat",), "is a file; expected a folder"),
        (("empty",), "empty: holds no .dat"),
        (("clips", "-m", "magic"), "--method: there is no 'magic'"),
        (("clips", "-m", "tfp:x"), "--method: expected NAME or NAME:WINDOW"),
        (("clips", "-m", "tfstp:5"), "window"),
        (("clips", "--weights", "stir.pth"), "--weights: expected NAME=FILE"),
        (("clips", "--weights", "stir=no.pth"), "no.pth"),
        (("clips", "-m", "tfp", "--weights", "stir=no.pth"), "--weights: stir is not among"),
        (("clips", "--published", "sreds"), "--published: goes with"),
        (("clips", "--published", "mine"), "--published: there are sreds, reds_base"),
        (("synthetic", "--published", "sreds", "--table", "paper"), "--published: its numbers"),
        (("sreds",), "--folder: expected the folder that sreds was prepared in"),
        (("clips", "--scenes", "2"), "--scenes: only with synthetic scenes"),
        (("synthetic", "--stored-width", "64"), "--stored-width: has no meaning"),
        (("clips", "--centre", "61"), "readouts 0 to 60"),
        (("clips", "--gain", "0"), "gain"),
        (("synthetic", "--height", "48"), "--height: has no meaning"),
        (("synthetic", "--size", "8x8"), "--size: expected 16x16"),
    ],
)
def test_bad_options_are_one_line(refused, clips, tmp_path, words, message):
    (tmp_path / "empty").mkdir()
    size = SIZE if words[0] == "clips" else ()
    method = () if "-m" in words or "--weights" in words else ("-m", "tfp")
    refused("evaluate", *words, *size, *method, "--out", "new", match=message)


def test_a_missing_truth_and_one_of_another_size_are_one_line(refused, clips, tmp_path):
    words = ("evaluate", "clips", *SIZE, "-m", "tfp", "--out", "new")
    (tmp_path / "clips" / "b.png").unlink()
    refused(*words, match=r"b.png: no such file; 1 of 2 recordings have no true image")
    write_image(tmp_path / "clips" / "b.png", np.zeros((24, 31), np.float32))
    refused(*words, match=r"b: the true image is 24x31, the recording 24x32")
