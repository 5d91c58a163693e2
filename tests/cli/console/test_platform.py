"""A platform that JAX cannot compute on."""

import jax
import pytest

from spikejax.cli.console.platform import require_platform


@pytest.mark.parametrize(
    "error", [RuntimeError("Unable to initialize backend 'x':\n  no such"), AssertionError()]
)
def test_a_platform_that_is_not_there_is_one_line(monkeypatch, refused, error):
    def devices():
        raise error

    monkeypatch.setattr(jax, "devices", devices)
    monkeypatch.setenv("JAX_PLATFORMS", "x")
    with pytest.raises(ValueError, match=r"^JAX_PLATFORMS=x: [^\n]*set JAX_PLATFORMS=cpu"):
        require_platform()
    refused("demo", match="JAX_PLATFORMS=x: JAX cannot use this platform here")
