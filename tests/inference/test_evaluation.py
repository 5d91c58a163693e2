"""Methods compared on samples whose truth is known."""

import csv
import io
import itertools
import math

import jax
import numpy as np
import pytest
import scipy.stats
import skimage.metrics

import spikejax as sj
from spikejax.formats import Recording, write_dat, write_image
from spikejax.inference.evaluation import Candidate, Mean, Sample, Summary, evaluate
from spikejax.inference.evaluation_cost import measure_cost
from spikejax.inference.evaluation_data import demo_samples, find_pairs, open_pairs
from spikejax.inference.evaluation_measures import measures
from spikejax.inference.evaluation_published import PUBLISHED
from spikejax.inference.evaluation_report import report
from spikejax.inference.evaluation_table import Cell, Column, Table


def sample(seed, *, readouts=61, size=(24, 32), gain=0.5, name=None):
    rng = np.random.default_rng(seed)
    truth = rng.uniform(0.1, 0.9, size).astype(np.float32)
    spikes = (rng.random((readouts, *size)) < gain * truth).astype(np.uint8)
    return Sample(name or f"s{seed}", Recording.from_array(spikes, gain=gain), 30, truth)


def chosen(*names):
    return [measure for measure in measures() if measure.name in names]


def test_scores_are_those_of_numpy_and_scikit_image():
    names = ("PSNR", "SSIM matlab", "SSIM skimage")
    one = sample(1)
    [score] = evaluate([one], [Candidate("tfp")], chosen(*names))
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


def test_a_network_is_scored_with_the_weights_that_are_given():
    variables = sj.models.create("lrn").init(jax.random.key(0))
    one = sample(2)
    [score] = evaluate([one], [Candidate("lrn", weights=variables)], chosen("PSNR"))
    image = sj.models.create("lrn").apply(variables, one.recording[10:51][None])[0, ..., 0] / 0.5
    psnr = -10 * np.log10(np.mean((np.clip(image, 0, 1) - one.truth) ** 2))
    assert score.values["PSNR"] == pytest.approx(psnr, abs=1e-3)


def test_samples_are_taken_one_after_another():
    opened = []

    def samples():
        for seed in itertools.count():
            opened.append(seed)
            yield sample(seed)

    scores = evaluate(samples(), [Candidate("tfp"), Candidate("tfi")], chosen("PSNR"))
    found = [(s.sample, s.method) for s in itertools.islice(scores, 3)]
    assert found == [("s0", "tfp"), ("s0", "tfi"), ("s1", "tfp")]
    assert opened == [0, 1]


def test_each_recording_has_its_own_gain():
    pair = [sample(3, gain=0.5), sample(3, gain=0.25)]
    scores = list(evaluate(pair, [Candidate("tfp")], chosen("PSNR")))
    for one, score in zip(pair, scores, strict=True):
        image = np.clip(one.recording[10:51].mean(0) / one.recording.gain, 0, 1)
        psnr = -10 * np.log10(np.mean((image - one.truth) ** 2))
        assert score.values["PSNR"] == pytest.approx(psnr, abs=1e-4)


@pytest.mark.parametrize("values", [[3.0, 4.5, 7.25], [1e8 + 1, 1e8 + 2, 1e8 + 4, 1e8]])
def test_the_interval_is_that_of_scipy(values):
    mean = Mean()
    for value in (*values, math.nan):
        mean.add(value)
    low, high = scipy.stats.t.interval(
        0.95, len(values) - 1, np.mean(values), scipy.stats.sem(values)
    )
    assert mean.count == len(values)
    assert mean.mean == pytest.approx(np.mean(values), rel=1e-14)
    assert mean.interval() == pytest.approx((high - low) / 2, rel=1e-7)


def test_one_value_has_no_interval_and_an_infinite_one_has_none_either():
    mean = Mean()
    mean.add(2.0)
    assert mean.mean == 2.0
    assert math.isnan(mean.interval())
    mean.add(math.inf)
    mean.add(3.0)
    assert mean.mean == math.inf
    assert math.isnan(mean.interval())


def test_an_image_too_small_for_a_measure_is_left_out_and_said():
    small = sample(4, size=(8, 12))
    candidates = [Candidate("tfp")]
    wanted = chosen("PSNR", "SSIM matlab")
    summary = Summary()
    for score in evaluate([small, sample(5)], candidates, wanted):
        summary.add(score)
    cost = measure_cost(candidates[0], 8, 12)
    table = report("title", candidates, wanted, summary, {"tfp": cost}, size=(8, 12))
    assert any(
        note.startswith("SSIM matlab is of 1 of 2 images: the others are smaller than 11x11")
        for note in table.notes
    )
    assert not any(note.startswith("PSNR") for note in table.notes)


