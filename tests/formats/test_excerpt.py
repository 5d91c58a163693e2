"""Excerpts of recordings."""

import pickle

import numpy as np
import pytest

import spikejax as sj
from spikejax.formats import FormatError, excerpt


@pytest.fixture
def whole(rng):
    spikes = (rng.random((30, 9, 21)) < 0.4).astype(np.uint8)
    return spikes, sj.Recording.from_array(spikes, gain=0.5, rate_hz=1e4, sensor="a camera")


@pytest.mark.parametrize(
    "index",
    [3, -1, slice(None), slice(2, 5), slice(None, None, -1), slice(5, 1, -2), [4, 0, -2]],
    ids=str,
)
def test_an_excerpt_is_indexed_like_the_part_of_the_array(whole, index):
    spikes, recording = whole
    part = excerpt(recording, readouts=(0, 20), rows=(2, 8), columns=(3, 20))
    expected = spikes[0:20, 2:8, 3:20]
    assert part.shape == expected.shape
    np.testing.assert_array_equal(part[index], expected[index])
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(part))[index], expected[index])


def test_an_excerpt_is_packed_like_the_part(whole):
    spikes, recording = whole
    part = excerpt(recording, readouts=(4, 9), columns=(3, 20))
    expected = np.packbits(spikes[5:8, :, 3:20], axis=-1, bitorder="little")
    np.testing.assert_array_equal(part.packed(1, 4), expected)


def test_the_facts_stay_and_the_size_is_that_of_the_part(whole):
    part = excerpt(whole[1], rows=(0, 4))
    assert (part.gain, part.rate_hz, part.sensor) == (0.5, 1e4, "a camera")
    assert (part.sidecar.height, part.sidecar.width) == (4, 21)


@pytest.mark.parametrize("wrong", [(3, 3), (0, 31), (-1, 4), (5, 2)])
def test_a_range_outside_is_refused(whole, wrong):
    with pytest.raises(FormatError, match="readouts: expected a range within 0 to 30"):
        excerpt(whole[1], readouts=wrong)
