"""How far a preparation is: a bar on a terminal, now and then a line in a log."""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator

Advance = Callable[[int, int], None]
"""Told how many clips of how many there are."""

_LINE_EVERY_S = 10.0


@contextlib.contextmanager
def progress(name: str) -> Iterator[Advance]:
    """Shows it on stderr.

    Args:
        name: of what is prepared.

    Yields:
        What is to be called after each clip.
    """
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

        columns = (*Progress.get_default_columns()[:2], MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True)) as shown:
            task = shown.add_task(name)
            yield lambda done, total: shown.update(task, completed=done, total=total)
        return
    said = time.monotonic()

    def advance(done: int, total: int) -> None:
        nonlocal said
        if time.monotonic() - said > _LINE_EVERY_S:
            said = time.monotonic()
            print(f"{name}: {done} of {total} clips", file=sys.stderr, flush=True)

    yield advance
