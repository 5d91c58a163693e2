"""WGSE on procedural scenes: `python train.py --config configs/wgse.py --workdir DIR`.

`--config configs/wgse.py:small` is for two CPU cores.
"""

from ml_collections import ConfigDict

from spikejax.training import default_config


def get_config(size: str = "published") -> ConfigDict:
    """Returns the configuration: L1 on windows of 41 readouts, Adam with a cosine.

    The published recipe (AAAI 2023) has other data and a schedule in two steps:
    `--config.optimiser.b2=0.99 --config.clip=0 --config.ema=0 --config.schedule.name=milestones
    --config.schedule.milestones=(0.67,1.0) --config.schedule.factor=0.2 --config.schedule.warmup=0
    --config.data.source=reds_base --config.data.folder=DIR`.

    Args:
        size: 'published', crops of 128x128, 16 per step; or 'small', crops of 32x32, four per step.
    """
    config = default_config()
    config.task, config.model = "reconstruction", "wgse"
    # At 1e-3 the ReLU of the output dies within 20 steps: the image and its gradient are zero.
    config.loss = ConfigDict({"l1": 1.0})
    config.steps, config.batch_size = 100_000, 16
    config.data.size, config.data.windows = 128, 1
    config.data.interpolated = 0.5
    config.optimiser.learning_rate = 1e-4
    config.clip, config.ema = 1.0, 0.999
    config.schedule.warmup = 100
    if size == "small":
        config.steps, config.batch_size = 2000, 4
        config.data.size, config.data.windows = 32, 1
        config.optimiser.learning_rate, config.ema = 2e-4, 0.99
        config.validation.steps, config.validation.examples = 250, 8
        config.checkpoint.steps = 250
    elif size != "published":
        raise ValueError(f"configs/wgse.py: expected published or small, got {size!r}")
    return config
