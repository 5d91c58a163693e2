"""Images, pixels and regions as the server answers them."""

import numpy as np
import pytest

import spikejax as sj


@pytest.mark.parametrize("method", ["tfp", "tfi"])
@pytest.mark.parametrize("centre", [0, 50, 100])
def test_quick_images_are_those_of_the_library(page, spikes, method, centre):
    recording = sj.Recording.from_array(spikes, gain=0.5)
    ((_, expected),) = sj.reconstruct(recording, method, centres=[centre], window=21)
    facts, image = page.pixels("image", method=method, centre=centre, window=21)
    assert (facts["centre"], facts["method"]) == (centre, method)
    np.testing.assert_allclose(image, expected, rtol=1e-6)
    low, high = np.percentile(expected, (0.5, 99.5))
    np.testing.assert_allclose(facts["levels"], (low, high), rtol=1e-5)


def test_the_gain_of_the_page_takes_the_place_of_the_recordings(page):
    _, own = page.pixels("image", method="tfp", centre=50)
    _, other = page.pixels("image", method="tfp", centre=50, gain=0.25)
    np.testing.assert_allclose(other, 2 * own, rtol=1e-6)


def test_other_methods_are_computed_by_the_library(page, spikes):
    recording = sj.Recording.from_array(spikes, gain=0.5)
    ((_, expected),) = sj.reconstruct(recording, "tfstp", centres=[40])
    _, image = page.pixels("image", method="tfstp", centre=40)
    np.testing.assert_allclose(image, expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ({"method": "tfp", "centre": 101}, "centre: 101 is not among the readouts 0 to 100"),
        ({"method": "tfp", "centre": "x"}, "centre: expected a whole number, got 'x'"),
        ({"method": "tfp", "centre": 5, "window": 99999}, "window: expected 1 to 2001"),
        ({"method": "tfp", "centre": 5, "gain": "nan"}, "gain: expected 1e-06 to 1e"),
        ({"method": "no", "centre": 5}, "method: expected tfp, tfi, .*got 'no'"),
        ({"centre": 5, "recording": 7}, "recording: expected 0 to 0, got 7"),
    ],
    ids=str,
)
def test_wrong_requests_are_answered_with_a_line(page, words, line):
    import re

    assert re.search(line, page.get("image", status=400, **words)["problem"])


def test_a_pixel_is_its_spikes_around_the_moment(page, spikes):
    found = page.get("pixel", row=3, column=7, centre=50, span=41, window=21)
    fired = np.flatnonzero(spikes[:, 3, 7])
    near = fired[(fired >= found["start"]) & (fired < found["stop"])]
    assert found["spikes"] == near.tolist()
    assert found["intervals"] == np.diff(near).tolist()
    assert found["rate"][50 - found["start"]] == pytest.approx(spikes[40:61, 3, 7].mean(), abs=1e-4)
    before, after = fired[fired <= 50].max(), fired[fired > 50].min()
    assert found["interval"] == after - before


def test_the_variance_of_an_ideal_camera_is_that_of_its_simulation():
    """Steady light, no noise: counts are the two whole numbers beside their mean."""
    from spikejax.viewer import probing

    phase = np.random.default_rng(0).random((40, 40))
    light = np.linspace(0.1, 0.5, 40)[:, None] * np.ones(40)
    total = np.floor(phase + light * np.arange(1, 402)[:, None, None])
    spikes = np.diff(total, axis=0).astype(np.uint8)
    recording = sj.Recording.from_array(spikes)
    found = probing.region(recording, (0, 40), (0, 40), centre=200, window=17)
    assert found["windows"] == 16
    assert found["rate"] == pytest.approx(light.mean(), rel=0.01)
    assert found["variance"] == pytest.approx(found["ideal"], rel=1e-9)


def test_a_noisy_region_varies_more_than_an_ideal_camera(page, spikes):
    words = {"top": 2, "bottom": 20, "left": 3, "right": 33, "centre": 50, "window": 11}
    found = page.get("region", **words)
    assert found["windows"] == 9
    counts = spikes[1:100, 2:20, 3:33].reshape(9, 11, 18, 30).sum(1)
    assert found["start"] == 1
    assert found["count"] == pytest.approx(counts.mean())
    assert found["variance"] == pytest.approx(counts.var(0, ddof=1).mean())
    assert found["variance"] > 2 * found["ideal"]


def test_a_region_outside_is_refused(page):
    words = {"top": 2, "bottom": 30, "left": 3, "right": 33, "centre": 50, "window": 11}
    assert "rows: expected" in page.get("region", status=400, **words)["problem"]
