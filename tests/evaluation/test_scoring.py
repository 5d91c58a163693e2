"""Methods compared on samples, and the table of their scores and costs."""

import csv
import io
import itertools
import math

import jax
import numpy as np
import pytest
import scipy.stats
import skimage.metrics
from evaluated_samples import chosen, sample

import spikejax as sj
from spikejax.evaluation import (
    PUBLISHED,
    Candidate,
    Score,
    Summary,
    Table,
    measure_cost,
    score_samples,
)
from spikejax.evaluation.report import report
from spikejax.evaluation.table import Cell, Column
from spikejax.metrics import table_metrics


def test_scores_are_those_of_numpy_and_scikit_image():
    names = ("PSNR", "SSIM matlab", "SSIM skimage")
    one = sample(1)
    [score] = score_samples([one], [Candidate("tfp")], chosen(*names))
    image = np.clip(one.recording[10:51].mean(0) / 0.5, 0, 1)
    psnr = -10 * np.log10(np.mean((image - one.truth) ** 2))
    gaussian = skimage.metrics.structural_similarity(
        image,
        one.truth.astype(np.float64),
        data_range=1.0,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
    )
    uniform = skimage.metrics.structural_similarity(
        image, one.truth.astype(np.float64), data_range=1.0
    )
    assert score.values["PSNR"] == pytest.approx(psnr, abs=1e-4)
    assert score.values["SSIM matlab"] == pytest.approx(gaussian, abs=1e-5)
    assert score.values["SSIM skimage"] == pytest.approx(uniform, abs=1e-5)
    assert (score.sample, score.centre, score.method) == ("s1", 30, "tfp")


def test_a_network_is_scored_with_its_candidates_weights():
    variables = sj.models.create("lrn").init(jax.random.key(0))
    one = sample(2)
    [score] = score_samples([one], [Candidate("lrn", weights=variables)], chosen("PSNR"))
    image = sj.models.create("lrn").apply(variables, one.recording[10:51][None])[0, ..., 0] / 0.5
    psnr = -10 * np.log10(np.mean((np.clip(image, 0, 1) - one.truth) ** 2))
    assert score.values["PSNR"] == pytest.approx(psnr, abs=1e-3)


def test_samples_are_taken_one_after_another():
    opened = []

    def samples():
        for seed in itertools.count():
            opened.append(seed)
            yield sample(seed)

    scores = score_samples(samples(), [Candidate("tfp"), Candidate("tfi")], chosen("PSNR"))
    first = [(s.sample, s.method) for s in itertools.islice(scores, 3)]
    assert first == [("s0", "tfp"), ("s0", "tfi"), ("s1", "tfp")]
    assert opened == [0, 1]


def test_each_recording_has_its_own_gain():
    pair = [sample(3, gain=0.5), sample(3, gain=0.25, name="other")]
    scores = list(score_samples(pair, [Candidate("tfp")], chosen("PSNR")))
    for one, own in zip(pair, scores, strict=True):
        image = np.clip(one.recording[10:51].mean(0) / one.recording.gain, 0, 1)
        psnr = -10 * np.log10(np.mean((image - one.truth) ** 2))
        assert own.values["PSNR"] == pytest.approx(psnr, abs=1e-4)


def score(name, value, method="tfp"):
    nothing = np.zeros((2, 2), np.float32)
    return Score(name, 30, method, {"PSNR": value}, nothing, nothing)


@pytest.mark.parametrize("values", [[3.0, 4.5, 7.25], [1e8 + 1, 1e8 + 2, 1e8 + 4, 1e8]])
def test_the_interval_is_that_of_scipy_however_the_images_are_shared_out(values):
    parts = [Summary(["tfp"]), Summary(["tfp"])]
    for number, value in enumerate((*values, math.nan)):
        parts[number % 2].add(score(f"s{number}", value))
    low, high = scipy.stats.t.interval(
        0.95, len(values) - 1, np.mean(values), scipy.stats.sem(values)
    )
    summary = parts[1].merge(parts[0]).gathered()
    estimate = summary.estimate("tfp", "PSNR")
    assert (estimate.count, summary.images("tfp")) == (len(values), len(values) + 1)
    assert estimate.mean == pytest.approx(np.mean(values), rel=1e-14)
    assert (estimate.high - estimate.low) / 2 == pytest.approx((high - low) / 2, rel=1e-7)
    assert [row[0] for row in summary.rows()] == [f"s{n}@30" for n in range(len(values) + 1)]


def test_one_value_has_no_interval_and_an_infinite_one_has_none_either():
    summary = Summary(["tfp"])
    assert summary.estimate("tfp", "PSNR") is None
    for name, value, mean in (("a", 2.0, 2.0), ("b", math.inf, math.inf), ("c", 3.0, math.inf)):
        summary.add(score(name, value))
        assert summary.estimate("tfp", "PSNR").mean == mean
        assert math.isnan(summary.estimate("tfp", "PSNR").high)


