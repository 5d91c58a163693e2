"""Ctrl-C, also where Python swallows it: inside a callback of the runtime that computes."""

import signal
from types import FrameType

_asked = False


def listen() -> None:
    """From now on an interruption is remembered as well as raised."""
    signal.signal(signal.SIGINT, _remember)


def was_asked() -> bool:
    """Says whether there was one."""
    return _asked


def check() -> None:
    """Raises KeyboardInterrupt if there was one that never arrived."""
    if _asked:
        raise KeyboardInterrupt


def _remember(number: int, frame: FrameType | None) -> None:
    global _asked  # noqa: PLW0603
    _asked = True
    raise KeyboardInterrupt
