"""The task of LDN: to deblur like the teacher, and so that the images blur to the photograph.

Chen et al., "SpikeReveal", NeurIPS 2024, section 3.4.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax.numpy as jnp
from jax import Array, lax

from spikejax import deblur, losses, metrics, models, weights
from spikejax.tasks import exposures
from spikejax.tasks.task import Batch, Scalars, Task, register

_WEIGHTS = "weights.safetensors"
_WITHOUT_VGG = (
    "The teacher's term of the loss is 1 - SSIM in place of LPIPS: "
    "give the file of VGG16's weights as --config.loss.vgg16 to have that."
)


@register("ldn")
def create(config: Any, *, axis_name: str | None = None) -> Task:
    """LDN, taught by SDM over BSN or STIR and EDSR, at several moments of exposures in one batch.

    The teacher's images are made once a sample, and no gradient goes into them.

    Args:
        config: `dtype` of the activations; `exposure` and `data` as `exposures.moments_of` says;
            `loss.teacher` and `loss.reblur`, the weights of the two terms; `loss.vgg16`, the file
            of VGG16's weights for LPIPS, '' to take 1 - SSIM instead; `loss.teacher_mse`, the
            weight of a third term, the mean squared difference from the teacher (absent or 0: none,
            as published), which is least at the mean over the teacher's noise, so that the noise is
            not learned; `teacher.bsn` and `teacher.sr`, the weights of the teacher: 'shipped', a
            file, or the folder of a run; `teacher.stir`, likewise, for STIR in place of BSN, which
            must then be 'shipped' (absent or '': BSN); `teacher.blind`, whether BSN alone cleans
            the short averages, as published, without effect on STIR.
        axis_name: unused, as the network has no batch statistics.

    Returns:
        The task.

    Raises:
        ValueError: if the configuration makes no sense, or weights cannot be read.
    """
    moments = exposures.moments_of(config)
    exposure, times, options = moments.exposure, moments.times, config.loss
    dtype = jnp.dtype(config.dtype)
    model = models.create("ldn", dtype=dtype)
    stir = config.teacher.get("stir", "")
    if stir and config.teacher.bsn != "shipped":
        raise ValueError(
            f"teacher.bsn: {config.teacher.bsn} would not be used, as teacher.stir is {stir!r}; "
            "give --config.teacher.stir= to be taught by BSN"
        )
    teacher = deblur.Teacher(
        bsn=None if stir else _teacher("bsn", "bsn", config.teacher.bsn),
        sr=_teacher("sr", "edsr", config.teacher.sr),
        stir=_teacher("stir", "stir", stir) if stir else None,
    )
    differ, notes = _difference(options.vgg16)
    blind = config.teacher.get("blind", True)
    squared = options.get("teacher_mse", 0.0)

    def frames(variables: Any, batch: Batch, times: tuple[int, ...]) -> Array:
        return deblur.student_frames(
            variables, *exposures.pair(batch, exposure), times, exposure, dtype=dtype
        )

    def lesson(batch: Batch) -> Array:
        given = exposures.pair(batch, exposure)
        return deblur.teacher_frames(teacher, *given, times, exposure, blind=blind, dtype=dtype)

    def loss(
        params: Any, batch_stats: Any, batch: Batch, key: Array
    ) -> tuple[Array, tuple[Any, Scalars]]:
        blur, _ = exposures.pair(batch, exposure)
        taught = lax.stop_gradient(lesson(batch))
        images = frames({"params": params}, batch, times)
        scalars = {
            "teacher": differ(exposures.flat(images), exposures.flat(taught)),
            "reblur": jnp.mean(jnp.square(deblur.reblur(images) - blur)),
        }
        total = options.teacher * scalars["teacher"] + options.reblur * scalars["reblur"]
        if squared:
            scalars["teacher_mse"] = jnp.mean(jnp.square(images - taught))
            total += squared * scalars["teacher_mse"]
        return total, (batch_stats, scalars)

    # Where no true image is known the teacher's are the measure. (That the images blur to the
    # photograph could not be: it is what the photograph itself does best.)

    def predict(variables: Any, batch: Batch) -> Array:
        found = exposures.truth(batch, moments)
        shown = found[0] if found else times
        return exposures.flat(frames({"params": variables["params"]}, batch, shown))

    def target(batch: Batch) -> Array:
        found = exposures.truth(batch, moments)
        return exposures.flat(found[1] if found else lesson(batch))

    def preview(batch: Batch) -> Array:
        found = exposures.truth(batch, moments)
        return jnp.repeat(exposures.pair(batch, exposure)[0], len(found[0] if found else times), 0)

    return Task(
        name="ldn",
        model="ldn",
        window=exposure.length,
        init=model.init,
        loss=loss,
        predict=predict,
        target=target,
        preview=preview,
        notes=notes,
    )


def _difference(vgg16: str) -> tuple[Callable[[Array, Array], Array], tuple[str, ...]]:
    """What is least when student and teacher agree, and what is to be said about it."""
    if not vgg16:
        return losses.ssim_loss, (_WITHOUT_VGG,)
    variables = metrics.lpips_variables("vgg", trunk=vgg16)
    return lambda image, target: losses.lpips_loss(image, target, variables=variables), ()


def _teacher(field: str, name: str, where: str) -> models.Variables:
    """Weights of the teacher: those that ship, a file, or those that a run arrived at."""
    if where == "shipped":
        return weights.load(name, model=name)
    path = Path(where)
    if not where or not path.is_dir():
        return weights.load_any(name, path)
    if not (path / _WEIGHTS).is_file():
        raise ValueError(
            f"teacher.{field}: {path} holds no {_WEIGHTS}: the run has not ended; write it with "
            f"train.py --export {path / _WEIGHTS} --workdir {path}"
        )
    return weights.load_any(name, path / _WEIGHTS)
