"""Preparation of batches in a thread while the device computes."""

import queue
import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

import jax


class BatchIterator(Protocol):
    """An endless iterator over batches whose position can be saved and restored."""

    def __next__(self) -> Any:
        """Returns the part of the next batch of this process."""

    def get_state(self) -> dict[str, Any]:
        """Returns the position, as plain JSON values."""

    def set_state(self, state: dict[str, Any]) -> None:
        """Restores a position from `get_state`."""


class Prefetch:
    """An iterator that prepares the batches of another one in a thread.

    Attributes:
        waited: seconds that `__next__` has waited so far.
    """

    def __init__(
        self, source: BatchIterator, *, place: Callable[[Any], Any] = lambda b: b, ahead: int = 2
    ) -> None:
        """Starts the thread.

        Args:
            source: iterator over batches.
            place: puts a batch onto its devices.
            ahead: batches prepared in advance, at least 2; 0 for no thread: a batch is then
                prepared when it is requested.

        Raises:
            ValueError: if `ahead` is neither 0 nor at least 2.
        """
        if ahead < 2 and ahead != 0:  # one in preparation, the others in a bounded queue
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
        """Returns the next batch, placed on its devices."""
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
        """Returns the position of the source after the batch that `__next__` returned last."""
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
            # Batches computed on a device are waited for here, so that `waited` counts them too.
            batch = jax.block_until_ready(self._place(next(self._source)))
            self._ready.put((batch, self._source.get_state(), None))
        except BaseException as error:  # `__next__` raises it
            self._ready.put((None, None, error))
            return False
        return True
