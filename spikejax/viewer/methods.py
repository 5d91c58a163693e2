"""The methods that the page offers: classical ones, and networks with weights."""

import dataclasses
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from spikejax import inference
from spikejax.inference import Method

QUICK = ("tfp", "tfi")
"""Methods that are fast enough to follow a movement of the slider."""

STREAM_LIMIT = 20_000
"""Readouts that a method which starts at the first readout may read for one image."""


@dataclasses.dataclass(frozen=True)
class Choice:
    """A method with its weights.

    Attributes:
        id: what the page calls it: the method's name, with `:N` for the N-th given file.
        name: the method's name.
        label: its name on the page.
        description: one line.
        weights: a file of weights; None for those that ship, or for a classical method.
    """

    id: str
    name: str
    label: str
    description: str
    weights: Path | None = None

    @property
    def quick(self) -> bool:
        """Whether an image takes milliseconds."""
        return self.name in QUICK

    @property
    def window(self) -> int | None:
        """Readouts that an image of a network needs; None for a classical method."""
        from spikejax import models

        return None if inference.is_classical(self.name) else models.create(self.name).window

    def to_dict(self) -> dict[str, Any]:
        """Returns what the page is told."""
        return {
            "id": self.id,
            "name": self.name,
            "label": self.label,
            "description": self.description,
            "quick": self.quick,
            "classical": inference.is_classical(self.name),
            "window": self.window,
            "weights": None if self.weights is None else self.weights.name,
        }


class Methods(Mapping[str, Choice]):
    """The choices by id, and the methods themselves, which are made when they are first used."""

    def __init__(self, weights: Sequence[tuple[str, Path]] = ()) -> None:
        """Lists the methods.

        Args:
            weights: files of weights and the networks that they are for.

        Raises:
            ValueError: if there is no such network.
        """
        chosen = [
            Choice(name, name, _label(name), inference.describe(name))
            for name in inference.available_methods()
        ]
        for number, (name, path) in enumerate(weights, 1):
            if name not in inference.network_names():
                known = ", ".join(inference.network_names())
                raise ValueError(f"weights: there is no network {name!r}; there are {known}")
            label = f"{_label(name)} ({path.name})"
            chosen.append(Choice(f"{name}:{number}", name, label, inference.describe(name), path))
        self._choices = {choice.id: choice for choice in chosen}
        self._made: dict[tuple[str, int | None], Method] = {}
        self._lock = threading.Lock()

    def __getitem__(self, id: str) -> Choice:
        if id not in self._choices:
            raise ValueError(f"method: expected {', '.join(self._choices)}, got {id!r}")
        return self._choices[id]

    def __iter__(self) -> Any:
        return iter(self._choices)

    def __len__(self) -> int:
        return len(self._choices)

    def make(self, id: str, window: int | None = None) -> Method:
        """Returns a method with its weights; those of a network are kept.

        Raises:
            ValueError: if the weights do not fit, or the window.
            OSError: if the file of the weights cannot be read.
        """
        choice = self[id]
        if inference.is_classical(choice.name):
            return inference.create_method(choice.name, window=window)
        with self._lock:
            key = (id, None)
            if key not in self._made:
                self._made[key] = inference.create_method(choice.name, weights=choice.weights)
            return self._made[key]


def _label(name: str) -> str:
    if name in inference.CLASSICAL:
        return inference.CLASSICAL[name].label
    from spikejax import models

    return models.create(name).label or name.upper()
