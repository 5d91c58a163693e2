"""Measured memory of a call against the sizes of its arrays."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from spikejax.metrics import measured_memory, peak_memory


def test_it_is_what_arguments_results_and_temporaries_take():
    n = 700

    @jax.jit
    def sorted_product(x):
        return jnp.sort(jnp.sin(x) @ x, axis=0)  # a sum and a product are there at once

    x = np.random.default_rng(0).random((n, n), np.float32)
    measured = measured_memory(sorted_product, x)
    if measured is None:
        pytest.skip("this C library does not tell")
    assert 2 * x.nbytes < measured
    assert measured == pytest.approx(peak_memory(sorted_product, x), rel=0.5)
    assert measured_memory(lambda x: x.sum(), x) < measured
