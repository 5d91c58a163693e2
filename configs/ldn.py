"""LDN, the student: `python train.py --config configs/ldn.py --workdir runs/ldn`.

As published, which wants an accelerator. `--config configs/ldn.py:small` is for two processor
cores. The teachers are the weights that ship, or `--config.teacher.bsn=runs/bsn
--config.teacher.sr=runs/sr`, folders of runs or files of weights.

On pairs of your own, `blur/` and `spikes/` in a folder, no sharp image is needed:
`--config configs/ldn.py:finetune --config.init_from=shipped --config.data.folder=DIR`. There STIR
has BSN's place in the teacher, unless `--config.teacher.stir=`; where the recordings go on for 30
readouts before and after the exposure, `--config.exposure.margin=30` shows them to it.
"""

from ml_collections import ConfigDict

from spikejax.training import exposure_config


def get_config(size: str = "published") -> ConfigDict:
    """The teacher's images and the photograph itself as targets, Adam with a cosine.

    Args:
        size: 'published' (Chen et al., NeurIPS 2024: spikes of 128x128, four photographs a step),
            'small', taught by `deblur.posterior_mean` of what BSN says and the averages, not by BSN
            alone, also by the squared difference, and with Muon; or 'finetune', few small steps of
            it, taught by STIR in BSN's place, as `--config.teacher.stir=shipped` does for the
            others.
    """
    config = exposure_config()
    config.task = "ldn"
    squared = 0.0 if size == "published" else 100.0
    config.loss = ConfigDict({"teacher": 1.0, "teacher_mse": squared, "reblur": 100.0, "vgg16": ""})
    config.teacher = ConfigDict(
        {"bsn": "shipped", "sr": "shipped", "stir": "", "blind": size == "published"}
    )
    config.optimiser.learning_rate = 1e-3
    config.steps, config.batch_size, config.data.size = 25_000, 4, 128
    if size in ("small", "finetune"):
        config.optimiser.name, config.optimiser.learning_rate = "muon", 7e-4
        config.steps, config.batch_size, config.data.size = 1500, 2, 48
        config.schedule.warmup, config.clip, config.ema = 50, 1.0, 0.99
        config.validation.steps, config.validation.examples = 250, 8
        config.checkpoint.steps = 250
    elif size != "published":
        raise ValueError(f"configs/ldn.py: expected published, small or finetune, got {size!r}")
    if size == "finetune":
        config.steps, config.optimiser.learning_rate, config.ema = 200, 3e-4, 0.95
        config.schedule.warmup = 10
        config.validation.steps = config.checkpoint.steps = 50
        config.teacher.stir = "shipped"
    return config
