"""Initial variables of training."""

import warnings
from typing import Any

import jax

from spikejax import weights
from spikejax.tasks.task import Task, Variables


def initial_variables(task: Task, config: Any) -> Variables:
    """Draws or reads the initial variables of a task.

    Args:
        task: the task that is trained.
        config: `seed`, and `init_from`: a file of weights, the folder of a run, 'shipped' for the
            bundled weights, '' for random ones.

    Returns:
        Variables of the task.

    Raises:
        ValueError: if the weights cannot be read or are those of another network.
    """
    if not config.init_from:
        return task.init(jax.random.key(config.seed))
    loaded = weights.resolve(task.model, config.init_from)
    gain = weights.trained_gain(loaded)
    if gain != 1:
        warnings.warn(
            f"init_from: these weights predict intensity at a gain of {gain:g}, but training is on "
            "spikes per readout; their scale changes in the first steps",
            stacklevel=2,
        )
    return weights.without_constants(loaded)
