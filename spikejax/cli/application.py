"""The command itself: its sub-commands, and what holds for all of them."""

import io
import os
import signal
import sys
from types import FrameType
from typing import Annotated

import typer

import spikejax
from spikejax.cli.commands.benchmark import benchmark
from spikejax.cli.commands.convert import convert
from spikejax.cli.commands.deblur import deblur
from spikejax.cli.commands.demo import demo
from spikejax.cli.commands.evaluate import evaluate
from spikejax.cli.commands.info import info
from spikejax.cli.commands.reconstruct import reconstruct
from spikejax.cli.commands.simulate import simulate
from spikejax.cli.console import interruption
from spikejax.cli.console.errors import INTERRUPTED, Commands

app = typer.Typer(
    name="spikejax",
    cls=Commands,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)
for command in (demo, info, reconstruct, deblur, simulate, evaluate, convert, benchmark):
    app.command()(command)


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
        bool, typer.Option("--debug", help="Show where an error comes from; allowed anywhere.")
    ] = False,
) -> None:
    """Spike-camera recordings, and blurry photographs beside them, to sharp images and video.

    Start with `spikejax demo`: it makes a recording, reconstructs it and leaves a picture.
    """
    if context.invoked_subcommand is None:
        print(context.get_help())


def main() -> None:
    """Runs the command; the console script of the package."""
    signal.signal(signal.SIGTERM, _end)
    interruption.listen()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without a letter is no bad input
    try:
        app()
    except SystemExit as end:
        if end.code == INTERRUPTED:  # a computation may be running: do not wait, do not tear down
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(INTERRUPTED)
        raise


def _end(number: int, frame: FrameType | None) -> None:
    """Being told to end is like Ctrl-C: what is half-written goes."""
    raise SystemExit(128 + number)
