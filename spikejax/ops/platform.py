"""For which platform a program is traced: some are put differently for processors.

What is computed is the same, up to rounding.
"""

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar

import jax

_platform: ContextVar[str | None] = ContextVar("platform", default=None)


@contextlib.contextmanager
def programs_for(platform: str) -> Iterator[None]:
    """Chooses the forms of programs for a platform other than the one in use.

    It matters while a function is traced: for exporting from a processor to an accelerator, for
    forward-mode differentiation of convolutions on a processor (with 'gpu') and for comparisons.
    Functions that are already compiled stay as they are.

    Args:
        platform: 'cpu', 'gpu' (or 'cuda', 'rocm') or 'tpu'.

    Raises:
        ValueError: if the platform is another.
    """
    if platform not in ("cpu", "gpu", "cuda", "rocm", "tpu"):
        raise ValueError(f"programs_for: expected 'cpu', 'gpu' or 'tpu', got {platform!r}")
    token = _platform.set(platform)
    try:
        yield
    finally:
        _platform.reset(token)


def on_processor() -> bool:
    """Whether what is traced now is for a processor, and not for an accelerator."""
    device = jax.config.jax_default_device  # type: ignore[attr-defined]
    chosen = device if isinstance(device, str) else getattr(device, "platform", None)
    return (_platform.get() or chosen or jax.default_backend()) == "cpu"
