"""What can be trained: a `Task` is a network, its loss and its evaluation, as pure functions."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from jax import Array

from spikejax.datasets.batch import Batch

Variables = Mapping[str, Any]
Scalars = dict[str, Array]
Loss = Callable[[Any, Any, Batch, Array], tuple[Array, tuple[Any, Scalars]]]


@dataclasses.dataclass(frozen=True)
class Task:
    """Everything that the training loop has to know of what it trains.

    Attributes:
        name: as given to `tasks.create`.
        model: the network's name, under which its weights are written.
        window: readouts that one prediction needs.
        init: key -> variables {'params', and 'batch_stats' if there are any}.
        loss: (params, batch_stats, batch, key) -> (loss, (new batch_stats, scalars)), where the
            scalars are the terms of the loss, unweighted, by name.
        predict: (variables, batch) -> images (N, H, W, C) in [0, 1], in evaluation mode.
        target: batch -> what `predict` should give, of the same shape.
        preview: batch -> what a person would see of the input, of the same shape.
        metrics: names in `spikejax.metrics` of measures of predict(...) against target(...); the
            first one decides which weights are best, and more is better.
        notes: lines for the log, such as a term of the loss that is left out.
    """

    name: str
    model: str
    window: int
    init: Callable[[Array], Variables]
    loss: Loss
    predict: Callable[[Variables, Batch], Array]
    target: Callable[[Batch], Array]
    preview: Callable[[Batch], Array]
    metrics: tuple[str, ...] = ("psnr", "ssim")
    notes: tuple[str, ...] = ()


Factory = Callable[..., Task]
_FACTORIES: dict[str, Factory] = {}


def register(name: str) -> Callable[[Factory], Factory]:
    """Decorator: makes `factory(config, *, axis_name) -> Task` known to `create` as `name`."""

    def add(factory: Factory) -> Factory:
        _FACTORIES[name] = factory
        return factory

    return add


def names() -> tuple[str, ...]:
    """The tasks that `create` knows, sorted."""
    return tuple(sorted(_FACTORIES))


def create(config: Any, *, axis_name: str | None = None) -> Task:
    """Makes the task that a training configuration describes.

    Args:
        config: with `task`, `dtype`, `loss` and `data`, as in `configs/`.
        axis_name: a mapped axis over which batch statistics are pooled.

    Returns:
        The task.

    Raises:
        ValueError: if there is no such task, or the configuration does not fit it.
    """
    if config.task not in _FACTORIES:
        raise ValueError(f"there is no task {config.task!r}; there are {', '.join(names())}")
    return _FACTORIES[config.task](config, axis_name=axis_name)
