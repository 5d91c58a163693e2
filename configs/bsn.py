"""BSN on photographs and spikes: `python train.py --config configs/bsn.py --workdir runs/bsn`.

As published, which wants an accelerator. `--config configs/bsn.py:small` is for two processor
cores.
"""

from ml_collections import ConfigDict

from spikejax.training import exposure_config


def get_config(size: str = "published") -> ConfigDict:
    """Mean squared error to the noisy average itself, Adam with a cosine.

    A step takes the five moments of its photographs as one batch; the published one takes a step
    for each of them.

    Args:
        size: 'published' (Chen et al., NeurIPS 2024: spikes of 128x128, four photographs a step) or
            'small'.
    """
    config = exposure_config()
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
