"""Error messages and exit codes: 2 with one line for bad input, 130 after Ctrl-C."""

import re
import sys
import traceback
from collections.abc import Sequence
from typing import Any

import typer
from typer.core import TyperGroup

from spikejax.cli.console import interruption

BAD_INPUT = 2
"""The exit code for bad input."""

# Typer raises it for a wrong command line but does not export it.
_UsageError: type[Exception] = typer.BadParameter.__mro__[1]

# Library messages name Python arguments; the command line names options.
_ARGUMENT = re.compile(
    r"\b(height|width|stored_width|time_axis|key|bit_order|batch_size|trained_gain|margin|frames"
    r"|manual_dir|data_dir|format|gain|method|overwrite)=('?)([^\s']*)\2"
)


class Commands(TyperGroup):
    """A group of commands that reports bad input in one line."""

    def main(self, args: Sequence[str] | None = None, *rest: Any, **options: Any) -> Any:
        """Runs the command line; `--debug` and `--import` may stand anywhere in it."""
        words = list(sys.argv[1:] if args is None else args)
        debug = "--debug" in words
        words = [word for word in words if word != "--debug"]
        words, imports = _imports_in(words)
        if not options.pop("standalone_mode", True):
            _import(imports)
            return super().main(words, standalone_mode=False, **options)
        try:
            _import(imports)
            status = super().main(words, standalone_mode=False, **options)
        except (KeyboardInterrupt, typer.Abort):
            status = interruption.EXIT_CODE
        except Exception as error:
            message = explain(error)
            if message is None:
                raise
            if debug:
                traceback.print_exc()
            print(f"spikejax: error: {message}", file=sys.stderr)
            status = BAD_INPUT
        if interruption.was_asked():
            status = interruption.EXIT_CODE
        if status == interruption.EXIT_CODE:
            print("spikejax: interrupted", file=sys.stderr)
        sys.exit(status if isinstance(status, int) else 0)


def _imports_in(words: list[str]) -> tuple[list[str], list[str]]:
    """Takes `--import FILE` and `--import=FILE` out of a command line."""
    rest, files = [], []
    remaining = iter(words)
    for word in remaining:
        if word == "--import":
            files.append(next(remaining, ""))
        elif word.startswith("--import="):
            files.append(word.removeprefix("--import="))
        else:
            rest.append(word)
    return rest, files


def _import(files: list[str]) -> None:
    """Runs Python files that register networks."""
    if not files:
        return
    from spikejax.cli.console.compilation_cache import keep_compiled_programs

    keep_compiled_programs()
    from spikejax import models

    for file in files:
        models.import_file(file)


def explain(error: Exception) -> str | None:
    """Describes bad input in one line.

    Args:
        error: the exception that a command raised.

    Returns:
        The line, or None if the input is not at fault.
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
    value = "" if match[3] == "True" else match[3]
    return f"--{name} {value}".rstrip()
