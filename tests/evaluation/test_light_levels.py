import math

import numpy as np
import pytest
from evaluated_samples import sample

import spikejax as sj
from spikejax.evaluation import BY_RATE, Samples
from spikejax.evaluation.light_levels import level_scores


def test_each_level_is_measured_on_its_own_pixels():
    truth = np.repeat(np.float32([0.01, 0.04, 0.8]), 64).reshape(8, 24)
    image = truth * np.repeat(np.float32([0.5, 1.0, 1.1]), 64).reshape(8, 24)
    scores = level_scores(image, truth, gain=0.5)
    assert scores["mean 0-0.01"] == pytest.approx(0.5)
    assert scores["error 0-0.01"] == pytest.approx(0.5)
    assert scores["mean 0.01-0.03"] == pytest.approx(1.0) and scores["error 0.01-0.03"] == 0
    assert scores["mean >0.3"] == pytest.approx(1.1)
    assert all(math.isnan(scores[f"{kind} 0.03-0.1"]) for kind in ("mean", "error"))


def test_noise_counts_as_error_but_not_as_bias():
    rng = np.random.default_rng(0)
    truth = np.full((200, 200), 0.2, np.float32)
    scores = level_scores(truth + rng.normal(0, 0.05, truth.shape), truth, gain=1.0)
    assert scores["mean 0.1-0.3"] == pytest.approx(1, abs=0.01)
    assert scores["error 0.1-0.3"] == pytest.approx(0.25, rel=0.02)


def test_few_pixels_and_black_ones_have_no_scores():
    truth = np.zeros((10, 10), np.float32)
    truth[0] = 0.5
    assert all(map(math.isnan, level_scores(truth, truth, 1.0).values()))


def test_evaluate_prints_and_writes_a_table_by_level(tmp_path):
    data = Samples("two", 2, lambda n: sample(n, size=(16, 24)))
    table = sj.evaluate(data, ["tfp"], by_rate=True, out=tmp_path)
    expected = [
        level_scores(
            np.clip(s.recording[10:51].mean(0) / s.recording.gain, 0, 1),
            s.truth,
            s.recording.gain,
        )["mean >0.3"]
        for s in (sample(n, size=(16, 24)) for n in range(2))
    ]
    names = [column.name for column in table.by_rate.columns]
    value = table.by_rate.rows[0][1][names.index("mean >0.3")].value
    assert value == pytest.approx(np.mean(expected), rel=1e-4)
    assert "By level of light: two" in table.markdown()
    assert (tmp_path / BY_RATE).read_text() == table.by_rate.csv()
