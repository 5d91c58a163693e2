import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from spikejax.camera.conventions import reflect_time


@given(st.integers(1, 40), st.integers(1, 100))
def test_reflection_agrees_with_numpy(readouts, reach):
    recording = np.arange(readouts)
    expected = np.pad(recording, reach, mode="reflect")
    indices = np.arange(-reach, readouts + reach)
    np.testing.assert_array_equal(reflect_time(indices, readouts), expected)
