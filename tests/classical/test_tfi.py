import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import spikejax as sj

RECORDINGS = hnp.arrays(np.uint8, (23, 2, 2), elements=st.integers(0, 1), fill=st.just(0))


def interval_around(spikes, k, reach):
    """Computes the interval by its definition, pixel by pixel."""
    intervals = np.zeros(spikes.shape[1:])
    for place in np.ndindex(intervals.shape):
        times = np.flatnonzero(spikes[(slice(None), *place)])
        before = [t for t in times if k - reach <= t <= k]
        after = [t for t in times if k < t <= k + reach]
        left = before[-1] if before else k - reach
        right = after[0] if after else k + reach
        intervals[place] = right - left
    return intervals


@given(RECORDINGS, st.sampled_from([1, 2, 5, 9, 20, 40, 10**8]))
def test_tfi_inverts_the_interval_around_the_centre(spikes, reach):
    images = sj.classical.tfi(spikes, np.arange(23), reach, 0.4)
    expected = [1 / (0.4 * interval_around(spikes, k, reach)) for k in range(23)]
    np.testing.assert_allclose(images, expected, rtol=1e-6)


@pytest.mark.parametrize("reach", [127, 128, 254, 255, 256, 300])
def test_distances_above_255_are_correct(reach):
    spikes = np.zeros((601, 1, 3), np.uint8)
    spikes[[100, 599], 0, 1] = 1
    spikes[299, 0, 2] = 1
    image = sj.classical.tfi(spikes, 300, reach)
    np.testing.assert_allclose(1 / image, interval_around(spikes, 300, reach), rtol=1e-6)


def test_constant_intervals_are_recovered():
    for interval in (1, 2, 5, 12, 20):
        spikes = np.zeros((200, 1, 1), np.uint8)
        spikes[::interval] = 1
        images = sj.classical.tfi(spikes, np.arange(20, 160), 20, 0.6)
        np.testing.assert_allclose(images, 1 / (0.6 * interval), rtol=1e-6)


def test_a_spike_opens_its_own_interval():
    spikes = np.zeros((20, 1, 1), np.uint8)
    spikes[[4, 10, 13]] = 1
    assert 1 / sj.classical.tfi(spikes, 9, 15)[0, 0] == pytest.approx(6)
    assert 1 / sj.classical.tfi(spikes, 10, 15)[0, 0] == pytest.approx(3)


def test_without_spikes_the_interval_is_twice_the_reach():
    dark = np.zeros((7, 2, 2), np.uint8)
    np.testing.assert_allclose(sj.classical.tfi(dark, 3, 20, 0.5), 1 / (0.5 * 40), rtol=1e-6)


def test_one_centre_a_batch_and_the_device_agree(rng):
    spikes = (rng.random((3, 60, 4, 5)) < 0.1).astype(np.uint8)
    several = sj.classical.tfi(spikes, [9, 58], 12)
    assert several.shape == (3, 2, 4, 5)
    for i in range(3):
        for j, k in enumerate((9, 58)):
            np.testing.assert_array_equal(several[i, j], sj.classical.tfi(spikes[i], k, 12))
            np.testing.assert_array_equal(
                several[i, j], sj.classical.tfi(jnp.asarray(spikes[i]), k, 12)
            )
    assert sj.classical.tfi(spikes, 9).shape == (3, 4, 5)


def test_it_jits_with_traced_centre_and_gain(rng):
    spikes = jnp.asarray(rng.random((40, 3, 4)) < 0.2)
    image = jax.jit(lambda s, k, g: sj.classical.tfi(s, k, 11, g))(spikes, 38, 0.6)
    expected = 1 / (0.6 * interval_around(np.asarray(spikes), 38, 11))
    np.testing.assert_allclose(image, expected, rtol=1e-6)


def test_it_is_compiled_once_for_all_centres_and_gains(rng):
    from spikejax.classical.tfi import _tfi

    spikes = rng.integers(0, 2, (40, 3, 7), np.uint8)
    sj.classical.tfi(spikes, 5, 11, 0.4)
    before = _tfi._cache_size()
    for k, gain in ((0, 1), (39, 0.6), (20, 0.3)):
        sj.classical.tfi(spikes, k, 11, gain)
    assert _tfi._cache_size() == before


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"centre": 9}, r"centre 9 is outside the recording, which has readouts 0 to 8"),
        ({"reach": 0}, r"reach: expected a whole number of readouts above 0, got 0"),
        ({"gain": -1}, r"above 0, got -1.0"),
        ({"spikes": np.zeros((9, 3, 4), np.float32)}, r"bool or integer spikes.*got float32"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    options = {"spikes": np.zeros((9, 3, 4), np.uint8), "centre": 4, **arguments}
    with pytest.raises(ValueError, match=f"^tfi: .*{message}"):
        sj.classical.tfi(**options)