def test_what_is_not_at_hand_is_named_with_its_file_and_variable(monkeypatch, tmp_path):
    for variable in ("SPIKEJAX_ALEXNET", "SPIKEJAX_BRISQUE", "SPIKEJAX_NIQE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    found = {measure.name: measure for measure in measures()}
    assert "alexnet-owt-7be5be79.pth" in found["LPIPS alex"].missing
    assert "SPIKEJAX_ALEXNET" in found["LPIPS alex"].missing
    assert "SPIKEJAX_BRISQUE" in found["BRISQUE"].missing
    assert "NOT the published one" in found["NIQE own model"].legend
    summary = Summary()
    cost = measure_cost(Candidate("tfp"), 8, 12)
    wanted = [found["LPIPS alex"]]
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
    classical = measure_cost(Candidate("tfi"), 16, 24, repeats=1)
    assert (classical.parameters, classical.multiply_adds) == (None, None)
    assert classical.memory_bytes >= 41 * 16 * 24
    assert classical.latency_s > 0


def test_the_paper_table_puts_published_numbers_in_their_own_columns():
    candidates = [Candidate("tfp")]
    costs = {"tfp": measure_cost(candidates[0], 8, 12)}
    options = {"size": (8, 12), "paper": True, "published": PUBLISHED["sreds"]}
    table = report("title", candidates, measures(), Summary(), costs, **options)
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
def test_published_rows_have_a_value_a_column(name):
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
    assert r"a\_b: 100 \% \& more.\par" in latex
    assert r"\caption{on \#1}" in latex


def write_pair(spikes, truth, one, gain=0.5):
    for folder in (spikes, truth):
        folder.mkdir(parents=True, exist_ok=True)
    write_dat(spikes / f"{one.name}.dat", one.recording[:], sidecar={"gain": gain})
    write_image(truth / f"{one.name}.png", one.truth, bits=16)


@pytest.mark.parametrize("layout", ["beside", "spike and gt", "test"])
def test_every_layout_gives_the_same_samples(tmp_path, layout):
    base = tmp_path / "test" if layout == "test" else tmp_path
    places = (base, base) if layout == "beside" else (base / "spike", base / "gt")
    for seed, name in ((6, "b_key_id31"), (7, "a_key_id1")):
        write_pair(*places, sample(seed, name=name))
    found = []
    for one in open_pairs(find_pairs(tmp_path)):
        found.append((one.name, one.centre, one.recording.gain))
        if one.name == "b_key_id31":
            np.testing.assert_allclose(one.truth, sample(6).truth, atol=1e-5)
            np.testing.assert_array_equal(one.recording[:], sample(6).recording[:])
    assert found == [("a_key_id1", 0, 0.5), ("b_key_id31", 30, 0.5)]


def test_the_centre_is_the_middle_or_the_one_that_is_given(tmp_path):
    write_pair(tmp_path, tmp_path, sample(8, name="x"))
    assert [s.centre for s in open_pairs(find_pairs(tmp_path))] == [30]
    assert [s.centre for s in open_pairs(find_pairs(tmp_path, centre=7))] == [7]
    with pytest.raises(ValueError, match=r"x: the true image is of readout 61.*readouts 0 to 60"):
        list(open_pairs(find_pairs(tmp_path, centre=61)))


def test_a_truth_in_colour_is_weighed_to_grey(tmp_path):
    one = sample(9, name="x")
    write_pair(tmp_path, tmp_path, one)
    colour = np.random.default_rng(0).random((24, 32, 3)).astype(np.float32)
    write_image(tmp_path / "x.png", colour, bits=16)
    [found] = open_pairs(find_pairs(tmp_path))
    np.testing.assert_allclose(found.truth, sj.camera.to_grey(colour), atol=1e-4)


def test_what_does_not_fit_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="no such folder"):
        find_pairs(tmp_path / "none")
    with pytest.raises(ValueError, match=r"holds no \.dat"):
        find_pairs(tmp_path)
    write_pair(tmp_path, tmp_path, sample(10, name="x"))
    write_image(tmp_path / "x.png", np.zeros((24, 30), np.float32))
    with pytest.raises(ValueError, match=r"x: the true image is 24x30, the recording 24x32.*x.png"):
        list(open_pairs(find_pairs(tmp_path)))
    (tmp_path / "x.png").unlink()
    with pytest.raises(FileNotFoundError, match=r"x.png: no such file; 1 of 1 recordings"):
        find_pairs(tmp_path)
    with pytest.raises(ValueError, match="two of the methods are called 'tfp'"):
        next(evaluate([sample(11)], [Candidate("tfp"), Candidate("tfp")], chosen("PSNR")))
    with pytest.raises(ValueError, match="there is no 'magic'"):
        Candidate("magic")


def test_a_demo_scene_differs_from_the_next_and_is_the_same_again():
    first, second = demo_samples(2, 48, 48)
    [again] = demo_samples(1, 48, 48)
    assert first.recording.shape == (301, 48, 48)
    assert (first.centre, first.recording.gain) == (150, 0.6)
    np.testing.assert_array_equal(first.recording[:], again.recording[:])
    assert np.abs(first.truth - second.truth).max() > 0.05
    average = first.recording[110:191].mean(0) / 0.6
    assert np.corrcoef(average.ravel(), first.truth.ravel())[0, 1] > 0.5
