"""The configuration that all runs share; files in `configs/` change what they need to.

Every field can be given on the command line: `--config.batch_size=8`, `--config.schedule.warmup=0`.
"""

from collections.abc import Mapping
from typing import Any

from ml_collections import ConfigDict

from spikejax.camera import ExposureTiming

BEFORE = {
    "data.interpolated": 0.0,
    "loss.dither": False,
    "loss.teacher_mse": 0.0,
    "teacher.blind": True,
    "teacher.stir": "",
}
"""What runs did whose configuration lacks these fields, which tasks take for absent ones too."""


def default_config() -> ConfigDict:
    """Gives a configuration with every field that there is.

    Returns:
        task: its name. seed: of initial values and data. steps; batch_size: examples a step, over
        all devices. parallel: 'pmap' or 'jit'. accumulate: parts into which a device cuts its share
        to save memory. clip: the largest norm of a gradient, 0 for any. ema: how much of the moving
        average of the parameters remains in a step, 0 for none. dtype: of the activations,
        'float32' or 'bfloat16'. init_from: a file of weights to begin with, or 'shipped'. failures:
        steps in a row with a loss that is not finite, after which the run stops.
        optimiser, schedule: as `training.schedules` says. checkpoint: every so many `steps` and
        every so many `minutes` (0 for never), the newest `keep` and the best. log: every so many
        `steps`. validation: every so many `steps` (0 for never) on `examples` made from `seed`,
        of another `split` of the data if there is one.
        data: as `datasets.batches` says. loss: the task's.
    """
    return ConfigDict(
        {
            "task": "",
            "seed": 0,
            "steps": 10_000,
            "batch_size": 16,
            "parallel": "pmap",
            "accumulate": 1,
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
            "data": {
                "source": "synthetic",
                "folder": "",
                "split": "train",
                "augment": True,
                "workers": 0,
                "recording_gain": 0.0,
                "windows": 1,
                "size": 64,
                "gain": (0.3, 1.0),
                "ideal": 0.3,
                "interpolated": 0.0,
                "layers": 2,
                "speed": 0.2,
                "fastest": 2.0,
                "still": 0.05,
                "density": 1.5,
                "share": 4,
            },
            "loss": {},
        }
    )


def exposure_config() -> ConfigDict:
    """Gives a configuration of S-SDM's tasks, with the fields that only they have.

    Returns:
        As `default_config`, and exposure: `margin`, readouts before and after a photograph's
        exposure; `short`, readouts of a short average; `moments`, how many of the exposure a step
        trains on. data: `channels`, `exposure` and `moments` of the photographs, and `ssdm`, the
        share of cameras of the published simulator.
    """
    config = default_config()
    exposure = ExposureTiming()
    config.exposure = {"margin": exposure.margin, "short": exposure.short, "moments": 5}
    config.data.source = ""  # the pairs in data.folder if it is given, else scenes
    config.data.channels = 3
    config.data.exposure = exposure.readouts
    config.data.moments = exposure.times(5)
    config.data.ssdm = 0.5
    return config


def filled(saved: Mapping[str, Any]) -> ConfigDict:
    """A configuration as an earlier version saved it, with the defaults of newer fields.

    Args:
        saved: plain JSON values.

    Returns:
        All fields of `default_config`, and what else was saved.
    """
    config = default_config()
    with config.ignore_type():  # JSON has lists for tuples, and no telling 1 from 1.0
        config.update(saved)
    return config


def notes(config: Any) -> list[str]:
    """Lines for the log on what may not be meant.

    Args:
        config: as `default_config` says.

    Returns:
        That the best weights are chosen on what is trained on, if they are.
    """
    data, validation = config.data, config.validation
    # Those sources have no splits: another seed makes other scenes.
    made = data.source in ("synthetic", "photographs") or not (data.source or data.folder)
    if made or not validation.steps or validation.split not in ("", data.split):
        return []
    return [
        f"Validation is on the split that is trained on, {data.split!r}: give another one as "
        "--config.validation.split to choose the best weights on data that they have not seen."
    ]


def check(config: Any) -> None:
    """Makes sure that the numbers of a configuration make sense.

    Args:
        config: as `default_config` says.

    Raises:
        ValueError: naming the first field that does not, and what it may be.
    """
    least = {
        "steps": 1,
        "failures": 1,
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
