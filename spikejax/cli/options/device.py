"""The device that a command computes on, and where compiled programs are kept."""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from spikejax.cli.options.recording import Device


@contextlib.contextmanager
def computing_on(device: Device | None) -> Iterator[None]:
    """Computes on a device within the block.

    Args:
        device: None for JAX's own choice, the fastest there is.

    Raises:
        ValueError: if the machine has none, or this JAX cannot use it.
    """
    if "jax" not in sys.modules:
        if device is Device.cpu:
            os.environ["JAX_PLATFORMS"] = "cpu"  # so that no GPU is initialised nor its memory held
        _keep_compiled_programs()
    import jax

    if device is None:
        yield
        return
    try:
        chosen = jax.devices(device.value)[0]
    except RuntimeError:
        there = ", ".join(sorted({d.platform for d in jax.devices()} | {"cpu"}))
        raise ValueError(
            f"--device {device.value}: there is none that JAX can use here; there is: {there}"
        ) from None
    with jax.default_device(chosen):
        yield


def _keep_compiled_programs() -> None:
    """Lets the next run find what this one compiles, unless the user has chosen where."""
    if "JAX_COMPILATION_CACHE_DIR" in os.environ:
        return
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = home / "spikejax" / "compiled"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return  # a home that cannot be written to: compile anew each time
    os.environ["JAX_COMPILATION_CACHE_DIR"] = str(folder)
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.5")
