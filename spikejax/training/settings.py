"""Default configuration of all runs; files in `configs/` change some of its fields.

Every field can be set on the command line: `--config.batch_size=8`, `--config.schedule.warmup=0`.
"""

from collections.abc import Mapping
from typing import Any

from ml_collections import ConfigDict

from spikejax import datasets, tasks


def default_config(**sections: Mapping[str, Any]) -> ConfigDict:
    """Returns a configuration with every field.

    Args:
        **sections: sections to add or to change, such as `tasks.exposure_defaults()`.

    Returns:
        task: its name. model: the network, for the task 'reconstruction'. seed: of initial values
        and data. steps: number of steps. batch_size: examples per step, over all devices.
        parallel: 'pmap' or 'jit'.
        accumulate: parts into which a device divides its share to save memory. chunk: windows
        through which the gradient of a recurrent network flows, 0 for all of a scene. clip: the
        largest norm of a gradient, 0 for any. ema: decay per step of the moving average of the
        parameters, 0 for none. dtype: of the activations, 'float32' or 'bfloat16'. init_from:
        weights to start from, a file, the folder of a run, or 'shipped'. failures: steps in a row
        with a loss that is not finite, after which the run stops.
        optimiser, schedule: see `training.schedules`. checkpoint: every `steps` and every `minutes`
        (0 for never); the newest `keep` and the best are kept. log: every `steps`. validation:
        every `steps` (0 for never) on `examples` drawn from `seed`, of another `split` of the data
        if there is one.
        data: see `datasets.batches`. loss: of the task.
    """
    config = ConfigDict(
        {
            "task": "",
            "model": "",
            "seed": 0,
            "steps": 10_000,
            "batch_size": 16,
            "parallel": "pmap",
            "accumulate": 1,
            "chunk": 0,
            "clip": 0.0,
            "ema": 0.0,
            "dtype": "float32",
            "init_from": "",
            "failures": 10,
            "optimiser": {
                "name": "adam",
                "learning_rate": 1e-3,
                "b1": 0.9,
                "b2": 0.999,
                "eps": 1e-8,
                "weight_decay": 0.0,
            },
            "schedule": {
                "name": "cosine",
                "warmup": 0,
                "final": 0.0,
                "milestones": (0.25, 0.5, 0.75),
                "factor": 0.7,
            },
            "checkpoint": {"steps": 1000, "minutes": 10.0, "keep": 2},
            "log": {"steps": 50},
            "validation": {"steps": 1000, "examples": 64, "seed": 1_000_003, "split": ""},
            "data": datasets.data_defaults(),
            "loss": {},
        }
    )
    config.update(sections)
    return config


def exposure_config() -> ConfigDict:
    """Returns a configuration with the fields of the deblurring tasks."""
    return default_config(**tasks.exposure_defaults())


def filled(saved: Mapping[str, Any]) -> ConfigDict:
    """Completes a saved configuration with the defaults of fields that are newer.

    Args:
        saved: plain JSON values.

    Returns:
        All fields of `default_config`, and any other saved field.
    """
    config = default_config()
    with config.ignore_type():  # JSON turns tuples into lists, and may turn 1.0 into 1
        config.update(tasks.upgrade(saved))
    return config


def notes(config: Any) -> list[str]:
    """Returns warnings for the log about a configuration that may not be intended.

    Args:
        config: see `default_config`.

    Returns:
        One line if the best weights are chosen on the split used for training, else none.
    """
    data, validation = config.data, config.validation
    if datasets.is_drawn(data) or not validation.steps:
        return []
    if validation.split not in ("", data.split):
        return []
    return [
        f"Validation uses the training split, {data.split!r}: set --config.validation.split to "
        "another one to choose the best weights on unseen data."
    ]


def check(config: Any) -> None:
    """Checks the numbers of a configuration.

    Args:
        config: see `default_config`.

    Raises:
        ValueError: naming the first field out of range, and its range.
    """
    least = {
        "steps": 1,
        "failures": 1,
        "chunk": 0,
        "clip": 0,
        "checkpoint.steps": 0,
        "checkpoint.minutes": 0,
        "checkpoint.keep": 1,
        "log.steps": 1,
        "validation.steps": 0,
        "validation.examples": 1,
        "data.windows": 1,
        "optimiser.learning_rate": 0,
        "optimiser.weight_decay": 0,
    }
    for name, lowest in least.items():
        value: Any = config
        for part in name.split("."):
            value = value[part]
        if not lowest <= value < float("inf"):
            raise ValueError(f"{name} is {value}, expected at least {lowest}")
    if not 0 <= config.ema < 1:
        raise ValueError(f"ema is {config.ema}, expected 0 to below 1")
    if config.dtype not in ("float32", "bfloat16"):
        raise ValueError(f"dtype is {config.dtype!r}, expected 'float32' or 'bfloat16'")
