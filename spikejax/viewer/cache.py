"""A cache bounded in bytes, which forgets what was used longest ago."""

import collections
import threading
from collections.abc import Hashable
from typing import Generic, Protocol, TypeVar


class Sized(Protocol):
    """A value that knows its size, such as an array."""

    @property
    def nbytes(self) -> int:
        """Bytes."""


V = TypeVar("V", bound=Sized)


class BytesCache(Generic[V]):
    """Values by key, together at most `limit` bytes; for several threads."""

    def __init__(self, limit: int) -> None:
        """Creates an empty cache.

        Args:
            limit: bytes of all values together.
        """
        self._limit = limit
        self._values: collections.OrderedDict[Hashable, V] = collections.OrderedDict()
        self._lock = threading.Lock()
        self.nbytes = 0

    def get(self, key: Hashable) -> V | None:
        """Returns the value of a key, or None."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
            return self._values.get(key)

    def put(self, key: Hashable, value: V) -> None:
        """Keeps a value, unless it is larger than the whole cache."""
        with self._lock:
            old = self._values.pop(key, None)
            self.nbytes -= 0 if old is None else old.nbytes
            if value.nbytes > self._limit:
                return
            self._values[key] = value
            self.nbytes += value.nbytes
            while self.nbytes > self._limit:
                _, dropped = self._values.popitem(last=False)
                self.nbytes -= dropped.nbytes
