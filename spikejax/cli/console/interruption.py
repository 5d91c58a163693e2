"""Ctrl-C, remembered where Python swallows it and delayed during imports.

Python drops an exception that is raised inside a callback of the JAX runtime. An interrupted import
of a compiled module crashes the process. This module imports the standard library alone.
"""

import _thread
import signal
import threading
from types import FrameType

EXIT_CODE = 130
"""The exit code of an interrupted command."""

_asked = False
_IMPORT = "<frozen importlib._bootstrap>"


def listen() -> None:
    """Installs the handler of SIGINT, which remembers an interruption and raises it."""
    signal.signal(signal.SIGINT, _remember)


def was_asked() -> bool:
    """Returns whether an interruption was requested."""
    return _asked


def answered() -> None:
    """Forgets an interruption that was the regular end of a command."""
    global _asked  # noqa: PLW0603
    _asked = False


def check() -> None:
    """Raises KeyboardInterrupt if an interruption was requested and swallowed."""
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
