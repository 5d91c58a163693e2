"""Tests that scenes drawn in parallel, for accelerators, equal those drawn in turn, for CPUs."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from spikejax import ops
from spikejax.datasets import SyntheticOptions, synthetic_batch
from spikejax.datasets.procedural.scenes import SceneOptions
from spikejax.datasets.procedural.scenes.each import AT_ONCE, each

OPTIONS = SyntheticOptions(
    scene=SceneOptions(height=16, width=24, share=2), window=21, interpolated=0.5, ideal=1
)


@pytest.fixture
def for_accelerators():
    """Draws a batch for accelerators; caches are cleared, since compiled functions persist."""
    jax.clear_caches()
    with ops.programs_for("gpu"):
        batch = jax.device_get(synthetic_batch(jax.random.key(5), OPTIONS, count=3))
    jax.clear_caches()
    return batch


def test_the_same_scenes_are_drawn_for_accelerators(for_accelerators):
    with ops.programs_for("cpu"):
        expected = jax.device_get(synthetic_batch(jax.random.key(5), OPTIONS, count=3))
    assert for_accelerators.keys() == expected.keys()
    for name in ("images", "gain"):
        np.testing.assert_allclose(for_accelerators[name], expected[name], atol=1e-4)
    # Light that differs in its last bits may delay a spike by one readout.
    fired, should = (x["spikes"].astype(np.int32).cumsum(1) for x in (for_accelerators, expected))
    assert np.abs(fired - should).max() <= 1
    assert np.mean(fired != should) < 1e-3


@pytest.mark.parametrize(
    ("platform", "pixels", "sizes"),
    [
        ("cpu", 1, {""}),
        ("gpu", AT_ONCE // 7, {"7"}),
        ("gpu", AT_ONCE // 6, {"4", "3"}),  # not six and one
        ("gpu", AT_ONCE // 3, {"3", "1"}),
        ("gpu", 2 * AT_ONCE, {"1"}),
    ],
)
def test_as_many_go_at_once_as_fit(platform, pixels, sizes):
    with ops.programs_for(platform):
        traced = jax.make_jaxpr(lambda x: each(jnp.sin, x, pixels=pixels))(jnp.zeros(7))
        out = each(jnp.sin, jnp.arange(7.0), pixels=pixels)
    np.testing.assert_allclose(out, np.sin(np.arange(7)), atol=1e-6)
    assert set(re.findall(r"f32\[(\d*)\] = sin", str(traced))) == sizes
