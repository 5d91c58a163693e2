import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from spikejax.camera.noise import first_stray, normal_pair, stray_gaps

SHAPE = (200, 250)


def test_normal_pair_is_normal_and_independent():
    a, b = (np.asarray(x).ravel() for x in normal_pair(jax.random.key(0), SHAPE, jnp.float32))
    for x in (a, b):
        assert stats.kstest(x, "norm").pvalue > 0.01
        assert abs(x.mean()) < 0.015 and x.std() == pytest.approx(1, abs=0.015)
        assert abs(stats.kurtosis(x)) < 0.1
    assert abs(np.corrcoef(a, b)[0, 1]) < 0.015
    assert abs(np.corrcoef(a[1:], b[:-1])[0, 1]) < 0.015


def test_every_sixteen_bits_give_a_finite_number():
    a, b = normal_pair(jax.random.key(1), (1000, 1000), jnp.float32)
    assert 4.1 < np.abs(a).max() < 4.4 and 4.1 < np.abs(b).max() < 4.4


def test_normal_gaps():
    gaps = np.asarray(stray_gaps(jax.random.key(0), SHAPE, 140.0, 50.0, "normal"))
    assert gaps.dtype == np.int32 and gaps.min() >= 1
    assert gaps.mean() == pytest.approx(140, rel=0.01)
    assert gaps.std() == pytest.approx(50, rel=0.02)


def test_geometric_gaps():
    gaps = np.asarray(stray_gaps(jax.random.key(0), SHAPE, 20.0, 0.0, "geometric")).ravel()
    counts = np.bincount(gaps, minlength=81)[1:81]
    want = stats.geom(1 / 20).pmf(np.arange(1, 81)) * gaps.size
    assert stats.chisquare(counts, want * counts.sum() / want.sum()).pvalue > 0.01


@pytest.mark.parametrize(("mean", "std"), [(140.0, 50.0), (12.0, 3.0), (9.0, 0.0)])
def test_the_first_wait_is_that_of_a_process_in_its_steady_state(mean, std):
    rng = np.random.default_rng(0)
    gaps = np.maximum(1, np.round(rng.normal(mean, std, 200_000)))
    waits = np.ceil(rng.uniform(0, 1, 20_000) * (ends := np.cumsum(gaps))[-1])
    waits = ends[np.searchsorted(ends, waits)] - waits + 1
    drawn = np.asarray(first_stray(jax.random.key(0), SHAPE, mean, std, "normal"))
    assert drawn.min() >= 1
    assert drawn.mean() == pytest.approx(waits.mean(), rel=0.03)
    assert drawn.std() == pytest.approx(waits.std(), rel=0.03)


@pytest.mark.parametrize("law", ["normal", "geometric"])
def test_infinite_gaps_never_end(law):
    for draw in (stray_gaps, first_stray):
        gaps = jax.jit(draw, static_argnums=(1, 4))(jax.random.key(0), (50,), jnp.inf, 0.0, law)
        assert gaps.min() > 2**28
