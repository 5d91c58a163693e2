"""Every test runs under strict promotion, on two CPU devices, with compiled programs cached."""

import os
from pathlib import Path

os.environ.setdefault("JAX_PLATFORMS", "cpu")

import hypothesis
import jax
import numpy as np
import pytest

_CACHE = Path(__file__).parents[1] / ".cache" / "jax"

jax.config.update("jax_num_cpu_devices", 2)
jax.config.update("jax_numpy_dtype_promotion", "strict")
jax.config.update("jax_numpy_rank_promotion", "raise")
jax.config.update("jax_compilation_cache_dir", str(_CACHE))
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.3)

hypothesis.settings.register_profile("default", deadline=None, derandomize=True, max_examples=40)
hypothesis.settings.load_profile("default")

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture(scope="session")
def golden():
    """Reads a file of reference numbers: `golden('operators')['warp_out']`."""
    return lambda name: np.load(GOLDEN / f"{name}.npz")


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture(autouse=True, scope="module")
def _forget_compiled_programs():
    """A run of all tests would otherwise hold thousands of programs: gigabytes."""
    yield
    jax.clear_caches()
