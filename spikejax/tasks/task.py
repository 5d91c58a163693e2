"""`Task`: a network, its loss and its validation as pure functions, and the registry of tasks."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import jax

from spikejax.datasets.batch import Batch
from spikejax.registry import Registry
from spikejax.tasks.names import task_of

Variables = Mapping[str, Any]
Scalars = dict[str, jax.Array]
Loss = Callable[[Any, Any, Batch, jax.Array], tuple[jax.Array, tuple[Any, Scalars]]]


@dataclasses.dataclass(frozen=True)
class Task:
    """The interface between the training loop and a network that it trains.

    Attributes:
        name: name of the task, for `tasks.create`.
        model: name of the network, under which its weights are written.
        window: readouts that one prediction needs.
        init: key -> variables {'params', and 'batch_stats' if there are any}.
        loss: (params, batch_stats, batch, key) -> (loss, (new batch_stats, scalars)), where the
            scalars are the terms of the loss, unweighted, by name.
        predict: (variables, batch) -> images (N, H, W, C) in [0, 1], in evaluation mode.
        target: batch -> the ideal result of `predict`, of the same shape.
        preview: batch -> images of the input for display, of the same shape.
        metrics: names of metrics in `spikejax.metrics`, of predict(...) against target(...); the
            first one selects the best weights, and higher is better.
        notes: lines for the log, such as a term of the loss that is omitted.
    """

    name: str
    model: str
    window: int
    init: Callable[[jax.Array], Variables]
    loss: Loss
    predict: Callable[[Variables, Batch], jax.Array]
    target: Callable[[Batch], jax.Array]
    preview: Callable[[Batch], jax.Array]
    metrics: tuple[str, ...] = ("psnr", "ssim")
    notes: tuple[str, ...] = ()


Factory = Callable[..., Task]
_TASKS: Registry[Factory] = Registry("task")

register = _TASKS.register
"""Returns a decorator that registers `factory(config, *, axis_name) -> Task` under a name."""

names = _TASKS.names
"""Returns the names of the registered tasks, sorted."""


def create(config: Any, *, axis_name: str | None = None) -> Task:
    """Creates the task of a training configuration.

    Args:
        config: configuration with `task`, `dtype`, `loss` and `data`, as in `configs/`, and `model`
            for the task 'reconstruction'.
        axis_name: mapped axis over which batch statistics are pooled.

    Returns:
        The task.

    Raises:
        ValueError: if there is no such task, or the configuration does not fit it.
    """
    return _TASKS[task_of(config)](config, axis_name=axis_name)
