"""The `spikejax` command: one file per sub-command, no arithmetic.

Importing this package loads the standard library alone, so that `main` handles Ctrl-C before it
imports anything that takes time. `spikejax --help` loads neither JAX nor numpy.
"""

import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

from spikejax.cli.console import interruption

if TYPE_CHECKING:
    from spikejax.cli.application import app

__all__ = ["app", "main"]


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Runs the command and exits; the console script of the package.

    Args:
        arguments: the command line without the program's name; None for that of this process.

    Raises:
        SystemExit: always; with code 2 for bad input, 143 after SIGTERM.
    """
    try:
        signal.signal(signal.SIGTERM, _exit)
        interruption.listen()
        from spikejax.cli.application import run

        run(arguments)
    except KeyboardInterrupt:
        print("spikejax: interrupted", file=sys.stderr)
    except SystemExit as end:
        if end.code != interruption.EXIT_CODE:
            raise
    # A computation may still be running: do not wait for it.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(interruption.EXIT_CODE)


def _exit(number: int, frame: FrameType | None) -> NoReturn:
    """Ends the process as an exception, so that partial files are removed."""
    raise SystemExit(128 + number)


def __getattr__(name: str) -> Any:
    if name == "app":
        from spikejax.cli.application import app

        return app
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
