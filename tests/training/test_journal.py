import math

import numpy as np
import pytest

from spikejax.training.journal import Journal, read_table


def rows(journal, first, last):
    for step in range(first, last + 1):
        journal.add({"loss": 1 / step, "failed": 0, "skipped": 0, "learning_rate": 0.1 * step})
        if step % 2 == 0:
            journal.progress(step, images=4, waited=0.0)


@pytest.fixture
def journal(tmp_path):
    opened = []

    def open_one(begin):
        opened.append(Journal(tmp_path, steps=8, begin=begin))
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()


def test_a_row_holds_the_means_since_the_one_before(journal, tmp_path):
    rows(journal(0), 1, 4)
    table = read_table(tmp_path / "train.csv")
    np.testing.assert_allclose(table["loss"], [(1 + 1 / 2) / 2, (1 / 3 + 1 / 4) / 2], rtol=1e-6)
    np.testing.assert_allclose(table["learning_rate"], [0.2, 0.4], rtol=1e-6)


def test_steps_that_were_skipped_do_not_spoil_the_means(journal, tmp_path):
    one = journal(0)
    one.add({"loss": 0.5, "failed": 0, "skipped": 0, "learning_rate": 1.0})
    one.add({"loss": math.nan, "failed": 1, "skipped": 1, "learning_rate": 1.0})
    one.progress(2, images=4, waited=0.0)
    assert read_table(tmp_path / "train.csv")["loss"] == [0.5]
    assert read_table(tmp_path / "train.csv")["skipped"] == [1]


def test_a_run_that_goes_on_writes_no_row_twice(journal, tmp_path):
    rows(journal(0), 1, 6)
    with (tmp_path / "train.csv").open("a") as file:
        file.write("8,0.1")  # as left by a run that is killed while it writes
    rows(journal(4), 5, 8)
    table = read_table(tmp_path / "train.csv")
    np.testing.assert_array_equal(table["step"], [2, 4, 6, 8])
    assert np.isfinite(table["loss"]).all()


def test_a_run_that_begins_anew_begins_its_tables_anew(journal, tmp_path):
    (tmp_path / "train.csv").write_text("step,lo")
    rows(journal(0), 1, 2)
    assert list(read_table(tmp_path / "train.csv")["step"]) == [2]


def test_other_processes_write_nothing(tmp_path, capsys):
    one = Journal(tmp_path, steps=8, begin=0, active=False)
    rows(one, 1, 2)
    one.validation(2, {"psnr": 20.0}, np.zeros((4, 4, 1)), seconds=1.0)
    one.close()
    assert list(tmp_path.iterdir()) == []
    assert capsys.readouterr().out == ""


def test_neither_compilation_nor_validation_counts_as_training(journal, tmp_path, monkeypatch):
    clock = iter([100.0, 101.0])  # read after the first step, and when the row is written
    monkeypatch.setattr("time.perf_counter", lambda: next(clock))
    one = journal(0)
    for step in range(1, 4):
        one.add({"loss": 1.0, "failed": 0, "skipped": 0, "learning_rate": 1.0})
        if step == 2:
            one.validation(2, {"psnr": 20.0}, np.zeros((4, 4, 1), np.float32), seconds=0.5)
    one.progress(3, images=4, waited=0.125)
    table = read_table(tmp_path / "train.csv")
    assert table["images_per_second"] == [4 * 2 / 0.5]
    assert table["data_wait"] == [0.25]
