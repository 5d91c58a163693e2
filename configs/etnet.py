"""ET-Net on procedural scenes: `python train.py --config configs/etnet.py --workdir DIR`.

`--config configs/etnet.py:small` is for two CPU cores.
"""

from ml_collections import ConfigDict

from spikejax.training import default_config


def get_config(size: str = "published") -> ConfigDict:
    """Returns the configuration: STIR's recipe over sequences of windows of 61 readouts.

    No recipe for spikes is published. On STIR's data: `--config.optimiser.weight_decay=4e-4
    --config.data.source=sreds --config.data.folder=DIR --config.loss.perceptual=0.2
    --config.loss.vgg19=FILE`. The gradient flows through all windows of a sequence, or through
    `--config.chunk=4` of them.

    Args:
        size: 'published', eight sequences of eight windows of 96x96; or 'small', two sequences of
            three windows of 32x32.
    """
    config = default_config()
    config.task, config.model = "reconstruction", "etnet"
    config.loss = ConfigDict({"l1": 1.0, "perceptual": 0.0, "vgg19": ""})
    config.steps, config.batch_size = 100_000, 8
    config.data.size, config.data.windows = 96, 8
    config.data.interpolated = 0.5
    config.optimiser.learning_rate = 1e-4
    config.clip, config.ema = 1.0, 0.999
    config.schedule.warmup = 100
    if size == "small":
        config.steps, config.batch_size = 1000, 2
        config.data.size, config.data.windows = 32, 3
        config.optimiser.learning_rate, config.ema = 3e-4, 0.99
        config.validation.steps, config.validation.examples = 250, 8
        config.checkpoint.steps = 250
    elif size != "published":
        raise ValueError(f"configs/etnet.py: expected published or small, got {size!r}")
    return config
