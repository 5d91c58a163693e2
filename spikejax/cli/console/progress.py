"""Progress on stderr: a bar on a terminal, occasional lines in a log."""

import contextlib
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from spikejax.cli.console import interruption

T = TypeVar("T")
Advance = Callable[[int], None]
"""Takes the number of further steps that are complete."""

_LINE_EVERY_S = 10.0


def track(items: Iterable[T], label: str, total: int) -> Iterator[T]:
    """Iterates over items and shows the progress.

    Args:
        items: the items.
        label: the work on them: "reconstructing".
        total: the number of items.

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
    """Shows the progress of some work.

    Args:
        label: the work.
        total: the number of steps; None if it is unknown.

    Yields:
        A function that takes the number of further steps that are complete.
    """
    display = _bar if sys.stderr.isatty() else _lines
    with display(label, total) as advance:
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
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(label, total=total)
        yield lambda steps: bar.advance(task, steps)


@contextlib.contextmanager
def _lines(label: str, total: int | None) -> Iterator[Advance]:
    started = printed = time.monotonic()
    done = 0
    of = "" if total is None else f" of {total}"

    def advance(steps: int) -> None:
        nonlocal done, printed
        done += steps
        now = time.monotonic()
        if now - printed > _LINE_EVERY_S and done != total:
            printed = now
            print(f"{label}: {done}{of}, {now - started:.0f} s", file=sys.stderr, flush=True)

    yield advance
    seconds = time.monotonic() - started
    print(f"{label}: {done}{of}, {seconds:.1f} s", file=sys.stderr, flush=True)
