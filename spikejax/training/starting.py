"""The values that training begins with."""

import warnings
from typing import Any

import jax

from spikejax import weights
from spikejax.tasks import Task, Variables


def initial_variables(task: Task, config: Any) -> Variables:
    """Draws initial values, or reads them.

    Args:
        task: what is trained.
        config: `seed`, and `init_from`: a file of weights, 'shipped' for those that ship with the
            package, '' for random ones.

    Returns:
        Variables of the task.

    Raises:
        ValueError: if the weights cannot be read or are another network's.
    """
    if not config.init_from:
        return task.init(jax.random.key(config.seed))
    if config.init_from == "shipped":
        loaded = weights.load(task.model, model=task.model)
    else:
        loaded = weights.load_any(task.model, config.init_from)
    gain = weights.trained_gain(loaded)
    if gain != 1:
        warnings.warn(
            f"init_from: these weights predict intensity at a gain of {gain:g}, and are trained on "
            "to predict spikes a readout: their scale changes in the first steps",
            stacklevel=2,
        )
    return {name: value for name, value in loaded.items() if name != "constants"}
