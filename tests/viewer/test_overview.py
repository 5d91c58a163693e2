"""The rates over a whole recording."""

import numpy as np
import pytest

import spikejax as sj
from spikejax.camera.statistics import measure
from spikejax.viewer import overview
from spikejax.viewer.overview import Overview


def drained(recording):
    rates = Overview(recording)
    while rates.advance():
        pass
    return rates


@pytest.mark.parametrize("bins", [7, 1024])
def test_the_curve_of_a_small_recording_is_exact(spikes, bins, monkeypatch):
    monkeypatch.setattr(overview, "BINS", bins)
    curve = drained(sj.Recording.from_array(spikes)).curve()
    assert curve["done"]
    assert curve["seen"] == 1
    means = spikes.mean((1, 2))
    parts = np.split(means, curve["edges"][1:-1])
    np.testing.assert_allclose(curve["mean"], [p.mean() for p in parts], atol=1e-5)
    np.testing.assert_allclose(curve["low"], [p.min() for p in parts], atol=1e-5)
    np.testing.assert_allclose(curve["high"], [p.max() for p in parts], atol=1e-5)
    assert curve["mean_rate"] == pytest.approx(means.mean(), abs=1e-6)


def test_a_large_recording_is_sampled_everywhere_and_within_its_bins(spikes, monkeypatch):
    monkeypatch.setattr(overview, "BINS", 4)
    monkeypatch.setattr(overview, "_PASSES", 2)
    recording = sj.Recording.from_array(spikes)
    seen = []
    rates = Overview(recording)
    for bin, start, stop in rates._samples(whole=False):
        assert rates._edges[bin] <= start < stop <= rates._edges[bin + 1]
        seen += range(start, stop)
    assert len(seen) == len(set(seen))
    assert len(seen) < len(recording)


def test_after_one_sample_per_bin_the_whole_curve_is_there(spikes, monkeypatch):
    monkeypatch.setattr(overview, "BINS", 10)
    rates = Overview(sj.Recording.from_array(spikes))
    for _ in range(10):
        rates.advance()
    assert None not in rates.curve()["mean"]


def test_outliers_are_those_of_info(spikes):
    spikes[:, 5, 6] = 1
    spikes[:, 7, 8] = 0
    recording = sj.Recording.from_array(spikes)
    found = drained(recording).outliers()
    expected = measure([spikes])
    assert found["readouts"] == len(recording)
    for name in ("hot", "dead", "weak"):
        assert found[name] == np.argwhere(getattr(expected, name)).tolist()
    assert [5, 6] in found["hot"]
    assert [7, 8] in found["dead"]


def test_a_file_that_is_cut_ends_the_curve_with_a_line(scene):
    rates = Overview(sj.formats.unmapped(sj.open_recording(scene)))
    with scene.open("r+b") as file:
        file.truncate(1000)
    while rates.advance():
        pass
    assert "the file was cut" in rates.curve()["problem"]
