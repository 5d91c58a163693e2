"""Intervals and their sums against the reference numbers and a loop over the readouts."""

import hypothesis
import jax
import numpy as np
import pytest
import zoo_golden
from hypothesis import given
from hypothesis import strategies as st

from spikejax.models import bsf

CONVENTIONS = ("opens", "closes")
sums = jax.jit(bsf.interval_sums, static_argnames=("convention", "window"))


def looped_interval(spikes, t, convention):
    """The interval that covers readout t of one pixel, from the definition."""
    times = np.flatnonzero(spikes)
    if convention == "opens":
        before, after = times[times <= t], times[times > t]
        start = before[-1] if before.size else 0
        end = after[0] if after.size else len(spikes)
        return end - start
    before, after = times[times < t], times[times >= t]
    return min(after[0] - before[-1], 255) if before.size and after.size else 255


def looped_sums(spikes, convention, start, stop):
    """The four sums of one pixel, from the definition."""
    if convention == "opens":
        spikes, start, stop = spikes[start:stop], 0, stop - start
    own = [looped_interval(spikes, t, convention) for t in range(start, stop)]
    spikes = spikes[start:stop]
    after, before = list(own), list(own)
    for t in reversed(range(len(own))):
        if spikes[t:].sum() >= 2:
            after[t] = own[t + 1] if spikes[t + 1] else after[t + 1]
    for t in range(len(own)):
        if spikes[: t + 1].sum() >= 2:
            before[t] = own[t - 1] if spikes[t] else before[t - 1]
    own, after, before = (np.array(x, np.int32) for x in (own, after, before))
    return own, own + after, own + before, own + after + before


@pytest.mark.parametrize(("convention", "prefix"), [("opens", ""), ("closes", "published_")])
def test_sums_agree_with_the_reference(convention, prefix):
    file = zoo_golden.read("bsf")
    window = tuple(int(t) for t in file["used"])
    got = sums(zoo_golden.unpacked(file), convention=convention, window=window)
    for name, value in got._asdict().items():
        assert value.dtype == np.int32
        np.testing.assert_array_equal(value, file[prefix + name], err_msg=name)


@pytest.mark.parametrize("convention", CONVENTIONS)
@pytest.mark.parametrize("readouts", [1, 2, 3, 10, 61, 200])
@hypothesis.settings(max_examples=15)
@given(
    rates=st.lists(st.sampled_from([0.0, 0.01, 1.0]) | st.floats(0, 1), min_size=6, max_size=6),
    seed=st.integers(0, 1000),
)
def test_sums_agree_with_a_loop(convention, readouts, rates, seed):
    spikes = np.random.default_rng(seed).random((1, readouts, 1, 6)) < np.array(rates)
    got = sums(spikes, convention=convention)
    for pixel in range(6):
        expected = looped_sums(spikes[0, :, 0, pixel], convention, 0, readouts)
        np.testing.assert_array_equal([x[0, :, 0, pixel] for x in got], expected)


@pytest.mark.parametrize("convention", CONVENTIONS)
@pytest.mark.parametrize("window", [(0, 1), (3, 64), (139, 200)])
def test_sums_of_a_window_agree_with_a_loop(convention, window, rng):
    spikes = rng.random((1, 200, 1, 6)) < np.array([0.0, 0.02, 0.1, 0.4, 0.8, 1.0])
    got = sums(spikes, convention=convention, window=window)
    for pixel in range(6):
        expected = looped_sums(spikes[0, :, 0, pixel], convention, *window)
        np.testing.assert_array_equal([x[0, :, 0, pixel] for x in got], expected)


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_a_long_stream_agrees_with_a_loop(rng, convention):
    rates = np.array([0.4, 0.002])
    spikes = (rng.random((1, 5000, 1, 2)) < rates).astype(np.uint8)
    got = sums(spikes, convention=convention)
    for pixel in range(2):
        expected = looped_sums(spikes[0, :, 0, pixel], convention, 0, 5000)
        np.testing.assert_array_equal([x[0, :, 0, pixel] for x in got], expected)


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_the_intervals_are_the_first_of_the_sums(convention, rng):
    spikes = (rng.random((2, 61, 2, 3)) < 0.3).astype(np.float32)
    intervals = jax.jit(lambda s: bsf.spike_intervals(s, convention=convention))(spikes)
    np.testing.assert_array_equal(intervals, sums(spikes, convention=convention).d11)


def test_a_regular_stream_has_equal_intervals():
    spikes = np.zeros((2, 40, 1, 1), np.float32)
    spikes[:, ::4] = 1
    for value, intervals in zip(sums(spikes), (1, 2, 2, 3), strict=True):
        np.testing.assert_array_equal(value[:, 4:36], 4 * intervals)


@pytest.mark.parametrize(
    ("shape", "options"),
    [
        ((61, 4, 4), {}),
        ((1, 0, 4, 4), {}),
        ((1, 61, 4, 4), {"convention": "ends"}),
        ((1, 61, 4, 4), {"window": (20, 81)}),
        ((1, 61, 4, 4), {"window": (5, 5)}),
    ],
)
def test_bad_input_is_refused(shape, options):
    with pytest.raises(ValueError, match="interval_sums: expected"):
        bsf.interval_sums(np.zeros(shape, np.uint8), **options)
