"""Spk2ImgNet on procedural scenes: `python train.py --config configs/spk2imgnet.py --workdir DIR`.

`--config configs/spk2imgnet.py:small` is for two CPU cores.
"""

from ml_collections import ConfigDict

from spikejax.training import default_config


def get_config(size: str = "published") -> ConfigDict:
    """Returns the configuration: L1 on windows of 41 readouts, and on their coarse estimates.

    The published recipe (CVPR 2021) has patches of 40x40 from videos of 250x400, and another
    schedule, and supervises the estimates of all five blocks, which share their weights, at 0.02
    each; here those of the key block count five times. `--config.clip=0 --config.ema=0
    --config.schedule.name=milestones --config.schedule.milestones=(0.33,1.0)
    --config.schedule.factor=0.1 --config.schedule.warmup=0`.

    Args:
        size: 'published', crops of 40x40, 16 per step; or 'small', crops of 32x32, two per step.
    """
    config = default_config()
    config.task, config.model = "reconstruction", "spk2imgnet"
    config.loss = ConfigDict({"l1": 1.0, "estimates": 0.1})
    config.steps, config.batch_size = 100_000, 16
    config.data.size, config.data.windows = 40, 1
    config.data.interpolated = 0.5
    config.optimiser.learning_rate = 1e-4
    config.clip, config.ema = 1.0, 0.999
    config.schedule.warmup = 100
    if size == "small":
        config.steps, config.batch_size = 2000, 2
        config.data.size, config.data.windows = 32, 1
        config.optimiser.learning_rate, config.ema = 3e-4, 0.99
        config.validation.steps, config.validation.examples = 250, 8
        config.checkpoint.steps = 250
    elif size != "published":
        raise ValueError(f"configs/spk2imgnet.py: expected published or small, got {size!r}")
    return config
