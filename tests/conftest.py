"""Every test runs under strict promotion, on two CPU devices, with compiled programs cached.

Most of a run is compilation, so that programs are optimised little in this process, as in JAX's own
tests; those that tests start are as users have them. `JAX_DISABLE_MOST_OPTIMIZATIONS=0 pytest` has
all of them as users have them.
"""

import os
import subprocess
import sys
from pathlib import Path

# In the environment, so that processes that tests start have it as well.
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault(
    "JAX_COMPILATION_CACHE_DIR", str(Path(__file__).parents[1] / ".cache" / "jax")
)
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.3")

import hypothesis
import jax
import numpy as np
import pytest

if "JAX_DISABLE_MOST_OPTIMIZATIONS" not in os.environ:
    jax.config.update("jax_disable_most_optimizations", True)
jax.config.update("jax_num_cpu_devices", 2)
jax.config.update("jax_numpy_dtype_promotion", "strict")
jax.config.update("jax_numpy_rank_promotion", "raise")

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


@pytest.fixture(scope="module")
def worker():
    """Returns a function that starts `toy_training.py ARGUMENTS` with a changed environment."""
    import toy_training  # imports what trains, which few tests need

    started = []

    def start(*arguments, devices=1, **environment):
        process = subprocess.Popen(
            [sys.executable, Path(toy_training.__file__), *map(str, arguments)],
            env={
                **os.environ,
                "XLA_FLAGS": f"--xla_force_host_platform_device_count={devices}",
                "JAX_COMPILATION_CACHE_DIR": str(jax.config.jax_compilation_cache_dir),
                **environment,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()
