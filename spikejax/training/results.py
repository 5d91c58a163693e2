"""Delayed reading of the results of steps, so that the device never waits for the host."""

import collections
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np

from spikejax.training.journal import Journal

_BEHIND = 2  # steps in flight: more would only fill the memory with batches


class NotFiniteError(RuntimeError):
    """Too many steps in a row had a loss that is not finite."""


class Results:
    """Passes the scalars of steps to the journal, and stops a run that no longer converges."""

    def __init__(
        self,
        journal: Journal,
        *,
        failures: int,
        folder: Path,
        gather: Callable[[Any], dict[str, Any]],
    ) -> None:
        """Prepares to take results.

        Args:
            journal: takes the scalars of each step.
            failures: steps in a row with a loss that is not finite, after which the run stops.
            folder: folder for the last batch of such a run.
            gather: the inverse of placing a batch on devices.
        """
        self._journal, self._failures = journal, failures
        self._folder, self._gather = folder, gather
        self._pending: collections.deque[tuple[Any, Any]] = collections.deque()

    def add(self, batch: Any, scalars: Any) -> None:
        """Adds the batch and the scalars of a step, without waiting for the step.

        Raises:
            NotFiniteError: if an earlier step was the last of too many that failed in a row.
        """
        self._pending.append((batch, scalars))
        self._look(_BEHIND)

    def wait(self) -> None:
        """Waits until all steps are done.

        Raises:
            NotFiniteError: if one of them was the last of too many that failed in a row.
        """
        self._look(0)

    def _look(self, remaining: int) -> None:
        while len(self._pending) > remaining:
            batch, scalars = self._pending.popleft()
            scalars = {name: float(value) for name, value in jax.device_get(scalars).items()}
            self._journal.add(scalars)
            if scalars["failed"] >= self._failures:
                path = self._folder / f"not_finite_{jax.process_index()}.npz"
                np.savez_compressed(path, **self._gather(batch))
                raise NotFiniteError(
                    f"the loss or its gradient was not finite in {self._failures} steps in a row; "
                    f"the last of their batches is in {path}"
                )
