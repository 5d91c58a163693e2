"""The wavelet transform against PyWavelets and the reference matrices."""

import functools
from math import comb

import hypothesis
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import pywt
import zoo_golden
from hypothesis import strategies as st
from jax.test_util import check_grads

from spikejax import ops
from spikejax.ops import DB8


def analysis(x, wavelet=DB8, levels=5, axis=-1):
    return ops.wavelet_analysis(x, *wavelet[:2], levels=levels, axis=axis)


def synthesis(approximation, details, wavelet=DB8, axis=-1):
    return ops.wavelet_synthesis(approximation, details, *wavelet[2:], axis=axis)


@functools.cache
def compiled(wavelet, levels):
    wavelet = ops.Wavelet(*map(np.array, pywt.Wavelet(wavelet).filter_bank))
    split = jax.jit(functools.partial(analysis, wavelet=wavelet, levels=levels))
    return split, jax.jit(functools.partial(synthesis, wavelet=wavelet))


def test_the_taps_are_those_of_pywavelets():
    for taps, expected in zip(DB8, pywt.Wavelet("db8").filter_bank, strict=True):
        assert taps.dtype == np.float64
        np.testing.assert_array_equal(taps, expected)


def test_the_taps_are_the_spectral_factor_of_least_phase():
    """The zeros inside the unit circle of |H|^2 = 2 cos^2N(w/2) P(sin^2(w/2)) (Daubechies 1988)."""
    count = 8
    zeros = []
    for y in np.roots([comb(count - 1 + k, k) for k in reversed(range(count))]):
        pair = np.roots([1, 4 * y - 2, 1])  # y = (2 - z - 1 / z) / 4
        zeros.append(pair[np.argmin(abs(pair))])
    taps = np.poly([-1.0] * count + zeros).real
    np.testing.assert_allclose(DB8.synthesis_low, taps * np.sqrt(2) / taps.sum(), atol=1e-9)


def test_the_taps_are_orthonormal_to_their_even_shifts():
    for shift in range(8):
        product = np.dot(DB8.analysis_low[2 * shift :], DB8.analysis_low[: 16 - 2 * shift])
        np.testing.assert_allclose(product, float(shift == 0), atol=1e-11)


def test_unit_vectors_give_the_reference_matrices():
    file = zoo_golden.read("wgse")
    approximation, details = jax.jit(analysis)(jnp.eye(41))
    assert [d.shape[-1] for d in details] == [28, 21, 18, 16, 15]
    matrix = jnp.concatenate([*details, approximation], -1)
    np.testing.assert_allclose(matrix, file["analysis"], atol=1e-6)
    *details, approximation = jnp.split(jnp.eye(113), (28, 49, 67, 83, 98), -1)
    matrix = jax.jit(synthesis)(approximation, details)
    np.testing.assert_allclose(matrix, file["synthesis"], atol=1e-6)


@hypothesis.settings(max_examples=8)
@hypothesis.given(st.integers(1, 70), st.integers(1, 5), st.sampled_from(["db1", "db2", "bior2.2"]))
@hypothesis.example(41, 5, "db8")
@hypothesis.example(1, 2, "db8")
def test_any_length_agrees_with_pywavelets_and_comes_back(length, levels, name):
    split, join = compiled(name, levels)
    x = np.random.default_rng(length).normal(size=(2, length)).astype(np.float32)
    approximation, details = split(x)
    expected, ours = [x], [approximation, *reversed(details)]
    for _ in range(levels):
        expected[:1] = pywt.dwt(expected[0], name, "zero")
    for got, wanted in zip(ours, expected, strict=True):
        np.testing.assert_allclose(got, wanted, atol=2e-5)
    back = join(approximation, details)
    assert back.shape == (2, length + length % 2)
    np.testing.assert_allclose(back[:, :length], x, atol=2e-5)
    np.testing.assert_allclose(back[:, length:], 0, atol=2e-5)


def test_the_axis_of_the_signal_can_be_any(rng):
    x = rng.normal(size=(3, 9, 2)).astype(np.float32)
    wavelet = ops.Wavelet(*map(np.array, pywt.Wavelet("db2").filter_bank))

    @functools.partial(jax.jit, static_argnames="axis")
    def there_and_back(x, axis):
        approximation, details = analysis(x, wavelet, levels=2, axis=axis)
        return approximation, synthesis(approximation, details, wavelet, axis=axis)

    approximation, back = there_and_back(x, axis=1)
    expected, _ = there_and_back(np.moveaxis(x, 1, -1), axis=-1)
    np.testing.assert_allclose(jnp.moveaxis(approximation, 1, -1), expected, atol=1e-6)
    assert back.shape == (3, 10, 2)
    np.testing.assert_allclose(back[:, :9], x, atol=1e-5)


def test_signal_and_taps_can_be_learned(rng):
    x = jnp.asarray(rng.normal(size=(2, 9)), jnp.float32)
    wavelet = ops.Wavelet(*(jnp.asarray(rng.normal(size=4), jnp.float32) for _ in range(4)))

    @jax.jit
    def there_and_back(x, wavelet):
        approximation, details = analysis(x, wavelet, levels=2)
        return synthesis(jnp.sin(approximation), details, wavelet)

    check_grads(there_and_back, (x, wavelet), 1, modes=("rev",), rtol=2e-2, eps=1e-2)


def test_a_learned_low_pass_filter_makes_an_orthogonal_wavelet():
    learned = jax.jit(ops.orthogonal_wavelet)(jnp.asarray(DB8.synthesis_low, jnp.float32))
    for taps, expected in zip(learned, DB8, strict=True):
        np.testing.assert_allclose(taps, expected, atol=1e-7)


def test_it_computes_in_the_dtype_of_the_signal():
    signal = jax.ShapeDtypeStruct((1, 20), jnp.bfloat16)
    approximation, details = jax.eval_shape(analysis, signal)
    assert approximation.dtype == details[0].dtype == jnp.bfloat16
    assert jax.eval_shape(synthesis, approximation, details).dtype == jnp.bfloat16


@pytest.mark.parametrize(
    ("x", "options", "message"),
    [
        (jnp.zeros((2, 9)), {"levels": 0}, "positive number of levels, got 0"),
        (jnp.zeros((2, 9)), {"axis": 2}, r"got \(2, 9\) float32 with axis 2"),
        (jnp.zeros((2, 0)), {}, "without empty axes"),
        (jnp.zeros((2, 9), jnp.uint8), {}, "floating"),
        (jnp.zeros((2, 9)), {"wavelet": (np.ones(3), np.ones(3))}, r"\(K,\), K even, got \(3,\)"),
        (jnp.zeros((2, 9)), {"wavelet": (np.ones(4), np.ones(2))}, r"got \(4,\) and \(2,\)"),
    ],
)
def test_what_does_not_fit_is_refused(x, options, message):
    with pytest.raises(ValueError, match=f"wavelet_analysis: .*{message}"):
        analysis(x, **options)


@pytest.mark.parametrize(
    ("low", "high"), [((2, 10), (2, 11)), ((2, 12), (2, 10)), ((2, 10), (3, 10)), ((2, 7), (2, 7))]
)
def test_a_detail_that_does_not_fit_is_refused(low, high):
    with pytest.raises(ValueError, match="wavelet_synthesis: a detail"):
        synthesis(jnp.zeros(low), [jnp.zeros(high)])


def test_a_detail_with_other_axes_is_refused():
    with pytest.raises(ValueError, match="wavelet_synthesis: a detail"):
        synthesis(jnp.zeros((2, 10)), [jnp.zeros((2, 1, 10))])
