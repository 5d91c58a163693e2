import jax.numpy as jnp
import numpy as np
import pytest
import zoo_golden

from spikejax.models import events


@pytest.mark.parametrize("file", ["etnet", "hypere2vid"])
def test_the_bins_are_those_of_the_reference(file):
    arrays = zoo_golden.read(file)
    bins = events.bins(jnp.asarray(zoo_golden.unpacked(arrays)[:, : events.WINDOW]))
    np.testing.assert_allclose(zoo_golden.channels_first(bins), arrays["bins_0"], atol=1e-6)


def test_an_odd_row_of_zeros_goes_to_the_top():
    spikes = np.ones((1, 61, 5, 14), np.uint8)
    bins, padding = events.padded_bins(spikes, "etnet")
    assert padding == (2, 1, 1, 1) and bins.shape == (1, 8, 16, 5)
    assert events.padded_size(5, 14) == (8, 16)
    assert float(bins.sum()) == 5 * 5 * 14


def test_other_spikes_are_refused():
    with pytest.raises(ValueError, match=r"etnet: expected spikes \(B, 61, H, W\)"):
        events.padded_bins(np.zeros((1, 41, 8, 8), np.uint8), "etnet")