def test_the_table_names_the_images_that_are_too_small_for_a_metric():
    small = sample(4, size=(8, 12))
    candidates = [Candidate("tfp")]
    wanted = chosen("PSNR", "SSIM matlab")
    summary = Summary(["tfp"])
    for one in score_samples([small, sample(5)], candidates, wanted):
        summary.add(one)
    cost = measure_cost(candidates[0], 8, 12)
    table = report("title", candidates, wanted, summary, {"tfp": cost}, size=(8, 12))
    assert any(
        note.startswith("SSIM matlab is of 1 of 2 images: the others are smaller than 11x11")
        for note in table.notes
    )
    assert not any(note.startswith("PSNR") for note in table.notes)


def test_missing_weights_are_named_with_their_file_and_variable(monkeypatch, tmp_path):
    for variable in ("SPIKEJAX_ALEXNET", "SPIKEJAX_BRISQUE", "SPIKEJAX_NIQE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    metrics = {metric.name: metric for metric in table_metrics()}
    assert "alexnet-owt-7be5be79.pth" in metrics["LPIPS alex"].missing
    assert "SPIKEJAX_ALEXNET" in metrics["LPIPS alex"].missing
    assert "SPIKEJAX_BRISQUE" in metrics["BRISQUE"].missing
    assert "NOT the published one" in metrics["NIQE own model"].legend
    summary = Summary(["tfp"])
    cost = measure_cost(Candidate("tfp"), 8, 12)
    wanted = [metrics["LPIPS alex"]]
    table = report("title", [Candidate("tfp")], wanted, summary, {"tfp": cost}, size=(8, 12))
    assert table.rows[0][1][-1].text(2, "") == "-"
    assert any("alexnet-owt-7be5be79.pth" in note for note in table.notes)


def test_costs_are_those_of_hand_counts():
    variables = sj.models.create("lrn").init(jax.random.key(0))
    cost = measure_cost(Candidate("lrn", weights=variables), 16, 24)
    assert cost.parameters == 180_705
    taps = 9 * (41 * 64 + 64 * 128 + 128 * 64 + 64 * 16 + 16)
    assert cost.multiply_adds == taps * 16 * 24
    assert cost.latency_s is None
    classical = measure_cost(Candidate("tfi"), 16, 24, batch=2, repeats=1)
    assert (classical.parameters, classical.multiply_adds) == (None, None)
    assert classical.memory_bytes >= 2 * 41 * 16 * 24
    assert classical.images_per_s == pytest.approx(2 / classical.latency_s)


def test_the_paper_table_puts_published_numbers_in_their_own_columns():
    candidates = [Candidate("tfp")]
    costs = {"tfp": measure_cost(candidates[0], 8, 12)}
    options = {"size": (8, 12), "paper": True, "published": PUBLISHED["sreds"]}
    table = report("title", candidates, table_metrics(), Summary(["tfp"]), costs, **options)
    names = [column.name for column in table.columns]
    assert names[:5] == ["parameters M", "memory G", "MACs T", "PSNR", "SSIM matlab"]
    assert "SSIM skimage" not in names
    rows = dict(table.rows)
    stir = dict(zip(names, rows["STIR (published)"], strict=True))
    assert (stir["PSNR"].value, stir["LPIPS alex"].value, stir["NIQE"].value) == (
        38.79,
        0.0183,
        2.915,
    )
    assert stir["NIQE own model"].value is None
    assert any("NeurIPS 2024" in note for note in table.notes)


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_rows_have_one_value_per_column(name):
    table = PUBLISHED[name]
    assert all(len(values) == len(table.columns) for values in table.rows.values())


def test_a_table_reads_the_same_in_every_format():
    columns = [Column("PSNR", "in dB", 2), Column("a_b", "100 % & more", 1)]
    rows = [("tfp", [Cell(25.347, 0.5), Cell()]), ("x_y", [Cell(math.inf), Cell(3.0, math.nan)])]
    table = Table("on #1", columns, rows, ["note"])
    lines = table.markdown().splitlines()
    cells = [[c.strip() for c in line.strip("|").split("|")] for line in lines[2:6]]
    assert cells[0] == ["method", "PSNR", "a_b"]
    assert cells[2:] == [["tfp", "25.35 ± 0.50", "-"], ["x_y", "inf", "3.0"]]
    assert lines[-3:] == ["* PSNR: in dB.", "* a_b: 100 % & more.", "* note."]
    read = list(csv.reader(io.StringIO(table.csv())))
    assert read[0] == ["method", "PSNR", "PSNR +-", "a_b", "a_b +-"]
    assert read[1:] == [["tfp", "25.347", "0.5", "", ""], ["x_y", "inf", "", "3.0", ""]]
    latex = table.latex()
    assert r"tfp & 25.35 $\pm$ 0.50 & - \\" in latex
    assert r"method & PSNR & a\_b \\" in latex
    assert r"| a\|b   | 25.35 |" in Table("", columns[:1], [("a|b", [Cell(25.347)])]).markdown()
    assert r"a\_b: 100 \% \& more.\par" in latex
    assert r"\caption{on \#1}" in latex
