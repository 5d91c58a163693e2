"""LDN, the student: `python train.py --config configs/ldn.py --workdir runs/ldn`.

The published recipe needs an accelerator. `--config configs/ldn.py:small` is for two CPU cores. The
teachers are the bundled weights, or folders of runs or files of weights:
`--config.teacher.bsn=runs/bsn --config.teacher.edsr=runs/edsr`.

Fine-tuning on your own pairs, `blur/` and `spikes/` in a folder, needs no sharp images:
`--config configs/ldn.py:finetune --config.init_from=shipped --config.data.folder=DIR`. The teacher
then uses STIR instead of BSN, unless `--config.teacher.stir=` is set. If the recordings hold 30
readouts before and after the exposure, `--config.exposure.margin=30` lets STIR use them.
"""

from ml_collections import ConfigDict

from spikejax.tasks import exposure_defaults
from spikejax.training import default_config


def get_config(size: str = "published") -> ConfigDict:
    """Returns the configuration: the teacher's images and the photograph as targets.

    Args:
        size: 'published' (Chen et al., NeurIPS 2024: spikes of 128x128, four photographs per step,
            Adam with a cosine); 'small', which uses Muon, adds the squared difference to the loss,
            and replaces BSN in the teacher by `deblur.posterior_mean` of BSN's output and the
            averages; or 'finetune', which takes few small steps of 'small' with STIR instead of BSN
            in the teacher, as `--config.teacher.stir=shipped` does for the others.
    """
    config = default_config(**exposure_defaults())
    config.task = "ldn"
    squared = 0.0 if size == "published" else 100.0
    config.loss = ConfigDict({"teacher": 1.0, "teacher_mse": squared, "reblur": 100.0, "vgg16": ""})
    config.teacher = ConfigDict(
        {"bsn": "shipped", "edsr": "shipped", "stir": "", "blind": size == "published"}
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
