import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import spikejax as sj

RECORDINGS = hnp.arrays(np.uint8, (23, 2, 3), elements=st.integers(0, 1))


def mean_around(spikes, k, window, gain):
    """Computes the mean by its definition, in float64."""
    first, last = max(k - window // 2, 0), min(k + window // 2, len(spikes) - 1)
    return spikes[first : last + 1].astype(np.float64).mean(0) / gain


@given(RECORDINGS, st.sampled_from([1, 5, 13, 45, 61, 10**8 + 1]))
def test_tfp_is_the_mean_of_the_readouts_that_exist(spikes, window):
    images = sj.classical.tfp(spikes, np.arange(23), window, 0.4)
    expected = [mean_around(spikes, k, window, 0.4) for k in range(23)]
    np.testing.assert_allclose(images, expected, rtol=1e-6)


@pytest.mark.parametrize("name", ["tfp", "tfi", "tfstp"])
def test_the_gain_of_a_recording_is_used_unless_another_is_given(rng, name):
    method = getattr(sj.classical, name)
    spikes = (rng.random((60, 3, 4)) < 0.5).astype(np.uint8)
    recording = sj.Recording.from_array(spikes, gain=0.7)
    of_array = np.asarray(method(spikes, 30))
    np.testing.assert_allclose(method(recording, 30), of_array / 0.7, rtol=1e-5)
    np.testing.assert_allclose(method(recording, 30, gain=0.5), of_array / 0.5, rtol=1e-5)
    ((_, image),) = sj.reconstruct(recording, name, centres=[30])
    np.testing.assert_allclose(method(recording, 30), image, rtol=1e-5)


@pytest.mark.parametrize(
    "where, dtype",
    [
        (np.asarray, np.uint8),
        (np.asarray, np.float32),
        (jnp.asarray, np.uint8),
        (jnp.asarray, bool),
        (np.ndarray.tolist, np.int32),
    ],
)
def test_one_centre_equals_several(rng, where, dtype):
    spikes = (rng.random((50, 4, 5)) < 0.3).astype(dtype)
    for k in (0, 3, 25, 49):
        image = sj.classical.tfp(where(spikes), k, 21)
        several = sj.classical.tfp(where(spikes), jnp.array([k, 7]), 21)
        np.testing.assert_allclose(image, mean_around(spikes, k, 21, 1), rtol=1e-6)
        np.testing.assert_array_equal(image, several[0])
        assert image.shape == (4, 5) and image.dtype == jnp.float32


@pytest.mark.parametrize("window", [255, 257])
def test_counts_above_255_are_correct(window):
    ones = np.ones((300, 1, 2), np.uint8)
    np.testing.assert_array_equal(sj.classical.tfp(ones, 150, window, 0.5), np.full((1, 2), 2.0))


def test_any_non_zero_value_is_one_spike():
    spikes = np.full((9, 1, 1), 255, np.uint8)
    assert sj.classical.tfp(spikes, 4, 5)[0, 0] == 1


def test_a_batch_equals_its_recordings(rng):
    spikes = rng.integers(0, 2, (3, 30, 4, 5), np.uint8)
    one = sj.classical.tfp(spikes, 9, 7)
    several = sj.classical.tfp(spikes, [9, 28], 7)
    assert one.shape == (3, 4, 5) and several.shape == (3, 2, 4, 5)
    for i in range(3):
        np.testing.assert_array_equal(one[i], sj.classical.tfp(spikes[i], 9, 7))
        np.testing.assert_array_equal(several[i], sj.classical.tfp(spikes[i], [9, 28], 7))


def test_it_is_compiled_once_for_all_centres_and_gains(rng):
    from spikejax.classical.tfp import _tfp

    spikes = rng.integers(0, 2, (40, 3, 7), np.uint8)
    sj.classical.tfp(spikes, 5, 11, 0.4)
    before = _tfp._cache_size()
    for k, gain in ((0, 1), (39, 0.6), (np.int64(20), np.float64(0.3)), (jnp.int32(3), 2.0)):
        sj.classical.tfp(spikes, k, 11, gain)
    assert _tfp._cache_size() == before


def test_it_jits_with_traced_centre_and_gain(rng):
    spikes = jnp.asarray(rng.integers(0, 2, (40, 3, 4), np.uint8))
    image = jax.jit(lambda s, k, g: sj.classical.tfp(s, k, 11, g))(spikes, 38, 0.6)
    np.testing.assert_allclose(image, mean_around(np.asarray(spikes), 38, 11, 0.6), rtol=1e-6)


def test_gradients_reach_floating_spikes_and_the_gain(rng):
    spikes = jnp.asarray(rng.random((12, 2, 3)), jnp.float32)
    to_spikes, to_gain = jax.grad(lambda s, g: sj.classical.tfp(s, 1, 5, g).sum(), argnums=(0, 1))(
        spikes, 0.5
    )
    expected = np.zeros((12, 2, 3))
    expected[:4] = 1 / (4 * 0.5)
    np.testing.assert_allclose(to_spikes, expected, rtol=1e-6)
    total = np.asarray(spikes, np.float64)[:4].mean(0).sum()
    np.testing.assert_allclose(to_gain, -total / 0.5**2, rtol=1e-5)


class Slices:
    """A recording that is read by slices of time, like `Recording`."""

    def __init__(self, spikes):
        self.spikes, self.shape, self.longest = spikes, spikes.shape, 0

    def __getitem__(self, window):
        self.longest = max(self.longest, window.stop - window.start)
        return self.spikes[window]


def test_only_the_window_is_read_from_a_recording(rng):
    spikes = rng.integers(0, 2, (90, 3, 4), np.uint8)
    recording = Slices(spikes)
    np.testing.assert_array_equal(
        sj.classical.tfp(recording, 2, 11), sj.classical.tfp(spikes, 2, 11)
    )
    np.testing.assert_array_equal(
        sj.classical.tfp(recording, [40, 50], 11), sj.classical.tfp(spikes, [40, 50], 11)
    )
    assert recording.longest == 21


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"centre": 9}, r"centre 9 is outside the recording, which has readouts 0 to 8"),
        ({"centre": -1}, r"centre -1 is outside"),
        ({"centre": [0, 12]}, r"centre 12 is outside"),
        ({"centre": 1.5}, r"centre: expected an integer.*got float64 of shape \(\)"),
        ({"centre": [[1]]}, r"centre: expected an integer.*got int64 of shape \(1, 1\)"),
        ({"window": 4}, r"odd number of readouts, got 4; use 3 or 5"),
        ({"window": 0}, r"whole number of readouts above 0, got 0"),
        ({"window": 5.0}, r"whole number of readouts above 0, got 5.0"),
        ({"gain": 0.0}, r"above 0, got 0.0"),
        ({"gain": float("nan")}, r"above 0, got nan"),
        ({"gain": [1.0, 2.0]}, r"one number, got an array of shape \(2,\)"),
        ({"spikes": np.zeros((3, 4), np.uint8)}, r"\(T, H, W\) or \(B, T, H, W\), got \(3, 4\)"),
        ({"spikes": np.zeros((0, 3, 4), np.uint8)}, r"got \(0, 3, 4\)"),
        ({"spikes": np.zeros((9, 3, 4), np.complex64)}, r"got complex64"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    options = {"spikes": np.zeros((9, 3, 4), np.uint8), "centre": 4, "window": 5, **arguments}
    with pytest.raises(ValueError, match=f"^tfp: .*{message}"):
        sj.classical.tfp(**options)


def test_a_window_longer_than_the_recording_averages_the_recording(rng):
    spikes = (rng.random((7, 3, 4)) < 0.4).astype(np.uint8)
    for centre in (0, 3, 6):
        image = sj.classical.tfp(spikes, centre, window=10**9 + 1)
        np.testing.assert_allclose(image, spikes.mean(0), rtol=1e-6)
