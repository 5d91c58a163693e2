"""The task of BSN: denoise short averages of spikes, with no other target than themselves.

Chen et al., "SpikeReveal", NeurIPS 2024, section 3.3.
"""

from typing import Any

import jax.numpy as jnp
from jax import Array

from spikejax import deblur, models
from spikejax.tasks import exposures
from spikejax.tasks.exposures import Moments
from spikejax.tasks.task import Batch, Scalars, Task, register


@register("bsn")
def create(config: Any, *, axis_name: str | None = None) -> Task:
    """BSN on the short averages at several moments of an exposure, all in one batch.

    As the network never sees the pixel that it predicts, and the noise of pixels is independent,
    the mean squared error to the noisy average is least where the prediction is clean.

    Args:
        config: `dtype` of the activations; `exposure` and `data` as `exposures.moments_of` says;
            `loss.mse`, the weight of the only term.
        axis_name: unused, as the network has no batch statistics.

    Returns:
        The task.

    Raises:
        ValueError: if the configuration makes no sense.
    """
    moments = exposures.moments_of(config)
    weight = config.loss.mse
    model = models.create("bsn", dtype=jnp.dtype(config.dtype), square="none")

    def loss(
        params: Any, batch_stats: Any, batch: Batch, key: Array
    ) -> tuple[Array, tuple[Any, Scalars]]:
        noisy = _noisy(batch, moments, moments.times)
        output = jnp.asarray(model.module.apply({"params": params}, noisy))
        mse = jnp.mean(jnp.square(jnp.clip(output, 0.0, 1.0) - noisy))
        return weight * mse, (batch_stats, {"mse": mse})

    def predict(variables: Any, batch: Batch) -> Array:
        noisy = _noisy(batch, moments, _times(batch, moments))
        output = jnp.asarray(model.module.apply({"params": variables["params"]}, noisy))
        return _intensity(output, batch)

    def target(batch: Batch) -> Array:
        found = exposures.truth(batch, moments)
        if found is None:
            return preview(batch)
        return exposures.seen(exposures.flat(found[1]))

    def preview(batch: Batch) -> Array:
        return _intensity(_noisy(batch, moments, _times(batch, moments)), batch)

    return Task(
        name="bsn",
        model="bsn",
        window=moments.exposure.length,
        init=model.init,
        loss=loss,
        predict=predict,
        target=target,
        preview=preview,
    )


def _noisy(batch: Batch, moments: Moments, times: tuple[int, ...]) -> Array:
    """Short averages, (B N, h, w, 1)."""
    _, spikes = exposures.pair(batch, moments.exposure)
    return exposures.flat(deblur.short_tfp(spikes, times, moments.exposure))


def _times(batch: Batch, moments: Moments) -> tuple[int, ...]:
    found = exposures.truth(batch, moments)
    return moments.times if found is None else found[0]


def _intensity(rates: Array, batch: Batch) -> Array:
    count = rates.shape[0] // batch["gain"].shape[0]
    return exposures.intensity(rates, exposures.gain(batch, count))
