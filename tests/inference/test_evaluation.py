"""Methods compared on samples whose truth is known."""

import csv
import html.parser
import io
import itertools
import math

import jax
import numpy as np
import pytest
import scipy.stats
import skimage.metrics

import spikejax as sj
from spikejax.datasets.pairs import find_pairs
from spikejax.formats import Recording, read_image, write_dat, write_image
from spikejax.inference.evaluation import Candidate, Sample, Score, Summary, evaluate
from spikejax.inference.evaluation_cost import measure_cost
from spikejax.inference.evaluation_data import (
    Samples,
    paired_samples,
    prepared_samples,
    synthetic_samples,
)
from spikejax.inference.evaluation_measures import measures
from spikejax.inference.evaluation_page import Pictures
from spikejax.inference.evaluation_published import PUBLISHED
from spikejax.inference.evaluation_report import report
from spikejax.inference.evaluation_run import run
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
    pair = [sample(3, gain=0.5), sample(3, gain=0.25, name="other")]
    scores = list(evaluate(pair, [Candidate("tfp")], chosen("PSNR")))
    for one, found in zip(pair, scores, strict=True):
        image = np.clip(one.recording[10:51].mean(0) / one.recording.gain, 0, 1)
        psnr = -10 * np.log10(np.mean((image - one.truth) ** 2))
        assert found.values["PSNR"] == pytest.approx(psnr, abs=1e-4)


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
    found = summary.estimate("tfp", "PSNR")
    assert (found.count, summary.images("tfp")) == (len(values), len(values) + 1)
    assert found.mean == pytest.approx(np.mean(values), rel=1e-14)
    assert (found.high - found.low) / 2 == pytest.approx((high - low) / 2, rel=1e-7)
    assert [row[0] for row in summary.rows()] == [f"s{n}@30" for n in range(len(values) + 1)]


def test_one_value_has_no_interval_and_an_infinite_one_has_none_either():
    summary = Summary(["tfp"])
    assert summary.estimate("tfp", "PSNR") is None
    for name, value, mean in (("a", 2.0, 2.0), ("b", math.inf, math.inf), ("c", 3.0, math.inf)):
        summary.add(score(name, value))
        assert summary.estimate("tfp", "PSNR").mean == mean
        assert math.isnan(summary.estimate("tfp", "PSNR").high)


def test_an_image_too_small_for_a_measure_is_left_out_and_said():
    small = sample(4, size=(8, 12))
    candidates = [Candidate("tfp")]
    wanted = chosen("PSNR", "SSIM matlab")
    summary = Summary(["tfp"])
    for found in evaluate([small, sample(5)], candidates, wanted):
        summary.add(found)
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
    summary = Summary(["tfp"])
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
    classical = measure_cost(Candidate("tfi"), 16, 24, batch=2, repeats=1)
    assert (classical.parameters, classical.multiply_adds) == (None, None)
    assert classical.memory_bytes >= 2 * 41 * 16 * 24
    assert classical.images_per_s == pytest.approx(2 / classical.latency_s)


def test_the_paper_table_puts_published_numbers_in_their_own_columns():
    candidates = [Candidate("tfp")]
    costs = {"tfp": measure_cost(candidates[0], 8, 12)}
    options = {"size": (8, 12), "paper": True, "published": PUBLISHED["sreds"]}
    table = report("title", candidates, measures(), Summary(["tfp"]), costs, **options)
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
    assert r"| a\|b   | 25.35 |" in Table("", columns[:1], [("a|b", [Cell(25.347)])]).markdown()
    assert r"a\_b: 100 \% \& more.\par" in latex
    assert r"\caption{on \#1}" in latex


def write_pair(spikes, truth, one, gain=0.5):
    for folder in (spikes, truth):
        folder.mkdir(parents=True, exist_ok=True)
    write_dat(spikes / f"{one.name}.dat", one.recording[:], sidecar={"gain": gain})
    write_image(truth / f"{one.name}.png", one.truth, bits=16)


def opened(folder, **options):
    samples = paired_samples(find_pairs(folder, **options), title="")
    return samples.take(range(samples.count))


