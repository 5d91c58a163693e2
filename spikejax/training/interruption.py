"""Deferral of SIGTERM and Ctrl-C to the end of a step."""

import signal
import threading
from types import FrameType
from typing import Any

import jax
from jax.experimental import multihost_utils


class Interruption:
    """A context that records SIGTERM and the first Ctrl-C instead of acting on them.

    With several processes, JAX's own service records SIGTERM and notifies all of them. Ctrl-C then
    ends the process at once, as elsewhere.

    Attributes:
        signal: number of the recorded signal, 0 for none.
    """

    def __init__(self) -> None:
        self.signal = 0
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "Interruption":
        # Python delivers signals to the main thread only.
        if jax.process_count() == 1 and threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                self._before[number] = signal.signal(number, self._take)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def asked(self, step: int) -> bool:
        """Returns whether the run should end before this step, the same on all processes."""
        if jax.process_count() > 1 and multihost_utils.reached_preemption_sync_point(step):
            self.signal = signal.SIGTERM
        return bool(self.signal)

    def _take(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGINT and self.signal:
            raise KeyboardInterrupt  # the second Ctrl-C ends at once
        self.signal = number
