"""EDSR on photographs and spikes: `python train.py --config configs/sr.py --workdir runs/sr`.

As published, which wants an accelerator. `--config configs/sr.py:small` is for two processor cores.
"""

from ml_collections import ConfigDict

from spikejax.training import exposure_config


def get_config(size: str = "published") -> ConfigDict:
    """Mean squared error to the grey photograph, Adam with a cosine.

    Args:
        size: 'published' (Chen et al., NeurIPS 2024: spikes of 128x128, four photographs a step) or
            'small', which also learns from averages as noisy as short ones.
    """
    config = exposure_config()
    config.task = "sr"
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
        raise ValueError(f"configs/sr.py: expected published or small, got {size!r}")
    return config
