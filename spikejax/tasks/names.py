"""Names and fields of configurations that earlier versions saved."""

from collections.abc import Mapping
from typing import Any

from spikejax import models

BEFORE = {
    "data.interpolated": 0.0,
    "loss.dither": False,
    "loss.teacher_mse": 0.0,
    "teacher.blind": True,
    "teacher.stir": "",
}
"""Values of these fields in saved configurations that lack them; tasks use the same defaults."""

_RENAMED_TASKS = {"sr": "edsr"}


def task_of(config: Any) -> str:
    """Returns the name of the task of a configuration.

    Args:
        config: configuration with `task`. 'sr' is an earlier name of 'edsr'. The name of a network
            with a window means the task 'reconstruction'.
    """
    name = _RENAMED_TASKS.get(config.task, config.task)
    return "reconstruction" if _is_windowed(name) else name


def model_of(config: Any) -> str:
    """Returns the network that a configuration names; without one, the name of the task.

    Raises:
        ValueError: if task and model name two networks, or nothing names one.
    """
    model, task = config.get("model", ""), config.task
    if model and _is_windowed(task) and model != task:
        raise ValueError(f"model: the task names {task!r}, the model {model!r}; give one of them")
    if not model and task == "reconstruction":
        raise ValueError("model: expected the network to train, such as --config.model=lrn")
    return model or task


def upgrade(saved: Mapping[str, Any]) -> dict[str, Any]:
    """Converts a saved configuration to the names of this version.

    Args:
        saved: plain JSON values.

    Returns:
        A new dict.
    """
    config = dict(saved)
    name = config.get("task", "")
    if _is_windowed(name) and not config.get("model"):
        config |= {"task": "reconstruction", "model": name}
    config["task"] = _RENAMED_TASKS.get(config.get("task", ""), config.get("task", ""))
    if "sr" in config.get("teacher", {}):
        teacher = dict(config["teacher"])
        config["teacher"] = {"edsr": teacher.pop("sr"), **teacher}
    return config


def _is_windowed(name: str) -> bool:
    return name in models.names() and models.create(name).window is not None
