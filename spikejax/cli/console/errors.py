"""Bad input is one line and exit code 2; Ctrl-C is exit code 130."""

import re
import sys
import traceback
from collections.abc import Sequence
from typing import Any

import typer
from typer.core import TyperGroup

from spikejax.cli.console import interruption

BAD_INPUT = 2
INTERRUPTED = 130

# What a wrong command line raises; its class is not among typer's public names.
_UsageError: type[Exception] = typer.BadParameter.__mro__[1]

# The library's messages speak of its arguments; here they are options.
_ARGUMENT = re.compile(
    r"\b(height|width|stored_width|time_axis|key|bit_order|batch_size|trained_gain|margin)"
    r"=('?)([^\s']*)\2"
)


class Commands(TyperGroup):
    """A group of commands that ends with one clear line wherever the input is at fault."""

    def main(self, args: Sequence[str] | None = None, *rest: Any, **options: Any) -> Any:
        """Runs the command line; `--debug` may stand anywhere in it."""
        words = list(sys.argv[1:] if args is None else args)
        debug = "--debug" in words
        words = [word for word in words if word != "--debug"]
        if not options.pop("standalone_mode", True):
            return super().main(words, standalone_mode=False, **options)
        try:
            status = super().main(words, standalone_mode=False, **options)
        except (KeyboardInterrupt, typer.Abort):
            status = INTERRUPTED
        except Exception as error:
            message = explain(error)
            if message is None:
                raise
            if debug:
                traceback.print_exc()
            print(f"spikejax: error: {message}", file=sys.stderr)
            status = BAD_INPUT
        if interruption.was_asked():
            status = INTERRUPTED
        if status == INTERRUPTED:
            print("spikejax: interrupted", file=sys.stderr)
        sys.exit(status if isinstance(status, int) else 0)


def explain(error: Exception) -> str | None:
    """Says in one line what is wrong with the input.

    Args:
        error: what a command raised.

    Returns:
        The line, or None if it is not the input that is at fault.
    """
    if isinstance(error, _UsageError):
        return _usage(error)
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        return _one_line(f"{where}{error.strerror}")
    if isinstance(error, ValueError | OSError):
        return _one_line(str(error))
    if isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in str(error):
        return (
            "not enough memory; try --device cpu, or --tile or a smaller --batch-size where "
            "the command has them"
        )
    return None


def _usage(error: Any) -> str:
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "spikejax"
    return _one_line(f"{error.format_message().rstrip('.')} (see {path} --help)")


def _one_line(text: str) -> str:
    return _ARGUMENT.sub(_option, " ".join(text.split()))


def _option(match: re.Match[str]) -> str:
    name = {"trained_gain": "gain"}.get(match[1], match[1]).replace("_", "-")
    return f"--{name} {match[3]}".rstrip()
