"""BSN on photographs and spikes: `python train.py --config configs/bsn.py --workdir runs/bsn`.

The published recipe needs an accelerator. `--config configs/bsn.py:small` is for two CPU cores.
"""

from ml_collections import ConfigDict

from spikejax.tasks import exposure_defaults
from spikejax.training import default_config


def get_config(size: str = "published") -> ConfigDict:
    """Returns the configuration: mean squared error to the noisy average, Adam with a cosine.

    A step uses the five moments of its photographs as one batch. The published training uses one
    step per moment.

    Args:
        size: 'published' (Chen et al., NeurIPS 2024: spikes of 128x128, four photographs per step)
            or 'small'.
    """
    config = default_config(**exposure_defaults())
    config.task = "bsn"
    config.loss = ConfigDict({"mse": 1.0})
    config.optimiser.learning_rate = 3e-4
    config.steps, config.batch_size, config.data.size = 250_000, 4, 128
    if size == "small":
        config.steps, config.batch_size, config.data.size = 900, 2, 48
        config.optimiser.learning_rate = 1e-3
        config.schedule.warmup, config.clip, config.ema = 30, 1.0, 0.99
        config.validation.steps, config.validation.examples = 150, 8
        config.checkpoint.steps = 150
    elif size != "published":
        raise ValueError(f"configs/bsn.py: expected published or small, got {size!r}")
    return config
