"""A thread that does the newest work first and drops what nobody waits for any more."""

import collections
import concurrent.futures
import threading
from collections.abc import Callable, Hashable
from typing import Any

Work = Callable[[], Any]


class Superseded(Exception):  # noqa: N818 - it is no error
    """A newer request of the same client took the place of this one before it began."""


class Worker:
    """One thread with a place per key: a client's picture, say.

    A new piece of work takes the place of the one that waits under the same key. Among the keys the
    newest work is done first.
    """

    def __init__(self, name: str, *, places: int = 64) -> None:
        """Starts the thread.

        Args:
            name: of the thread.
            places: keys that may wait at once; the oldest gives way.
        """
        self._waiting: collections.OrderedDict[
            Hashable, tuple[Work, concurrent.futures.Future[Any]]
        ] = collections.OrderedDict()
        self._places = places
        self._changed = threading.Condition()
        self._closed = False
        self._busy = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def idle(self) -> bool:
        """Whether nothing runs and nothing waits."""
        with self._changed:
            return not self._busy and not self._waiting

    def submit(self, key: Hashable, work: Work) -> concurrent.futures.Future[Any]:
        """Asks for a piece of work.

        Args:
            key: the place in which it waits.
            work: the work.

        Returns:
            The future result; `Superseded` is its exception if a newer one took its place.
        """
        future: concurrent.futures.Future[Any] = concurrent.futures.Future()
        with self._changed:
            if self._closed:
                raise RuntimeError("the viewer is closed")
            dropped = [self._waiting.pop(key)] if key in self._waiting else []
            if len(self._waiting) >= self._places:
                dropped.append(self._waiting.popitem(last=False)[1])
            self._waiting[key] = work, future
            self._changed.notify()
        for _, old in dropped:
            _finish(old, error=Superseded())
        return future

    def close(self) -> None:
        """Drops what waits and ends the thread after the piece of work that runs."""
        with self._changed:
            self._closed = True
            waiting = list(self._waiting.values())
            self._waiting.clear()
            self._changed.notify()
        for _, future in waiting:
            _finish(future, error=Superseded())

    def _run(self) -> None:
        while True:
            with self._changed:
                self._busy = False
                while not self._waiting and not self._closed:
                    self._changed.wait()
                if self._closed:
                    return
                _, (work, future) = self._waiting.popitem()  # the newest
                self._busy = True
            if not future.set_running_or_notify_cancel():
                continue
            try:
                _finish(future, result=work())
            except BaseException as error:  # it belongs to the one who asked
                _finish(future, error=error)
            del work, future  # an idle thread keeps no image alive


def _finish(
    future: "concurrent.futures.Future[Any]",
    *,
    result: Any = None,
    error: BaseException | None = None,
) -> None:
    if future.cancelled():
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)
