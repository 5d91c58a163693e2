import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import spikejax as sj

RECORDINGS = hnp.arrays(np.uint8, (30, 2, 2), elements=st.integers(0, 1), fill=st.just(0))


def published(times, estimate, u0=0.15, f=0.15, tau_d=1.0, tau_f=10.0):
    """Computes the published recursion for one pixel's spike times, in long double."""
    one = np.longdouble(1)
    R, u, rate = one, one * u0, one * 0
    for D in np.diff(times):
        R, u = (
            1 - (1 - R * (1 - u)) * np.exp(-D / (one * tau_d)),
            u0 + (u + f * (1 - u) - u0) * np.exp(-D / (one * tau_f)),
        )
        if estimate == "resources":
            rate = -1 / (tau_d * np.log((1 - R) / (1 - R * (1 - u))))
        else:
            rate = -1 / (tau_f * np.log((u - u0) / (u + f * (1 - u) - u0)))
    return float(rate)


@given(RECORDINGS, st.sampled_from(["resources", "release"]))
def test_tfstp_is_the_published_recursion(spikes, estimate):
    centres = [0, 3, 11, 29]
    images = sj.classical.tfstp(spikes, centres, 0.4, estimate=estimate)
    for image, k in zip(images, centres, strict=True):
        for place in np.ndindex(2, 2):
            times = np.flatnonzero(spikes[(slice(k + 1), *place)])
            np.testing.assert_allclose(image[place], published(times, estimate) / 0.4, rtol=2e-5)


@pytest.mark.parametrize("estimate", ["resources", "release"])
def test_other_constants(rng, estimate):
    constants = {"u0": 0.3, "f": 0.4, "tau_d": 5.0, "tau_f": 30.0}
    spikes = (rng.random((80, 1, 6)) < 0.2).astype(np.uint8)
    image = sj.classical.tfstp(
        spikes, 79, estimate=estimate, synapse=sj.classical.Synapse(**constants)
    )
    expected = [published(np.flatnonzero(p), estimate, **constants) for p in spikes[:, 0].T]
    np.testing.assert_allclose(image[0], expected, rtol=2e-5)


@pytest.mark.parametrize("estimate", ["resources", "release"])
@pytest.mark.parametrize("interval", [1, 2, 5, 12, 15, 17, 40, 88, 110, 400])
def test_a_constant_interval_is_recovered(interval, estimate):
    spikes = np.zeros((1000, 1, 1), np.uint8)
    spikes[3::interval] = 1
    image = sj.classical.tfstp(spikes, 990, 0.6, estimate=estimate)
    np.testing.assert_allclose(image, 1 / (0.6 * interval), rtol=1e-4)


@pytest.mark.parametrize("estimate", ["resources", "release"])
def test_a_pixel_without_a_closed_interval_is_dark(estimate):
    spikes = np.zeros((50, 1, 3), np.uint8)
    spikes[20, 0, 1] = 1
    spikes[[20, 30], 0, 2] = 1
    images = sj.classical.tfstp(spikes, [19, 20, 29, 30, 49], estimate=estimate)
    np.testing.assert_array_equal(images[:, 0, :2], np.zeros((5, 2)))
    np.testing.assert_array_equal(images[:, 0, 2] > 0, [False, False, False, True, True])
    assert images[3, 0, 2] == images[4, 0, 2]  # it changes only at spikes


@pytest.mark.parametrize("estimate", ["resources", "release"])
@pytest.mark.parametrize("value", [0, 1])
def test_all_dark_and_all_bright_are_finite(value, estimate):
    spikes = np.full((300, 2, 2), value, np.uint8)
    images = sj.classical.tfstp(spikes, np.arange(300), 0.5, estimate=estimate)
    assert np.isfinite(images).all()
    np.testing.assert_allclose(images[-1], value / 0.5, rtol=1e-5)


def test_after_a_long_pause_only_its_length_matters():
    spikes = np.zeros((3000, 1, 1), np.uint8)
    spikes[[0, 2, 4, 2900]] = 1
    for estimate in ("resources", "release"):
        image = sj.classical.tfstp(spikes, 2999, estimate=estimate)
        np.testing.assert_allclose(image, 1 / 2896, rtol=0.01)


def test_batches_centres_in_any_order_and_one_centre_agree(rng):
    spikes = (rng.random((2, 70, 3, 4)) < 0.3).astype(np.uint8)
    centres = [66, 0, 31, 66]
    images = sj.classical.tfstp(spikes, centres)
    assert images.shape == (2, 4, 3, 4)
    for i in range(2):
        for j, k in enumerate(centres):
            one = sj.classical.tfstp(spikes[i], k)
            np.testing.assert_allclose(images[i, j], one, rtol=1e-6)
            np.testing.assert_allclose(
                sj.classical.tfstp(jnp.asarray(spikes), k)[i], one, rtol=1e-6
            )


def test_it_jits_and_gradients_reach_the_gain(rng):
    spikes = jnp.asarray(rng.random((40, 3, 4)) < 0.05)  # some pixels have no interval
    image = sj.classical.tfstp(spikes, 38)
    assert (image == 0).any() and (image > 0).any()
    total, slope = jax.jit(jax.value_and_grad(lambda g, k: sj.classical.tfstp(spikes, k, g).sum()))(
        0.5, 38
    )
    np.testing.assert_allclose(total, 2 * image.sum(), rtol=1e-5)
    np.testing.assert_allclose(slope, -4 * image.sum(), rtol=1e-5)


def test_it_is_compiled_once_for_centres_within_a_block(rng):
    from spikejax.classical.tfstp import _tfstp

    spikes = rng.integers(0, 2, (90, 3, 7), np.uint8)
    sj.classical.tfstp(spikes, 5, 0.4)
    before = _tfstp._cache_size()
    for k, gain in ((0, 1), (63, 0.6), (20, 0.3)):
        sj.classical.tfstp(spikes, k, gain)
    assert _tfstp._cache_size() == before


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"centre": 9}, r"centre 9 is outside"),
        ({"estimate": "rate"}, r"estimate: expected 'resources' or 'release', got 'rate'"),
        ({"spikes": np.zeros((9, 3, 4), np.float32)}, r"got float32"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    options = {"spikes": np.zeros((9, 3, 4), np.uint8), "centre": 4, **arguments}
    with pytest.raises(ValueError, match=f"^tfstp: .*{message}"):
        sj.classical.tfstp(**options)


@pytest.mark.parametrize("constants", [{"u0": 0}, {"f": 0}, {"tau_d": 0}, {"tau_f": np.inf}])
def test_impossible_constants_are_refused(constants):
    with pytest.raises(ValueError, match=r"^Synapse: "):
        dataclasses.replace(sj.classical.Synapse(), **constants)
