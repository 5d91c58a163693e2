"""A small recording and weights to reconstruct it with."""

import jax
import numpy as np
import pytest
from synthetic_weights import SHAPES, state_dict

from spikejax import models, weights
from spikejax.formats import Recording


@pytest.fixture(scope="package")
def recording():
    rng = np.random.default_rng(5)
    rates = rng.uniform(0.05, 0.6, (20, 44))
    return Recording.from_array((rng.random((150, 20, 44)) < rates).astype(np.uint8), gain=0.5)


@pytest.fixture(scope="package")
def spikes(recording):
    return recording[:]


@pytest.fixture(scope="package")
def stir_variables():
    return weights.from_torch("stir", state_dict(SHAPES["stir"]))


@pytest.fixture(scope="package")
def lrn_variables():
    return models.create("lrn").init(jax.random.key(3))
