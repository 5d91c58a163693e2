"""The task of LDN: deblurring like the teacher, with images that blur to the photograph.

Chen et al., "SpikeReveal", NeurIPS 2024, section 3.4.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from spikejax import deblur, losses, metrics, models, weights
from spikejax.tasks import exposures
from spikejax.tasks.task import Batch, Scalars, Task, register

_WITHOUT_VGG = (
    "The teacher term of the loss is 1 - SSIM instead of LPIPS: "
    "set --config.loss.vgg16 to the file of VGG16's weights to use LPIPS."
)


@register("ldn")
def create(config: Any, *, axis_name: str | None = None) -> Task:
    """Trains LDN with SDM over BSN or STIR and EDSR as teacher, at several moments of exposures.

    The images of the teacher are computed once per sample, without a gradient.

    Args:
        config: `dtype` of the activations; `exposure` and `data`, see `exposures.moments_of`;
            `loss.teacher` and `loss.reblur`, the weights of the two terms; `loss.vgg16`, the file
            of VGG16's weights for LPIPS, '' for 1 - SSIM instead; `loss.teacher_mse`, the weight of
            a third term, the mean squared difference from the teacher (absent or 0 for none, as
            published), which is minimal at the mean over the noise of the teacher, so that the
            noise is not learned; `teacher.bsn` and `teacher.edsr`, the weights of the teacher:
            'shipped', a file, or the folder of a run; `teacher.stir`, the same for STIR instead of
            BSN, where `teacher.bsn` must be 'shipped' (absent or '' for BSN); `teacher.blind`,
            whether the short averages are denoised by BSN only, as published (no effect on STIR).
        axis_name: unused, since the network has no batch statistics.

    Returns:
        The task.

    Raises:
        ValueError: if the configuration is invalid, or weights cannot be read.
    """
    moments = exposures.moments_of(config)
    exposure, times, options = moments.exposure, moments.times, config.loss
    dtype = jnp.dtype(config.dtype)
    model = models.create("ldn", dtype=dtype)
    stir = config.teacher.get("stir", "")
    if stir and config.teacher.bsn != "shipped":
        raise ValueError(
            f"teacher.bsn: {config.teacher.bsn} would not be used, since teacher.stir is {stir!r}; "
            "set --config.teacher.stir= to use BSN as teacher"
        )
    teacher = deblur.Teacher(
        bsn=None if stir else _teacher("bsn", config.teacher.bsn),
        # `sr` is the name of the field in configurations of 0.1.
        edsr=_teacher("edsr", config.teacher.get("edsr") or config.teacher.get("sr", "")),
        stir=_teacher("stir", stir) if stir else None,
    )
    differ, notes = _difference(options.vgg16)
    blind = config.teacher.get("blind", True)
    squared = options.get("teacher_mse", 0.0)

    def frames(variables: Any, batch: Batch, times: tuple[int, ...]) -> jax.Array:
        return deblur.student_frames(
            variables, *exposures.pair(batch, exposure), times, exposure, dtype=dtype
        )

    def lesson(batch: Batch) -> jax.Array:
        pair = exposures.pair(batch, exposure)
        return deblur.teacher_frames(teacher, *pair, times, exposure, blind=blind, dtype=dtype)

    def loss(
        params: Any, batch_stats: Any, batch: Batch, key: jax.Array
    ) -> tuple[jax.Array, tuple[Any, Scalars]]:
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

    # Without true images the target is the teacher's. The photograph is no target: the blurry
    # photograph itself would fit it best.

    def predict(variables: Any, batch: Batch) -> jax.Array:
        truth = exposures.truth(batch, moments)
        readouts = truth[0] if truth else times
        return exposures.flat(frames({"params": variables["params"]}, batch, readouts))

    def target(batch: Batch) -> jax.Array:
        truth = exposures.truth(batch, moments)
        return exposures.flat(truth[1] if truth else lesson(batch))

    def preview(batch: Batch) -> jax.Array:
        truth = exposures.truth(batch, moments)
        return jnp.repeat(exposures.pair(batch, exposure)[0], len(truth[0] if truth else times), 0)

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


def _difference(vgg16: str) -> tuple[Callable[[jax.Array, jax.Array], jax.Array], tuple[str, ...]]:
    """Returns the loss between student and teacher, and notes for the log."""
    if not vgg16:
        return losses.ssim_loss, (_WITHOUT_VGG,)
    variables = metrics.lpips_variables("vgg", trunk=vgg16)
    return lambda image, target: losses.lpips_loss(image, target, variables=variables), ()


def _teacher(name: str, source: str) -> models.Variables:
    """Returns weights of the teacher: bundled, from a file, or from the folder of a run."""
    try:
        return weights.resolve(name, source)
    except ValueError as error:
        raise ValueError(f"teacher.{name}: {error}") from None