@pytest.mark.parametrize("layout", ["beside", "spike and gt", "test"])
def test_every_layout_gives_the_same_samples(tmp_path, layout):
    base = tmp_path / "test" if layout == "test" else tmp_path
    places = (base, base) if layout == "beside" else (base / "spike", base / "gt")
    for seed, name in ((6, "b_key_id31"), (7, "a_key_id1")):
        write_pair(*places, sample(seed, name=name))
    found = []
    for one in opened(tmp_path):
        found.append((one.name, one.centre, one.recording.gain))
        if one.name == "b_key_id31":
            np.testing.assert_allclose(one.truth, sample(6).truth, atol=1e-5)
            np.testing.assert_array_equal(one.recording[:], sample(6).recording[:])
    assert found == [("a_key_id1", 0, 0.5), ("b_key_id31", 30, 0.5)]


def test_the_centre_is_the_middle_or_the_one_that_is_given(tmp_path):
    write_pair(tmp_path, tmp_path, sample(8, name="x"))
    assert [s.centre for s in opened(tmp_path)] == [30]
    assert [s.centre for s in opened(tmp_path, centre=7)] == [7]
    with pytest.raises(ValueError, match=r"x: the true image is of readout 61.*readouts 0 to 60"):
        list(opened(tmp_path, centre=61))


def test_a_truth_in_colour_is_weighed_to_grey(tmp_path):
    one = sample(9, name="x")
    write_pair(tmp_path, tmp_path, one)
    colour = np.random.default_rng(0).random((24, 32, 3)).astype(np.float32)
    write_image(tmp_path / "x.png", colour, bits=16)
    [found] = opened(tmp_path)
    np.testing.assert_allclose(found.truth, sj.camera.to_grey(colour), atol=1e-4)


def test_what_does_not_fit_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="no such folder"):
        find_pairs(tmp_path / "none")
    with pytest.raises(ValueError, match=r"holds no \.dat"):
        find_pairs(tmp_path)
    write_pair(tmp_path, tmp_path, sample(10, name="x"))
    write_image(tmp_path / "x.png", np.zeros((24, 30), np.float32))
    with pytest.raises(ValueError, match=r"x: the true image is 24x30, the recording 24x32.*x.png"):
        list(opened(tmp_path))
    (tmp_path / "x.png").unlink()
    with pytest.raises(FileNotFoundError, match=r"x.png: no such file; 1 of 1 recordings"):
        find_pairs(tmp_path)
    with pytest.raises(ValueError, match="two of the methods are called 'tfp'"):
        next(evaluate([sample(11)], [Candidate("tfp"), Candidate("tfp")], chosen("PSNR")))
    with pytest.raises(ValueError, match="there is no 'magic'"):
        Candidate("magic")


def test_two_samples_of_one_name_are_refused():
    with pytest.raises(ValueError, match="two samples are called 's1'"):
        list(evaluate([sample(1), sample(1)], [Candidate("tfp")], chosen("PSNR")))


def test_synthetic_scenes_differ_and_are_the_same_again():
    samples = synthetic_samples(2, 16, 24, gain=0.5)
    assert "no published benchmark" in samples.title
    found = []
    again = synthetic_samples(1, 16, 24, gain=0.5)
    for one in itertools.chain(samples.take([0, 1]), again.take([0])):
        assert one.recording.shape == (201, 16, 24)
        assert (one.centre, one.recording.gain) == (100, 0.5)
        found.append((one.name, one.recording[:], one.truth))
    first, second, again = found
    assert first[0] == again[0] != second[0]
    np.testing.assert_array_equal(first[1], again[1])
    np.testing.assert_array_equal(first[2], again[2])
    assert np.abs(first[2] - second[2]).max() > 0.05
    assert first[1][90:111].mean() / 0.5 == pytest.approx(first[2].mean(), abs=0.1)


