"""How good the network is by now, on batches that stay the same throughout."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from spikejax import metrics
from spikejax.parallel import Parallel
from spikejax.tasks import Batch, Task, Variables
from spikejax.training.prefetch import BatchIterator

_SHOWN = 4


class Validation:
    """A fixed set of batches and the measures of a task over them."""

    def __init__(
        self, task: Task, parallel: Parallel, source: BatchIterator, *, batches: int
    ) -> None:
        self._task, self._parallel = task, parallel
        # On the host, so that they take no room on the device.
        self._batches = [jax.device_get(next(source)) for _ in range(batches)]
        measures = {name: getattr(metrics, name) for name in task.metrics}

        def measure(variables: Variables, batch: Batch) -> dict[str, Any]:
            predicted, target = task.predict(variables, batch), task.target(batch)
            return {name: f(predicted, target) for name, f in measures.items()}

        self._measure = parallel.means(measure)
        self._show: Callable[[Variables, Batch], Any] = jax.jit(self._panels)

    def scores(self, variables: Variables) -> dict[str, float]:
        """The mean of each measure over all examples."""
        spread = self._parallel.spread
        rows = [self._measure(variables, spread(batch)) for batch in self._batches]
        return {name: float(np.mean([row[name] for row in rows])) for name in self._task.metrics}

    def picture(self, variables: Variables) -> np.ndarray:
        """Input, output and target side by side, an example a row, (H, 3 W, C) in [0, 1]."""
        few = jax.tree.map(lambda x: x[:_SHOWN], self._batches[0])
        return np.asarray(self._show(jax.device_get(variables), few))

    def _panels(self, variables: Variables, batch: Batch) -> jax.Array:
        task = self._task
        parts = task.preview(batch), task.predict(variables, batch), task.target(batch)
        rows = jnp.concatenate(parts, 2)[:_SHOWN]
        return rows.reshape(-1, *rows.shape[2:])
