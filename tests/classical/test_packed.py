"""TFP and TFI of packed readouts."""

import numpy as np
import pytest

from spikejax import classical


def spikes_of(rng, readouts, height, width):
    return (rng.random((readouts, height, width)) < 0.25).astype(np.uint8)


def packed_of(spikes):
    return np.packbits(spikes, axis=-1, bitorder="little")


@pytest.mark.parametrize("readouts", [1, 2, 3, 41, 300])
@pytest.mark.parametrize("width", [8, 13])
def test_counts_are_sums(rng, readouts, width):
    spikes = spikes_of(rng, readouts, 5, width)
    counts = classical.count_spikes(packed_of(spikes), width)
    np.testing.assert_array_equal(counts, spikes.sum(0))


def test_always_firing_pixels_are_counted_to_the_end():
    spikes = np.ones((1024, 3, 9), np.uint8)
    np.testing.assert_array_equal(classical.count_spikes(packed_of(spikes), 9), 1024)


def test_tfp_is_the_tfp_of_the_window(rng):
    spikes = spikes_of(rng, 41, 6, 13)
    expected = classical.tfp(spikes, 20, window=41, gain=0.3)
    image = classical.tfp_packed(packed_of(spikes), 13, gain=0.3)
    np.testing.assert_allclose(image, expected, rtol=3e-7)  # the last bit is the compiler's


@pytest.mark.parametrize("centre", [0, 2, 30, 59])
@pytest.mark.parametrize("reach", [1, 5, 20])
def test_tfi_is_the_tfi_of_the_recording(rng, centre, reach):
    spikes = spikes_of(rng, 60, 6, 13)
    expected = classical.tfi(spikes, centre, reach=reach, gain=0.3)
    image = classical.tfi_packed(packed_of(spikes), centre, 13, reach=reach, gain=0.3)
    np.testing.assert_allclose(image, expected, rtol=3e-7)  # the last bit is the compiler's
