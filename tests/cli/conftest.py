"""The command run in this process, on a small recording."""

import re

import numpy as np
import pytest
from typer.testing import CliRunner

from spikejax.cli import app
from spikejax.formats import write_dat


@pytest.fixture
def spikejax(monkeypatch, tmp_path):
    """Runs `spikejax WORDS` in an empty folder; returns its exit code, output and error text."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", "set elsewhere")

    def run(*words):
        result = CliRunner().invoke(app, [str(word) for word in words])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.output
        return result

    return run


@pytest.fixture
def recording(tmp_path):
    rng = np.random.default_rng(7)
    rates = rng.uniform(0.1, 0.6, (24, 40))
    spikes = (rng.random((101, 24, 40)) < rates).astype(np.uint8)
    write_dat(tmp_path / "scene.dat", spikes, sidecar={"rate_hz": 20000.0, "gain": 0.5})
    return spikes


@pytest.fixture
def refused(spikejax, tmp_path):
    """Runs a command that must fail in one line, with exit code 2, leaving no new file."""

    def run(*words, match):
        before = sorted(tmp_path.rglob("*"))
        result = spikejax(*words)
        lines = [line for line in result.stderr.splitlines() if line.startswith("spikejax: ")]
        assert result.exit_code == 2, result.output
        assert len(lines) == 1
        assert re.search(match, lines[0]), lines[0]
        assert "Traceback" not in result.output
        assert sorted(tmp_path.rglob("*")) == before

    return run
