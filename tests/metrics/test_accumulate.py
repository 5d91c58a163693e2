"""Scores joined over shards and processes, and the confidence intervals of their means."""

import itertools
import os
import socket
import subprocess
import sys

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from spikejax.metrics import Scores


def scores(values, start=0):
    own = Scores()
    own.add([f"{start + i}" for i in range(len(values))], psnr=values)
    return own


@given(
    st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=12),
    st.lists(st.integers(0, 2), min_size=12, max_size=12),
    st.permutations(range(3)),
)
def test_the_result_is_the_same_to_the_bit_however_images_are_spread(values, shard_of, order):
    whole = scores(np.array(values))
    shards = [Scores() for _ in range(3)]
    for index, value in reversed(list(enumerate(values))):
        shards[shard_of[index]].add([str(index)], psnr=np.array([value]))
    joined = Scores()
    for shard in order:
        joined = joined.merge(shards[shard])
    for method in ("student", "bootstrap"):
        options = {"method": method, "resamples": 20}
        assert joined.compute(**options) == whole.compute(**options)


def test_student_is_that_of_scipy(rng):
    values = rng.normal(30, 2, 17)
    for confidence in (0.5, 0.95, 0.99):
        estimate = scores(values).compute(confidence=confidence)["psnr"]
        np.testing.assert_allclose(estimate.mean, values.mean())
        np.testing.assert_allclose(estimate.deviation, values.std(ddof=1))
        assert estimate.count == 17
        expected = stats.t.interval(confidence, 16, values.mean(), stats.sem(values))
        np.testing.assert_allclose((estimate.low, estimate.high), expected)


def test_bootstrap_is_that_of_scipy(rng):
    values = rng.exponential(1, 60)
    estimate = scores(values).compute(method="bootstrap")["psnr"]
    expected = stats.bootstrap(
        (values,), np.mean, method="percentile", n_resamples=10_000, rng=1
    ).confidence_interval
    np.testing.assert_allclose((estimate.low, estimate.high), expected, rtol=0.01)


def test_intervals_hold_the_truth_as_often_as_they_say(rng):
    held = 0
    for _ in range(1000):
        estimate = scores(rng.normal(5, 1, 6)).compute(confidence=0.8)["psnr"]
        held += estimate.low < 5 < estimate.high
    assert 760 <= held <= 840  # three deviations of the binomial


def test_one_image_and_infinite_scores_have_no_interval():
    one = scores(np.array([3.0])).compute()["psnr"]
    assert (one.mean, one.count) == (3.0, 1)
    assert np.isnan([one.deviation, one.low, one.high]).all()
    exact = scores(np.array([3.0, np.inf])).compute()["psnr"]
    assert exact.mean == np.inf
    assert np.isnan([exact.low, exact.high]).all()


def test_metrics_can_have_different_images():
    own = Scores()
    own.add(["a", "b"], psnr=jnp.array([30.0, 40.0]), ssim=jnp.array([0.5, 0.7]))
    own.add(["c"], psnr=[50.0])
    assert own.images == ("a", "b", "c")
    assert own.metrics == ("psnr", "ssim")
    assert own.compute()["psnr"].mean == 40
    assert own.compute()["ssim"].count == 2
    np.testing.assert_array_equal(own.of("psnr"), [30, 40, 50])


def test_an_image_that_is_added_again_counts_once():
    values = np.array([30.0, 40.0])
    again = np.array([30.0 * (1 + 1e-6), 40.0 * (1 - 1e-6)])
    orders = itertools.permutations([scores(values), scores(again), scores(values)])
    means = {a.merge(b).merge(c).compute()["psnr"].mean for a, b, c in orders}
    assert len(means) == 1
    np.testing.assert_allclose(means.pop(), 35, rtol=1e-5)
    with pytest.raises(ValueError, match=r"image '0' has two values of 'psnr', 30\.0 and 31\.0"):
        scores(values).merge(scores(values + 1))


def test_merging_changes_neither():
    first, second = scores(np.ones(2)), scores(np.ones(2), start=2)
    first.merge(second).add(["9"], psnr=[1.0])
    assert (first.images, second.images) == (("0", "1"), ("2", "3"))


def test_text_holds_scores_exactly():
    own = scores(np.array([0.1, np.inf, np.nan, 1 / 3]))
    read = Scores.from_json(own.to_json())
    np.testing.assert_array_equal(read.of("psnr"), own.of("psnr"))
    for text in ("", "[1]", '{"a": 1}', '{"a": {"b": "c"}}'):
        with pytest.raises(ValueError, match="not the scores of images"):
            Scores.from_json(text)


def test_one_process_gathers_its_own():
    own = scores(np.ones(3))
    assert own.gathered() is own


PROCESS = """
import sys, jax
jax.distributed.initialize(sys.argv[1], num_processes=2, process_id=int(sys.argv[2]))
from spikejax.metrics import Scores
own = Scores()
names = (["a", "b", "c"], ["c", "d"])[jax.process_index()]
own.add(names, psnr=[float(ord(n)) / 3 for n in names])
print(own.gathered().to_json())
"""


def test_two_processes_gather_one_result():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    environment = {**os.environ, "JAX_PLATFORMS": "cpu"}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PROCESS, address, str(i)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
        )
        for i in range(2)
    ]  # fmt: skip
    expected = Scores()
    expected.add("abcd", psnr=[ord(n) / 3 for n in "abcd"])
    for process in processes:
        output, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
        assert output.splitlines()[-1] == expected.to_json()


def test_invalid_arguments_are_refused():
    own = scores(np.ones(3))
    with pytest.raises(ValueError, match=r"expected 2 numbers of 'ssim', got \(3,\)"):
        own.add(["x", "y"], ssim=np.ones(3))
    with pytest.raises(ValueError, match="no image has 'ssim'; there are psnr"):
        own.of("ssim")
    with pytest.raises(ValueError, match="confidence is between 0 and 1"):
        own.compute(confidence=95)
    with pytest.raises(ValueError, match="'student' or 'bootstrap', got 'normal'"):
        own.compute(method="normal")
    with pytest.raises(ValueError, match="at least 1"):
        own.compute(method="bootstrap", resamples=0)
