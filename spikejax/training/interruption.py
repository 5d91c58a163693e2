"""Being asked to end: SIGTERM and Ctrl-C, between two steps."""

import signal
from types import FrameType
from typing import Any


class Interruption:
    """A context in which SIGTERM and the first Ctrl-C are taken down and not acted upon.

    Attributes:
        number: of the signal that came, 0 for none.
    """

    def __init__(self) -> None:
        self.number = 0
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "Interruption":
        for number in (signal.SIGTERM, signal.SIGINT):
            self._before[number] = signal.signal(number, self._take)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def asked(self, step: int) -> bool:
        """Whether the run should end before this step, for all processes alike."""
        return bool(self.number)

    def _take(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGINT and self.number:
            raise KeyboardInterrupt
        self.number = number
