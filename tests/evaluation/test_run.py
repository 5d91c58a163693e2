"""`spikejax.evaluate`: what it takes, writes and refuses."""

import numpy as np
import pytest
from evaluated_samples import sample

import spikejax as sj
from spikejax.evaluation import FILES, DataSpec, Samples
from spikejax.formats import write_dat, write_image


@pytest.fixture
def clips(tmp_path):
    one = sample(1, size=(12, 16))
    write_dat(tmp_path / "a.dat", one.recording[:], sidecar={"gain": 0.5})
    write_image(tmp_path / "a.png", one.truth, bits=16)
    return tmp_path


def psnr(table, row=0):
    names = [column.name for column in table.columns]
    return table.rows[row][1][names.index("PSNR")].value


def test_a_folder_its_description_and_its_samples_give_one_table(clips, tmp_path):
    spec = DataSpec(str(clips), height=12, width=16)
    tables = [
        sj.evaluate(data, ["tfp"], out=out)
        for data, out in ((spec, tmp_path / "new" / "out"), (spec.open(), None), (clips, None))
    ]
    one = sample(1, size=(12, 16))
    image = np.clip(one.recording[10:51].mean(0) / 0.5, 0, 1)
    expected = -10 * np.log10(np.mean((image - one.truth) ** 2))
    for table in tables:
        assert psnr(table) == pytest.approx(expected, abs=1e-3)
        assert table.title == f"1 image of {clips}, gains of the sidecars"
    names = {path.name for path in (tmp_path / "new" / "out").iterdir()}
    assert names == {*FILES, "index_files"}
    assert (tmp_path / "new" / "out" / "table.md").read_text() == tables[0].markdown()


def test_progress_sees_every_image_and_cost(clips):
    calls = []

    def progress(items, label, total):
        items = list(items)
        calls.append((label, total, len(items)))
        return iter(items)

    sj.evaluate(clips, ["tfp", "tfi"], progress=progress)
    assert calls == [("evaluating", 2, 2), ("measuring costs", 2, 2)]


@pytest.mark.parametrize(
    ("data", "options", "message"),
    [
        ({}, {"table": "long"}, "table: expected plain or paper, got 'long'"),
        ({}, {"published": "mine"}, "published: there are sreds, reds_base, got 'mine'"),
        ({}, {"published": "sreds"}, "published: goes with the table 'paper'"),
        ({}, {"methods": []}, "methods: expected at least one"),
        (
            {"identified": True, "published": "reds_base"},
            {"table": "paper", "published": "sreds"},
            "published: its numbers are not of one",
        ),
    ],
)
def test_wrong_arguments_are_named(data, options, message):
    samples = Samples("one", 1, lambda _: sample(1), **data)
    with pytest.raises(ValueError, match=message):
        sj.evaluate(samples, **options)


def test_the_published_table_of_known_data_is_appended():
    data = {"published": "reds_base", "identified": True}
    samples = Samples("one", 1, lambda _: sample(1, size=(12, 16)), **data)
    table = sj.evaluate(samples, ["tfp"], table="paper")
    assert psnr(table, row=-1) == 39.58
    plain = sj.evaluate(samples, ["tfp"])
    assert [label for label, _ in plain.rows] == ["tfp"]
