"""The task of STIR: L1 over five scales and, given VGG19's weights, a perceptual term.

Fan et al., "Spatio-Temporal Interactive Learning for Efficient Image Reconstruction of Spiking
Cameras", NeurIPS 2024, section 3.4.
"""

from typing import Any

import jax.numpy as jnp
from jax import Array

from spikejax import losses, models, ops, weights
from spikejax.models import stir
from spikejax.tasks import windows
from spikejax.tasks.task import Batch, Scalars, Task, register


@register("stir")
def create(config: Any, *, axis_name: str | None = None) -> Task:
    """STIR on windows of 61 readouts; of several a scene, all but the first count.

    Args:
        config: `dtype` of the activations; `loss.l1` and `loss.perceptual`, the weights of the
            terms of the finest image; `loss.pyramid`, that of the four coarser ones together, and
            `loss.levels`, theirs within it; `loss.vgg19`, the file of VGG19's weights, '' to leave
            the perceptual term out.
        axis_name: a mapped axis over which batch statistics are pooled.

    Returns:
        The task.

    Raises:
        ValueError: if the loss has another number of levels than four, or VGG19's weights cannot be
            read.
    """
    options = config.loss
    if len(options.levels) != 4:
        raise ValueError(f"loss.levels: expected 4 weights, got {tuple(options.levels)}")
    dtype = jnp.dtype(config.dtype)
    trunk = None
    notes: tuple[str, ...] = ()
    if options.vgg19 and options.perceptual:
        trunk = weights.trunk("vgg19", options.vgg19)
    elif options.perceptual:
        notes = (
            "The perceptual term of the loss is left out: "
            "give the file of VGG19's weights as --config.loss.vgg19 to have it.",
        )

    def loss(
        params: Any, batch_stats: Any, batch: Batch, key: Array
    ) -> tuple[Array, tuple[Any, Scalars]]:
        first = windows.first_counted(batch)
        output, batch_stats = stir.apply_with_pyramid(
            {"params": params, "batch_stats": batch_stats},
            windows.spikes(batch, stir.WINDOW, first=first),
            True,
            dtype=dtype,
            axis_name=axis_name,
        )
        target = windows.rates(batch, first=first)
        scalars = {"l1": jnp.mean(jnp.abs(output.images[0] - target))}
        total = options.l1 * scalars["l1"]
        padded, _ = ops.pad_to_multiple(target, stir.MULTIPLE, axes=(1, 2))
        coarser = ops.average_pyramid(padded, 1 + len(options.levels))[1:]
        scalars["pyramid"] = sum(
            (
                weight * jnp.mean(jnp.abs(image - pooled))
                for weight, image, pooled in zip(
                    options.levels, output.images[1:], coarser, strict=True
                )
            ),
            start=jnp.zeros(()),
        )
        total += options.pyramid * scalars["pyramid"]
        if trunk is not None:
            scalars["perceptual"] = losses.feature_loss(
                output.images[0], target, trunk=trunk, dtype=dtype
            )
            total += options.perceptual * scalars["perceptual"]
        return total, (batch_stats, scalars)

    def predict(variables: Any, batch: Batch) -> Array:
        output, _ = stir.apply_with_pyramid(
            variables, windows.spikes(batch, stir.WINDOW), dtype=dtype
        )
        return windows.intensity(output.images[0], batch)

    return Task(
        name="stir",
        model="stir",
        window=stir.WINDOW,
        init=models.create("stir").init,
        loss=loss,
        predict=predict,
        target=windows.images,
        preview=lambda batch: windows.preview(batch, stir.WINDOW),
        notes=notes,
    )
