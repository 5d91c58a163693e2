"""Selection of the platform that functions are traced for.

Some operators have a different form on CPU. Their results are equal up to rounding.
"""

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar

import jax

_platform: ContextVar[str | None] = ContextVar("platform", default=None)


@contextlib.contextmanager
def programs_for(platform: str) -> Iterator[None]:
    """Selects the forms of operators for a platform other than the default one.

    It takes effect while a function is traced. Use it to export from a CPU to an accelerator, to
    differentiate convolutions in forward mode on CPU (with 'gpu') and to compare forms. Functions
    that are already compiled do not change.

    Args:
        platform: 'cpu', 'gpu' (or 'cuda', 'rocm') or 'tpu'.

    Raises:
        ValueError: if the platform is unknown.
    """
    if platform not in ("cpu", "gpu", "cuda", "rocm", "tpu"):
        raise ValueError(f"programs_for: expected 'cpu', 'gpu' or 'tpu', got {platform!r}")
    token = _platform.set(platform)
    try:
        yield
    finally:
        _platform.reset(token)


def on_cpu() -> bool:
    """Returns whether functions are traced for a CPU, and not for an accelerator."""
    device = jax.config.jax_default_device  # type: ignore[attr-defined]
    chosen = device if isinstance(device, str) else getattr(device, "platform", None)
    return (_platform.get() or chosen or jax.default_backend()) == "cpu"
