import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from spikejax.camera.statistics import chunk_size, measure
from spikejax.formats import FormatError, Recording

SPIKES = hnp.arrays(
    np.uint8,
    st.tuples(st.integers(1, 12), st.integers(1, 5), st.integers(1, 5)),
    elements=st.integers(0, 1),
)


def regular(readouts, shape, period):
    """Returns spikes in which every pixel fires at every `period`-th readout."""
    spikes = np.zeros((readouts, *shape), np.uint8)
    spikes[::period] = 1
    return spikes


@given(SPIKES, st.integers(1, 12))
def test_statistics_do_not_depend_on_the_chunks(spikes, size):
    chunks = [spikes[i : i + size] for i in range(0, len(spikes), size)]
    statistics = measure(chunks)
    means = spikes.mean(axis=(1, 2))
    np.testing.assert_array_equal(statistics.counts, spikes.astype(int).sum(axis=0))
    np.testing.assert_allclose(statistics.rates, spikes.mean(axis=0))
    assert statistics.readouts == len(spikes)
    assert statistics.mean_rate == pytest.approx(spikes.mean())
    assert statistics.darkest == pytest.approx(means.min())
    assert statistics.brightest == pytest.approx(means.max())
    assert statistics.empty_readouts == (means == 0).sum()


def test_more_spikes_than_a_byte_holds_are_counted():
    statistics = measure([np.ones((600, 2, 3), np.uint8)])
    assert (statistics.counts == 600).all()
    assert statistics.saturated.all()


@pytest.mark.parametrize("shape", [(9, 4, 4), (9, 250, 400), (9, 2000, 3000)])
def test_chunks_are_small_for_any_size(shape):
    recording = Recording.from_array(np.broadcast_to(np.zeros((), np.uint8), shape))
    size = chunk_size(recording)
    assert 1 <= size <= 255
    assert size * shape[1] * shape[2] <= 32 << 20


@given(SPIKES, st.integers(1, 30))
def test_histogram_counts_every_pixel_once(spikes, bins):
    statistics = measure([spikes])
    pixels, edges = statistics.histogram(bins)
    assert pixels.sum() == statistics.counts.size
    assert len(pixels) <= bins
    assert edges[0] == 0
    assert edges[-1] >= statistics.rates.max()


def test_histogram_steps_are_round_numbers():
    spikes = np.zeros((100, 4, 4), np.uint8)
    spikes[:37, 0, 0] = 1
    _, edges = measure([spikes]).histogram(20)
    np.testing.assert_allclose(np.diff(edges), 0.02)


def test_a_pixel_that_always_fires_in_the_dark_is_hot():
    spikes = regular(100, (6, 7), 10)
    spikes[:, 2, 3] = 1
    statistics = measure([spikes])
    assert np.argwhere(statistics.hot).tolist() == [[2, 3]]
    assert not statistics.dead.any()
    assert not statistics.weak.any()


@pytest.mark.parametrize("place", [(0, 0), (3, 3), (5, 6)])
def test_a_pixel_that_never_fires_in_the_light_is_dead(place):
    spikes = regular(100, (6, 7), 5)
    spikes[:, *place] = 0
    statistics = measure([spikes])
    assert np.argwhere(statistics.dead).tolist() == [list(place)]
    assert not statistics.hot.any()


def test_a_pixel_that_sees_a_quarter_of_the_light_is_weak():
    spikes = regular(100, (6, 7), 2)
    spikes[:, 4, 1] = regular(100, (), 8)
    statistics = measure([spikes])
    assert np.argwhere(statistics.weak).tolist() == [[4, 1]]
    assert not statistics.dead.any()


def test_in_the_dark_no_pixel_is_dead_or_hot():
    spikes = np.zeros((100, 6, 7), np.uint8)
    spikes[:9, 2, 2] = 1
    statistics = measure([spikes])
    assert not (statistics.dead | statistics.hot | statistics.weak).any()
    assert statistics.silent.sum() == 41


def test_an_edge_between_light_and_dark_is_not_a_defect():
    spikes = regular(200, (8, 8), 20)
    spikes[:, :, 4:] = 1
    statistics = measure([spikes])
    assert not (statistics.dead | statistics.hot | statistics.weak).any()
    assert statistics.saturated.sum() == 32


def test_empty_and_unequal_chunks_are_refused():
    with pytest.raises(FormatError, match="at least one readout"):
        measure([])
    with pytest.raises(FormatError, match="follows chunks of"):
        measure([np.zeros((1, 2, 2), np.uint8), np.zeros((1, 2, 3), np.uint8)])
    with pytest.raises(ValueError, match="bins"):
        measure([np.zeros((1, 2, 2), np.uint8)]).histogram(0)
