"""Ctrl-C, also where Python swallows it: inside a callback of the runtime that computes.

While a module is imported it waits: compiled modules that are interrupted there crash.
"""

import _thread
import signal
import threading
from types import FrameType

_asked = False
_IMPORT = "<frozen importlib._bootstrap>"


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
    if not _importing(frame):
        raise KeyboardInterrupt
    again = threading.Timer(0.02, _thread.interrupt_main)
    again.daemon = True
    again.start()


def _importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename == _IMPORT:
            return True
        frame = frame.f_back
    return False
