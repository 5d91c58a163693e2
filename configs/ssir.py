"""SSIR on procedural scenes: `python train.py --config configs/ssir.py --workdir runs/ssir`.

`--config configs/ssir.py:small` is for two CPU cores, where a step takes about a second.
"""

from ml_collections import ConfigDict

from spikejax.training import default_config


def get_config(size: str = "published") -> ConfigDict:
    """Returns the configuration: L1 over sequences of windows of 41 readouts.

    The published recipe (TCSVT 2023) has other data and a perceptual term:
    `--config.schedule.name=milestones --config.optimiser.weight_decay=4e-4 --config.clip=0
    --config.data.interpolated=0 --config.data.source=sreds --config.data.folder=DIR
    --config.loss.perceptual=0.2 --config.loss.vgg19=FILE`.

    Args:
        size: 'published' (crops of 96x96, eight windows per sequence, eight sequences per step), or
            'small' (crops of 48x48, four windows, four sequences).
    """
    config = default_config()
    config.task, config.model = "reconstruction", "ssir"
    config.loss = ConfigDict({"l1": 1.0, "perceptual": 0.0, "vgg19": ""})
    config.steps, config.batch_size = 80_000, 8
    config.data.size, config.data.windows = 96, 8
    config.data.interpolated = 0.5
    config.optimiser.learning_rate = 4e-4
    config.clip, config.ema = 1.0, 0.999
    config.schedule.warmup = 100
    if size == "small":
        config.steps, config.batch_size = 3400, 4
        config.data.size, config.data.windows = 48, 4
        config.optimiser.learning_rate, config.ema = 2e-3, 0.99
        config.validation.steps, config.validation.examples = 250, 32
        config.checkpoint.steps = 250
    elif size != "published":
        raise ValueError(f"configs/ssir.py: expected published or small, got {size!r}")
    return config
