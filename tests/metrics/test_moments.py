"""Moments against NumPy, merged in any way and over devices."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from spikejax.metrics import Moments


@pytest.fixture
def values(rng):
    return rng.normal(1000, 1, 60).astype(np.float32)


def assert_those_of(moments, values):
    mean, deviation = jax.jit(Moments.compute)(moments)
    assert moments.count == len(values)
    np.testing.assert_allclose(mean, values.mean(dtype=np.float64), rtol=1e-6)
    np.testing.assert_allclose(deviation, values.std(ddof=1, dtype=np.float64), rtol=1e-3)


def test_they_are_those_of_numpy(values):
    assert_those_of(jax.jit(Moments.of)(values), values)


@pytest.mark.parametrize("cuts", [(1,), (20, 30), (0, 59)])
def test_pieces_merge_to_the_whole_in_either_order(values, cuts):
    pieces = [Moments.of(jnp.asarray(piece)) for piece in np.split(values, cuts)]
    for order in (pieces, pieces[::-1]):
        total = Moments.empty()
        for piece in order:
            total = total.merge(piece)
        assert_those_of(total, values)


def test_they_are_carried_through_a_scan(values):
    @jax.jit
    def run(batches):
        def add(total, batch):
            return total.merge(Moments.of(batch)), None

        return jax.lax.scan(add, Moments.empty(), batches)[0]

    assert_those_of(run(values.reshape(6, 10)), values)


def test_masked_values_do_not_count(values):
    mask = np.arange(60) % 3 > 0
    spoilt = np.where(mask, values, np.nan)
    assert_those_of(Moments.of(jnp.asarray(spoilt), jnp.asarray(mask)), values[mask])


def test_devices_give_the_moments_of_all(values):
    split = jax.pmap(lambda v: Moments.of(v).over("data"), "data")(values.reshape(2, 30))
    for device in range(2):
        assert_those_of(jax.tree.map(lambda x, d=device: x[d], split), values)


def test_too_few_numbers_have_no_moments():
    mean, deviation = Moments.empty().compute()
    assert np.isnan([mean, deviation]).all()
    mean, deviation = Moments.of(jnp.array([3.0])).compute()
    assert mean == 3
    assert np.isnan(deviation)
