"""EDSR on photographs and spikes: `python train.py --config configs/edsr.py --workdir runs/edsr`.

The published recipe needs an accelerator. `--config configs/edsr.py:small` is for two CPU cores.
"""

from ml_collections import ConfigDict

from spikejax.tasks import exposure_defaults
from spikejax.training import default_config


def get_config(size: str = "published") -> ConfigDict:
    """Returns the configuration: mean squared error to the grey photograph, Adam with a cosine.

    Args:
        size: 'published' (Chen et al., NeurIPS 2024: spikes of 128x128, four photographs per step)
            or 'small', which also trains on averages as noisy as short ones.
    """
    config = default_config(**exposure_defaults())
    config.task = "edsr"
    config.loss = ConfigDict({"mse": 1.0, "dither": size != "published"})
    config.optimiser.learning_rate = 2e-4
    config.steps, config.batch_size, config.data.size = 25_000, 4, 128
    if size == "small":
        config.steps, config.batch_size, config.data.size = 1200, 4, 32
        config.optimiser.learning_rate = 5e-4
        config.schedule.warmup, config.clip, config.ema = 50, 1.0, 0.99
        config.validation.steps, config.validation.examples = 200, 16
        config.checkpoint.steps = 200
    elif size != "published":
        raise ValueError(f"configs/edsr.py: expected published or small, got {size!r}")
    return config
