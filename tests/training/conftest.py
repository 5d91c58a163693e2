"""Training programs that run beside the tests and are killed at their end."""

import os
import subprocess
import sys
from pathlib import Path

import jax
import pytest
import toy_training


@pytest.fixture(scope="module")
def worker():
    """Returns a function that starts `toy_training.py ARGUMENTS` with a changed environment."""
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