def test_prepared_images_are_read_as_they_were_written(tmp_path):
    from spikejax.datasets.prepared import entry_of, write_clip, write_index

    one = sample(12)
    (tmp_path / "mine" / "test").mkdir(parents=True)
    path = tmp_path / "mine" / "test" / "clip.npz"
    images = np.rint(np.stack([one.truth, one.truth[::-1]])[..., None] * 255).astype(np.uint8)
    clip = {
        "packed": sj.ops.pack_bits(one.recording[:]),
        "width": np.int32(32),
        "gain": np.float32(0.5),
        "rate_hz": np.float32(20000),
        "images": images,
        "centres": np.array([30, 40], np.int32),
    }
    write_clip(path, clip)
    write_index(tmp_path / "mine", {"test": [entry_of(path)]})
    samples = prepared_samples(tmp_path, "mine")
    assert (samples.count, samples.published) == (2, "mine")
    for number, found in enumerate(samples.take(range(2))):
        assert (found.name, found.centre, found.recording.gain) == ("clip", (30, 40)[number], 0.5)
        np.testing.assert_allclose(found.truth, images[number, ..., 0] / 255, atol=1e-7)
        np.testing.assert_array_equal(found.recording[3:9], one.recording[3:9])
        np.testing.assert_array_equal(found.recording.packed(3, 9), clip["packed"][3:9])
    with pytest.raises(ValueError, match="no split 'train'"):
        prepared_samples(tmp_path, "mine", split="train")
    with pytest.raises(FileNotFoundError, match="no prepared dataset"):
        prepared_samples(tmp_path, "other")


def test_published_numbers_belong_to_the_test_split_alone(tmp_path):
    from spikejax.datasets.prepared import write_index

    entry = {"file": "x.npz", "bytes": 0, "centres": [1]}
    for name, splits in (("sreds", ("train", "validation")), ("reds_base", ("train", "test"))):
        for split in splits:
            (tmp_path / name / split).mkdir(parents=True)
            (tmp_path / name / split / "x.npz").touch()
        write_index(tmp_path / name, {split: [entry] for split in splits})
        held_out = prepared_samples(tmp_path, name)
        assert held_out.published == name
        assert repr(splits[1]) in held_out.title
        assert prepared_samples(tmp_path, name, split="train").published is None


def test_pictures_of_a_killed_run_are_not_shown(tmp_path):
    left = tmp_path / ".index_files.part" / "old.png"
    left.parent.mkdir()
    left.touch()
    with Pictures(tmp_path, 1):
        pass
    assert not list((tmp_path / "index_files").iterdir())


class Elements(html.parser.HTMLParser):
    """All start tags with their attributes, and the text outside scripts."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.text = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        if self.tags[-1:] and self.tags[-1][0] != "script":
            self.text.append(data)

    def of(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


HOSTILE = '../<script>alert("x")</script>&amp; é'


def test_the_page_shows_every_image_from_files_beside_it(tmp_path):
    data = [sample(seed, name=f"{HOSTILE} {seed}", size=(12, 16)) for seed in range(3)]
    samples = Samples(f"on {HOSTILE}", 3, lambda n: data[n])
    candidates = [Candidate("tfp"), Candidate("tfp", window=21, label=f"tfp {HOSTILE}")]
    run(samples, candidates, out=tmp_path, pictures=2)
    text = (tmp_path / "index.html").read_text(encoding="utf-8")
    page = Elements(text)
    assert len(page.of("section")) == 2
    assert len(page.of("script")) == 1
    assert not [a for _, a in page.tags if str(a.get("src", "")).startswith(("http", "/"))]
    sources = [image["src"] for image in page.of("img")]
    assert len(set(sources)) == len(sources) == 2 * 3
    assert {f"index_files/{p.name}" for p in (tmp_path / "index_files").iterdir()} == set(sources)
    methods = [figure["data-method"] for figure in page.of("figure")]
    assert methods == ["tfp", f"tfp {HOSTILE}", "truth"] * 2
    first = read_image(tmp_path / sources[0])
    spikes = np.clip(sample(0, size=(12, 16)).recording[10:51].mean(0) / 0.5, 0, 1)
    np.testing.assert_allclose(first, spikes, atol=0.5 / 255 + 1e-6)
    assert "".join(page.text).count(f"on {HOSTILE}") == 1
    with (tmp_path / "per_image.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 6
    shown = f"PSNR\xa0{float(rows[0]['PSNR']):.2f}"
    assert shown in "".join(page.text)


def test_an_evaluation_that_fails_leaves_earlier_files_as_they_were(tmp_path):
    good = [sample(seed, name=f"s{seed}", size=(12, 16)) for seed in range(2)]
    run(Samples("good", 2, lambda n: good[n]), [Candidate("tfp")], out=tmp_path, pictures=2)
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    again = [sample(2, name="s2", size=(12, 16))] * 2
    with pytest.raises(ValueError, match="two samples are called 's2'"):
        run(Samples("bad", 2, lambda n: again[n]), [Candidate("tfp")], out=tmp_path, pictures=2)
    assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == before
