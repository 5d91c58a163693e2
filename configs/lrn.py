"""LRN on procedural scenes: `python train.py --config configs/lrn.py --workdir runs/lrn`.

A step takes about 0.5 s on two CPU cores, and 20,000 steps take three hours. With 1,800 steps
(`--config.steps=1800`) the network reaches 29.4 dB on its validation examples of exact light
(`--config.data.interpolated=0`). Half of the scenes are rendered as interpolated video, like SREDS
and REDS_BASE.
"""

from ml_collections import ConfigDict

from spikejax.training import default_config


def get_config() -> ConfigDict:
    """Returns the configuration: L1 on windows of 41 readouts, Adam with a cosine."""
    config = default_config()
    config.task, config.model = "reconstruction", "lrn"
    config.steps = 20_000
    config.batch_size = 16
    config.ema = 0.999
    config.clip = 1.0
    config.optimiser.learning_rate = 1e-3
    config.schedule.warmup = 100
    config.loss = ConfigDict({"l1": 1.0, "root": 0.0})
    config.data.size, config.data.interpolated = 64, 0.5
    return config
