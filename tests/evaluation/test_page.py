"""The page of an evaluation, and files that exist before it."""

import csv
import html.parser

import numpy as np
import pytest
from evaluated_samples import sample

from spikejax.evaluation import Candidate, Samples, evaluate
from spikejax.evaluation.page import Pictures
from spikejax.formats import read_image


def test_pictures_of_a_killed_run_are_not_shown(tmp_path):
    leftover = tmp_path / ".index_files.part" / "old.png"
    leftover.parent.mkdir()
    leftover.touch()
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
    evaluate(samples, candidates, out=tmp_path, pictures=2)
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
    psnr = f"PSNR\xa0{float(rows[0]['PSNR']):.2f}"
    assert psnr in "".join(page.text)


def test_an_evaluation_that_fails_leaves_earlier_files_as_they_were(tmp_path):
    good = [sample(seed, name=f"s{seed}", size=(12, 16)) for seed in range(2)]
    evaluate(Samples("good", 2, lambda n: good[n]), [Candidate("tfp")], out=tmp_path, pictures=2)
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    again = [sample(2, name="s2", size=(12, 16))] * 2
    with pytest.raises(ValueError, match="two samples are called 's2'"):
        evaluate(
            Samples("bad", 2, lambda n: again[n]), [Candidate("tfp")], out=tmp_path, pictures=2
        )
    assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == before
