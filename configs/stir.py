"""STIR on procedural scenes: `python train.py --config configs/stir.py --workdir runs/stir`.

A step of 8 x 96x96 takes 2 to 4 s on two processor cores: 100,000 steps want an accelerator; on an
H100 20 of 32 x 96x96 take a second (weights/README.md has the command of what ships). On a
processor take `--config.batch_size=4 --config.data.size=64 --config.steps=5000
--config.optimiser.learning_rate=5e-4`: two hours; `--config.optimiser.name=muon` learns more in a
step, which takes longer by half a second on one core whatever the batch. Half of the scenes are
seen as an interpolated video, as SREDS and REDS_BASE are: `--config.data.interpolated=0` for none.
"""

from ml_collections import ConfigDict

from spikejax.training import default_config


def get_config() -> ConfigDict:
    """The published loss on single windows of 61 readouts, Adam with a cosine.

    The published recipe (NeurIPS 2024) is another schedule, another sampling and other data:
    `--config.schedule.name=milestones --config.schedule.warmup=0
    --config.optimiser.learning_rate=1e-4 --config.optimiser.weight_decay=4e-4 --config.ema=0
    --config.clip=0 --config.data.windows=24 --config.accumulate=8 --config.data.source=sreds
    --config.data.folder=DIR`, with VGG19's weights as `--config.loss.vgg19=FILE`.
    """
    config = default_config()
    config.task = "stir"
    config.steps = 100_000
    config.batch_size = 8
    config.ema = 0.999
    config.clip = 1.0
    config.optimiser.learning_rate = 2e-4
    config.schedule.warmup = 500
    config.loss = ConfigDict(
        {
            "l1": 1.0,
            "pyramid": 0.25,
            "levels": (0.5, 0.25, 0.25, 0.25),
            "perceptual": 0.2,
            "vgg19": "",
        }
    )
    config.data.size = 96
    config.data.interpolated = 0.5
    return config
