"""Which readouts get an image, and what lies beyond the ends of a recording."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikejax.inference.centres import batches, resolve_centres


@given(st.integers(1, 300), st.integers(1, 80), st.integers(1, 50))
def test_default_windows_lie_inside_the_recording(readouts, window, stride):
    centres = resolve_centres(None, readouts, window, stride)
    if readouts >= window:
        assert centres[0] == window // 2
        assert centres[-1] + (window - 1) // 2 < readouts
        assert readouts - (centres[-1] + (window - 1) // 2) <= stride
        assert (np.diff(centres) == stride).all()
    else:
        np.testing.assert_array_equal(centres, [readouts // 2])


def test_given_centres_come_sorted_and_once():
    np.testing.assert_array_equal(resolve_centres([7, 3, 7], 10, 5, 20), [3, 7])
    np.testing.assert_array_equal(resolve_centres(4, 10, 5, 20), [4])


@pytest.mark.parametrize("centres", [[10], [-1], [0.5], []])
def test_centres_that_are_no_readouts_are_refused(centres):
    with pytest.raises(ValueError, match="centres"):
        resolve_centres(centres, 10, 5, 20)


def test_batches_have_one_size_and_say_how_many_count():
    got = list(batches(np.array([1, 2, 3, 4, 5]), 2))
    assert [count for count, _ in got] == [2, 2, 1]
    np.testing.assert_array_equal(np.stack([b for _, b in got]), [[1, 2], [3, 4], [5, 5]])
