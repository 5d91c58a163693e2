"""Validation of a network on fixed batches."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from spikejax import metrics
from spikejax.parallel import Parallel
from spikejax.tasks import Batch, Task, Variables
from spikejax.training.prefetch import BatchIterator

_EXAMPLES = 4  # in the picture


class Validation:
    """A fixed set of batches and the metrics of a task over them."""

    def __init__(
        self, task: Task, parallel: Parallel, source: BatchIterator, *, batches: int
    ) -> None:
        """Takes the batches.

        Args:
            task: the task that is trained.
            parallel: distribution over devices.
            source: iterator over batches.
            batches: number of batches to take.
        """
        self._task, self._parallel = task, parallel
        # On the host, so that they use no memory of the device.
        self._batches = [jax.device_get(next(source)) for _ in range(batches)]
        functions = {name: getattr(metrics, name) for name in task.metrics}

        def score(variables: Variables, batch: Batch) -> dict[str, Any]:
            predicted, target = task.predict(variables, batch), task.target(batch)
            return {name: metric(predicted, target) for name, metric in functions.items()}

        self._score = parallel.means(score)
        self._draw: Callable[[Variables, Batch], Any] = jax.jit(self._panels)

    def scores(self, variables: Variables) -> dict[str, float]:
        """Returns the mean of each metric over all examples."""
        spread = self._parallel.spread
        rows = [self._score(variables, spread(batch)) for batch in self._batches]
        return {name: float(np.mean([row[name] for row in rows])) for name in self._task.metrics}

    def picture(self, variables: Variables) -> np.ndarray:
        """Draws input, output and target side by side, one row per example.

        Returns:
            (H, W, C) in [0, 1]: 4 examples high and 3 images wide.
        """
        few = jax.tree.map(lambda x: x[:_EXAMPLES], self._batches[0])
        return np.asarray(self._draw(jax.device_get(variables), few))

    def _panels(self, variables: Variables, batch: Batch) -> jax.Array:
        task = self._task
        parts = task.preview(batch), task.predict(variables, batch), task.target(batch)
        rows = jnp.concatenate(parts, 2)[:_EXAMPLES]
        return rows.reshape(-1, *rows.shape[2:])
