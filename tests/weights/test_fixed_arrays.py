"""Arrays that published files store although they are no parameters: WGSE's filters."""

import jax
import numpy as np
import pytest
import pywt
import zoo_golden

from spikejax import weights
from spikejax.weights import WeightsError

NAMES = ("wvl.dwt.h0", "wvl.dwt.h1", "wvl.idwt.g0", "wvl.idwt.g1")


@pytest.fixture(scope="module")
def state():
    """A published file without its filters."""
    return zoo_golden.state_dict("wgse")


@pytest.fixture(scope="module")
def filters():
    wavelet = pywt.Wavelet("db8")
    taps = (wavelet.dec_lo[::-1], wavelet.dec_hi[::-1], wavelet.rec_lo, wavelet.rec_hi)
    return {k: np.array(v, np.float32)[None, None] for k, v in zip(NAMES, taps, strict=True)}


def assert_equal(variables, expected):
    jax.tree.map(np.testing.assert_array_equal, variables, expected)


def test_they_are_written_beside_the_parameters(state, filters):
    written = weights.to_torch("wgse", weights.from_torch("wgse", state), prefix="module.")
    shapes = {name: list(value.shape) for name, value in written.items()}
    assert shapes == {f"module.{k}": v for k, v in zoo_golden.SHAPES["wgse"].items()}
    for name, expected in (state | filters).items():
        np.testing.assert_array_equal(written[f"module.{name}"], expected)
        assert written[f"module.{name}"].dtype == np.float32


def test_a_file_may_have_them_or_not(state, filters):
    expected = weights.from_torch("wgse", state)
    assert_equal(weights.from_torch("wgse", state | filters), expected)
    assert_equal(weights.from_torch("wgse", state | dict([*filters.items()][:1])), expected)
    prefixed = {f"module.{name}": value for name, value in (state | filters).items()}
    assert_equal(weights.from_torch("wgse", prefixed), expected)


def test_they_may_be_rounded_and_have_axes_of_length_one(state, filters):
    rounded = {name: value.round(5).astype(np.float64) for name, value in filters.items()}
    flat = {name: value.ravel() for name, value in filters.items()}
    expected = weights.from_torch("wgse", state)
    assert_equal(weights.from_torch("wgse", state | flat), expected)
    assert_equal(weights.from_torch("wgse", state | rounded), expected)


@pytest.mark.parametrize("name", NAMES)
def test_other_values_are_refused(state, filters, name):
    other = filters[name][..., ::-1]
    with pytest.raises(WeightsError, match=f"^{name}: its values are not those of the published"):
        weights.from_torch("wgse", state | filters | {name: other})


def test_another_shape_is_refused(state, filters):
    short = {NAMES[0]: filters[NAMES[0]][..., :14]}
    with pytest.raises(
        WeightsError, match=rf"{NAMES[0]}: expected shape \(1, 1, 16\), got \(14,\)"
    ):
        weights.from_torch("wgse", state | short)


def test_values_that_are_not_finite_are_refused(state, filters):
    with pytest.raises(WeightsError, match=NAMES[1]):
        weights.from_torch("wgse", state | {NAMES[1]: filters[NAMES[1]] * np.float32("nan")})
