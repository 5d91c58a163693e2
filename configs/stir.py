"""STIR on procedural scenes: `python train.py --config configs/stir.py --workdir runs/stir`.

A step of 8 x 96x96 takes 2 to 4 s on two CPU cores, so 100,000 steps need an accelerator. An H100
takes 20 steps of 32 x 96x96 per second. docs/training/stir.md has the commands of the bundled
weights. On a CPU use `--config.batch_size=4 --config.data.size=64 --config.steps=5000
--config.optimiser.learning_rate=5e-4`, which takes two hours. `--config.optimiser.name=muon` learns
more per step, but adds half a second to a step on one core, whatever the batch. Half of the scenes
are rendered as interpolated video, like SREDS and REDS_BASE; `--config.data.interpolated=0` for
none.
"""

from ml_collections import ConfigDict

from spikejax.training import default_config


def get_config() -> ConfigDict:
    """Returns the configuration: the published loss on windows of 61 readouts, Adam with a cosine.

    The published recipe (NeurIPS 2024) has another schedule, another sampling and other data:
    `--config.schedule.name=milestones --config.schedule.warmup=0
    --config.optimiser.learning_rate=1e-4 --config.optimiser.weight_decay=4e-4 --config.ema=0
    --config.clip=0 --config.data.windows=24 --config.accumulate=8 --config.data.source=sreds
    --config.data.folder=DIR`, with VGG19's weights as `--config.loss.vgg19=FILE`.
    """
    config = default_config()
    config.task, config.model = "reconstruction", "stir"
    config.steps = 100_000
    config.batch_size = 8
    config.ema = 0.999
    config.clip = 1.0
    config.optimiser.learning_rate = 2e-4
    config.schedule.warmup = 500
    config.loss = ConfigDict(
        {
            "l1": 1.0,
            "root": 0.0,
            "pyramid": 0.25,
            "levels": (0.5, 0.25, 0.25, 0.25),
            "perceptual": 0.2,
            "vgg19": "",
        }
    )
    config.data.size = 96
    config.data.interpolated = 0.5
    return config
