"""The next batch, made while the device is busy with this one, where it may be."""

import queue
import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

import jax


class BatchIterator(Protocol):
    """Batches without end, whose position can be taken down and taken up again."""

    def __next__(self) -> Any:
        """This process's part of the next batch."""

    def get_state(self) -> dict[str, Any]:
        """Where it stands, in plain JSON values."""

    def set_state(self, state: dict[str, Any]) -> None:
        """Goes to where it stood."""


class Prefetch:
    """Takes batches from an iterator in a thread of its own, `ahead` (at least 2) before its turn.

    With `ahead` 0 there is no thread, and a batch is made when it is asked for.

    Attributes:
        waited: seconds that `__next__` has had to wait so far.
    """

    def __init__(
        self, source: BatchIterator, *, place: Callable[[Any], Any] = lambda b: b, ahead: int = 2
    ) -> None:
        if ahead < 2 and ahead != 0:  # one being made, the others in a queue, which has a bound
            raise ValueError(f"ahead: expected at least 2 batches, or 0, got {ahead}")
        self.waited = 0.0
        self._source, self._place = source, place
        self._state = source.get_state()
        room = max(ahead - 1, 1)
        self._ready: queue.Queue[tuple[Any, Any, BaseException | None]] = queue.Queue(room)
        self._closed = threading.Event()
        self._thread = None
        if ahead:
            self._thread = threading.Thread(target=self._run, name="prefetch", daemon=True)
            self._thread.start()

    def __next__(self) -> Any:
        """The next batch, placed on its devices."""
        began = time.perf_counter()
        if self._thread is None and self._ready.empty():
            self._make()
        batch, state, error = self._ready.get()
        self.waited += time.perf_counter() - began
        if error is not None:
            self._ready.put((None, None, error))
            raise error
        self._state = state
        return batch

    def get_state(self) -> dict[str, Any]:
        """Where the source stood after the batch that `__next__` gave last."""
        return self._state

    def close(self) -> None:
        """Stops the thread."""
        self._closed.set()
        while self._thread is not None and self._thread.is_alive():
            try:
                self._ready.get(timeout=0.05)
            except queue.Empty:
                continue

    def _run(self) -> None:
        while not self._closed.is_set() and self._make():
            continue

    def _make(self) -> bool:
        try:
            # Ready before it is handed on: a batch that a device still makes is waited for, and
            # counted as waited for, like one that is read.
            batch = jax.block_until_ready(self._place(next(self._source)))
            self._ready.put((batch, self._source.get_state(), None))
        except BaseException as error:  # it belongs to whoever waits for the batch
            self._ready.put((None, None, error))
            return False
        return True
