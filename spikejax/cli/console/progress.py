"""How far a command is: a bar on a terminal, now and then a line in a log; always on stderr."""

import contextlib
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from spikejax.cli.console import interruption

T = TypeVar("T")
Advance = Callable[[int], None]

_LINE_EVERY_S = 10.0


def track(items: Iterable[T], label: str, total: int) -> Iterator[T]:
    """Shows how many of some items have been handed out.

    Args:
        items: what is gone through.
        label: what is being done with them: "reconstructing".
        total: how many there are.

    Yields:
        The items.
    """
    with progress(label, total) as advance:
        for item in items:
            interruption.check()
            yield item
            advance(1)


@contextlib.contextmanager
def progress(label: str, total: int | None) -> Iterator[Advance]:
    """Shows how far a work is.

    Args:
        label: what is being done.
        total: how many steps there are; None if that is not known.

    Yields:
        A function to be told how many more steps are done.
    """
    shown = _bar if sys.stderr.isatty() else _lines
    with shown(label, total) as advance:
        yield advance


@contextlib.contextmanager
def _bar(label: str, total: int | None) -> Iterator[Advance]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("[dim]left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as shown:
        task = shown.add_task(label, total=total)
        yield lambda steps: shown.advance(task, steps)


@contextlib.contextmanager
def _lines(label: str, total: int | None) -> Iterator[Advance]:
    started = said = time.monotonic()
    done = 0
    of = "" if total is None else f" of {total}"

    def advance(steps: int) -> None:
        nonlocal done, said
        done += steps
        now = time.monotonic()
        if now - said > _LINE_EVERY_S and done != total:
            said = now
            print(f"{label}: {done}{of}, {now - started:.0f} s", file=sys.stderr, flush=True)

    yield advance
    seconds = time.monotonic() - started
    print(f"{label}: {done}{of}, {seconds:.1f} s", file=sys.stderr, flush=True)
