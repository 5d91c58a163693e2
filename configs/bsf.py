"""BSF on procedural scenes: `python train.py --config configs/bsf.py --workdir DIR`.

`--config configs/bsf.py:small` is for two CPU cores.
"""

from ml_collections import ConfigDict

from spikejax.training import default_config


def get_config(size: str = "published") -> ConfigDict:
    """Returns the configuration: L1 on windows of 61 readouts, Adam with a cosine.

    The published recipe (CVPR 2024) has other data, gains and a schedule that halves:
    `--config.clip=0 --config.ema=0 --config.schedule.name=milestones --config.schedule.factor=0.5
    --config.schedule.milestones=(0.16,0.33,0.49,0.66,0.82,0.98) --config.schedule.warmup=0
    --config.data.gain=0.35,0.7 --config.data.source=sreds --config.data.folder=DIR`.

    Args:
        size: 'published', crops of 96x96, eight per step; or 'small', crops of 24x24, two per step.
    """
    config = default_config()
    config.task, config.model = "reconstruction", "bsf"
    config.loss = ConfigDict({"l1": 1.0})
    config.steps, config.batch_size = 100_000, 8
    config.data.size, config.data.windows = 96, 1
    config.data.interpolated = 0.5
    config.optimiser.learning_rate = 1e-4
    config.clip, config.ema = 1.0, 0.999
    config.schedule.warmup = 100
    if size == "small":
        config.steps, config.batch_size = 2000, 2
        config.data.size, config.data.windows = 24, 1
        config.optimiser.learning_rate, config.ema = 3e-4, 0.99
        config.validation.steps, config.validation.examples = 250, 8
        config.checkpoint.steps = 250
    elif size != "published":
        raise ValueError(f"configs/bsf.py: expected published or small, got {size!r}")
    return config
