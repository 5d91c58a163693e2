"""The task of a network that reconstructs an image from a window of spikes.

The loss is L1 to the true spikes per readout. A network that also returns coarser images adds L1
over them, and VGG19's weights add a perceptual term, as published for STIR: Fan et al.,
"Spatio-Temporal Interactive Learning for Efficient Image Reconstruction of Spiking Cameras",
NeurIPS 2024, section 3.4.
"""

from typing import Any

import jax
import jax.numpy as jnp

from spikejax import losses, models, ops, weights
from spikejax.camera.conventions import STRIDE
from spikejax.tasks import windows
from spikejax.tasks.names import model_of
from spikejax.tasks.sequences import read_in_order
from spikejax.tasks.task import Batch, Scalars, Task, register


@register("reconstruction")
def create(config: Any, *, axis_name: str | None = None) -> Task:
    """Trains `config.model` on windows; of several windows per scene, all but the first count.

    A recurrent network reads the windows of a scene in order, from the state of a new stream. The
    gradient flows through `chunk` of them at a time.

    Args:
        config: `model`, a network with a window; `dtype` of the activations; `loss.l1`, the weight
            of the finest image; `loss.root`, that of its `losses.root_loss`, for dark areas;
            `loss.estimates`, that of each estimate on the way to it. For a network with coarser
            images: `loss.pyramid`, the weight of all of them together, and `loss.levels`, their
            weights within it. `loss.perceptual`, the weight of the perceptual term, and
            `loss.vgg19`, the file of VGG19's weights; '' leaves the term out. Absent weights are
            0. For a recurrent network: `chunk`, 0 for all windows.
        axis_name: a mapped axis over which batch statistics are pooled.

    Returns:
        The task.

    Raises:
        ValueError: if the network has no window of spikes, the loss has another number of levels
            than the network, or VGG19's weights cannot be read.
    """
    options, dtype = config.loss, jnp.dtype(config.dtype)
    model = models.create_with_dtype(model_of(config), dtype)
    window = model.window
    if window is None:
        raise ValueError(f"model: {model.name} does not reconstruct images from windows of spikes")
    if model.stream is not None and model.stream.stride != STRIDE:
        raise ValueError(
            f"model: the windows of training are {STRIDE} readouts apart, those of {model.name} "
            f"{model.stream.stride}"
        )
    levels = tuple(options.get("levels", ())) if model.levels > 1 else ()
    if len(levels) != model.levels - 1:
        raise ValueError(f"loss.levels: expected {model.levels - 1} weights, got {tuple(levels)}")
    trunk, notes = _perceptual(options)
    chunk = config.get("chunk", 0)

    def loss(
        params: Any, batch_stats: Any, batch: Batch, key: jax.Array
    ) -> tuple[jax.Array, tuple[Any, Scalars]]:
        first = windows.first_counted(batch)
        variables = (
            {"params": params, "batch_stats": batch_stats} if batch_stats else {"params": params}
        )
        output = _train(model, variables, batch, first, chunk=chunk, axis_name=axis_name)
        target = windows.rates(batch, first=first)
        scalars = {"l1": jnp.mean(jnp.abs(output.images[0] - target))}
        total = options.l1 * scalars["l1"]
        if options.get("root", 0.0):
            scalars["root"] = losses.root_loss(output.images[0], target)
            total += options.root * scalars["root"]
        if levels:
            scalars["pyramid"] = _pyramid(output.images, target, levels, model.multiple)
            total += options.pyramid * scalars["pyramid"]
        if output.estimates is not None and options.get("estimates", 0.0):
            scalars["estimates"] = jnp.abs(output.estimates - target).mean((0, 1, 2)).sum()
            total += options.estimates * scalars["estimates"]
        if trunk is not None:
            scalars["perceptual"] = losses.feature_loss(
                output.images[0], target, trunk=trunk, dtype=dtype
            )
            total += options.perceptual * scalars["perceptual"]
        return total, (output.batch_stats, scalars)

    def predict(variables: Any, batch: Batch) -> jax.Array:
        if model.stream is None:
            images = model.apply(variables, windows.spikes(batch, window))
        else:
            scenes = windows.sequences(batch, window)
            images = _one_by_one(read_in_order(model, variables, scenes)[0])
        return windows.intensity(images, batch)

    return Task(
        name="reconstruction",
        model=model.name,
        window=window,
        init=model.init,
        loss=loss,
        predict=predict,
        target=windows.images,
        preview=lambda batch: windows.preview(batch, window),
        notes=notes,
    )


def _perceptual(options: Any) -> tuple[Any, tuple[str, ...]]:
    """Returns VGG19's weights, or None and a note that the term is omitted."""
    if not options.get("perceptual", 0.0):
        return None, ()
    if options.get("vgg19", ""):
        return weights.trunk("vgg19", options.vgg19), ()
    note = (
        "The perceptual term of the loss is omitted: "
        "set --config.loss.vgg19 to the file of VGG19's weights to include it."
    )
    return None, (note,)


def _pyramid(
    images: tuple[jax.Array, ...], target: jax.Array, levels: tuple[float, ...], multiple: int
) -> jax.Array:
    """Returns the weighted sum of L1 over the coarser images."""
    padded, _ = ops.pad_to_multiple(target, multiple, axes=(1, 2))
    coarser = ops.average_pyramid(padded, 1 + len(levels))[1:]
    terms = (
        weight * jnp.mean(jnp.abs(image - pooled))
        for weight, image, pooled in zip(levels, images[1:], coarser, strict=True)
    )
    return sum(terms, start=jnp.zeros(()))


def _train(
    model: models.Model,
    variables: Any,
    batch: Batch,
    first: int,
    *,
    chunk: int,
    axis_name: str | None,
) -> models.TrainOutput:
    """Runs the network in training mode; returns the images of the windows from `first` on."""
    assert model.window is not None
    if model.stream is None:
        spikes = windows.spikes(batch, model.window, first=first)
        return model.in_training(variables, spikes, axis_name=axis_name)
    scenes = windows.sequences(batch, model.window)
    images, batch_stats = read_in_order(
        model, variables, scenes, train=True, axis_name=axis_name, chunk=chunk
    )
    return models.TrainOutput((_one_by_one(images[:, first:]),), batch_stats)


def _one_by_one(images: jax.Array) -> jax.Array:
    """(B, J, H, W, 1) -> (B J, H, W, 1)."""
    return images.reshape(-1, *images.shape[2:])
