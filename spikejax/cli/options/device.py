"""The device that a command computes on, and the cache of compiled programs."""

import contextlib
import os
import sys
from collections.abc import Iterator

from spikejax.cli.console.compilation_cache import keep_compiled_programs
from spikejax.cli.console.platform import require_platform
from spikejax.cli.options.recording import Device


@contextlib.contextmanager
def computing_on(device: Device | None) -> Iterator[None]:
    """Makes a device the default of JAX within the block.

    Args:
        device: the device; None for JAX's default, the fastest available one.

    Raises:
        ValueError: if the machine has no such device, this JAX cannot use it, or JAX_PLATFORMS
            names a platform that is not available.
    """
    if "jax" not in sys.modules:
        if device is Device.cpu:
            os.environ["JAX_PLATFORMS"] = "cpu"  # does not initialise a GPU or reserve its memory
        keep_compiled_programs()
    import jax

    if device is not Device.cpu:
        require_platform()
    if device is Device.cpu:  # JAX may be loaded already, by --import
        jax.config.update("jax_platforms", "cpu")
    if device is None:
        yield
        return
    try:
        chosen = jax.devices(device.value)[0]
    except RuntimeError:
        available = ", ".join(sorted({d.platform for d in jax.devices()} | {"cpu"}))
        raise ValueError(
            f"--device {device.value}: there is none that JAX can use; available: {available}"
        ) from None
    with jax.default_device(chosen):
        yield
