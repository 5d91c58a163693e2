"""The task of LRN: L1 between the predicted spikes a readout and the true ones."""

from typing import Any

import jax.numpy as jnp
from jax import Array

from spikejax import models
from spikejax.tasks import windows
from spikejax.tasks.task import Batch, Scalars, Task, register


@register("lrn")
def create(config: Any, *, axis_name: str | None = None) -> Task:
    """LRN on windows of 41 readouts.

    Args:
        config: `dtype` of the activations; `loss.l1`, the weight of the only term.
        axis_name: unused, as the network has no batch statistics.

    Returns:
        The task.
    """
    model = models.create("lrn", dtype=jnp.dtype(config.dtype))
    window = model.window
    assert window is not None
    weight = config.loss.l1

    def loss(
        params: Any, batch_stats: Any, batch: Batch, key: Array
    ) -> tuple[Array, tuple[Any, Scalars]]:
        first = windows.first_counted(batch)
        output = model.module.apply({"params": params}, windows.spikes(batch, window, first=first))
        l1 = jnp.mean(jnp.abs(jnp.asarray(output) - windows.rates(batch, first=first)))
        return weight * l1, (batch_stats, {"l1": l1})

    def predict(variables: Any, batch: Batch) -> Array:
        output = model.module.apply({"params": variables["params"]}, windows.spikes(batch, window))
        return windows.intensity(jnp.asarray(output), batch)

    return Task(
        name="lrn",
        model="lrn",
        window=window,
        init=model.init,
        loss=loss,
        predict=predict,
        target=windows.images,
        preview=lambda batch: windows.preview(batch, window),
    )
