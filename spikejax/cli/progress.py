"""How far a command is: a bar on a terminal, now and then a line in a log; always on stderr."""

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")

_LINE_EVERY_S = 10.0


def track(items: Iterable[T], label: str, total: int | None = None) -> Iterator[T]:
    """Shows how many of some items have been handed out.

    Args:
        items: what is gone through.
        label: what is being done with them: "reconstructing".
        total: how many there are; None if that is not known.

    Yields:
        The items.
    """
    if sys.stderr.isatty():
        yield from _bar(items, label, total)
    else:
        yield from _lines(items, label, total)


def _bar(items: Iterable[T], label: str, total: int | None) -> Iterator[T]:
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
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        yield from progress.track(items, total=total, description=label)


def _lines(items: Iterable[T], label: str, total: int | None) -> Iterator[T]:
    of = "" if total is None else f" of {total}"
    started = said = time.monotonic()
    count = 0
    for count, item in enumerate(items, 1):
        yield item
        now = time.monotonic()
        if now - said > _LINE_EVERY_S and count != total:
            said = now
            print(f"{label}: {count}{of}, {now - started:.0f} s", file=sys.stderr, flush=True)
    seconds = time.monotonic() - started
    print(f"{label}: {count}{of}, {seconds:.1f} s", file=sys.stderr, flush=True)
