"""The Typer application: its sub-commands and its global options."""

import importlib
import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NoReturn

import typer

import spikejax
from spikejax.cli.console.errors import Commands
from spikejax.cli.options.registry_help import RegistryCommand

COMMANDS = (
    "demo",
    "info",
    "view",
    "reconstruct",
    "deblur",
    "simulate",
    "evaluate",
    "prepare",
    "convert",
    "benchmark",
)
"""The sub-commands in the order of the help: `commands/NAME.py` defines the function NAME."""

app = typer.Typer(
    name="spikejax",
    cls=Commands,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)
for name in COMMANDS:
    command = getattr(importlib.import_module(f"spikejax.cli.commands.{name}"), name)
    app.command(cls=RegistryCommand)(command)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"spikejax {spikejax.__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _options(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", callback=_print_version, is_eager=True
        ),
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Print the traceback of an error; allowed anywhere.")
    ] = False,
    imports: Annotated[
        list[Path] | None,
        typer.Option(
            "--import",
            metavar="FILE.py",
            help="Run a Python file that registers a network; allowed anywhere, repeatable.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Turn spike-camera recordings and blurry photographs into sharp images and video.

    Start with `spikejax demo`: it makes a recording, reconstructs it and writes a picture.
    """
    if context.invoked_subcommand is None:
        print(context.get_help())


def run(arguments: Sequence[str] | None) -> NoReturn:
    """Runs the application and exits.

    Args:
        arguments: the command line without the program's name; None for that of this process.

    Raises:
        SystemExit: always.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that cannot encode a character prints a replacement.
            stream.reconfigure(errors="replace")
    sys.exit(app(arguments, prog_name="spikejax"))
