"""A registry: things by name, each registered by the file that defines it."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

T = TypeVar("T", bound=Callable[..., Any])


class Registry(Generic[T]):
    """Factories by name.

    Attributes:
        kind: what is registered, in messages: 'network', 'task'.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._factories: dict[str, T] = {}

    def register(self, name: str) -> Callable[[T], T]:
        """Returns a decorator that makes a factory known as `name`; a later one replaces it."""

        def add(factory: T) -> T:
            self._factories[name] = factory
            return factory

        return add

    def names(self) -> tuple[str, ...]:
        """Returns the registered names, sorted."""
        return tuple(sorted(self._factories))

    def __getitem__(self, name: str) -> T:
        """Returns a factory.

        Raises:
            ValueError: if nothing is registered under this name; the message lists the names.
        """
        if name not in self._factories:
            raise ValueError(
                f"there is no {self.kind} {name!r}; there are {', '.join(self.names())}"
            )
        return self._factories[name]
