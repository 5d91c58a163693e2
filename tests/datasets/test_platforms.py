"""Scenes for accelerators, drawn all at once, are those for processors, drawn one after another."""

import jax
import numpy as np
import pytest

from spikejax import ops
from spikejax.datasets import SyntheticOptions, synthetic_batch
from spikejax.datasets.scenes import SceneOptions

OPTIONS = SyntheticOptions(
    scene=SceneOptions(height=16, width=24, share=2), window=21, interpolated=0.5, ideal=1
)


@pytest.fixture
def for_accelerators():
    """Functions that are compiled stay as they are, and must be compiled anew."""
    jax.clear_caches()
    with ops.programs_for("gpu"):
        batch = jax.device_get(synthetic_batch(jax.random.key(5), OPTIONS, count=3))
    jax.clear_caches()
    return batch


def test_the_same_scenes_are_drawn_for_accelerators(for_accelerators):
    expected = jax.device_get(synthetic_batch(jax.random.key(5), OPTIONS, count=3))
    assert for_accelerators.keys() == expected.keys()
    for name in ("images", "gain"):
        np.testing.assert_allclose(for_accelerators[name], expected[name], atol=1e-4)
    # Light that differs in its last bits may fire a readout later, and for nothing else.
    fired, should = (x["spikes"].astype(np.int32).cumsum(1) for x in (for_accelerators, expected))
    assert np.abs(fired - should).max() <= 1
    assert np.mean(fired != should) < 1e-3
