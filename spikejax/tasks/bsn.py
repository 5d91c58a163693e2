"""The task of BSN: denoising of short averages of spikes, with the averages as targets.

Chen et al., "SpikeReveal", NeurIPS 2024, section 3.3.
"""

from typing import Any

import jax
import jax.numpy as jnp

from spikejax import deblur, models
from spikejax.tasks import exposures
from spikejax.tasks.exposures import ExposureMoments
from spikejax.tasks.task import Batch, Scalars, Task, register


@register("bsn")
def create(config: Any, *, axis_name: str | None = None) -> Task:
    """Trains BSN on short averages at several moments of an exposure, all in one batch.

    The network never sees the pixel that it predicts, and the noise of pixels is independent.
    The clean image therefore minimises the mean squared error to the noisy average.

    Args:
        config: `dtype` of the activations; `exposure` and `data`, see `exposures.moments_of`;
            `loss.mse`, the weight of the only term.
        axis_name: unused, since the network has no batch statistics.

    Returns:
        The task.

    Raises:
        ValueError: if the configuration is invalid.
    """
    moments = exposures.moments_of(config)
    weight = config.loss.mse
    model = models.create("bsn", dtype=jnp.dtype(config.dtype), square="none")

    def loss(
        params: Any, batch_stats: Any, batch: Batch, key: jax.Array
    ) -> tuple[jax.Array, tuple[Any, Scalars]]:
        noisy = _noisy(batch, moments, moments.times)
        output = model.apply({"params": params}, noisy)
        mse = jnp.mean(jnp.square(jnp.clip(output, 0.0, 1.0) - noisy))
        return weight * mse, (batch_stats, {"mse": mse})

    def predict(variables: Any, batch: Batch) -> jax.Array:
        noisy = _noisy(batch, moments, _times(batch, moments))
        output = model.apply({"params": variables["params"]}, noisy)
        return _intensity(output, batch)

    def target(batch: Batch) -> jax.Array:
        truth = exposures.truth(batch, moments)
        if truth is None:
            return preview(batch)
        return exposures.seen(exposures.flat(truth[1]))

    def preview(batch: Batch) -> jax.Array:
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


def _noisy(batch: Batch, moments: ExposureMoments, times: tuple[int, ...]) -> jax.Array:
    """Returns the short averages, (B N, h, w, 1)."""
    _, spikes = exposures.pair(batch, moments.exposure)
    return exposures.flat(deblur.short_tfp(spikes, times, moments.exposure))


def _times(batch: Batch, moments: ExposureMoments) -> tuple[int, ...]:
    """Returns the readouts of the true images, or those of training if there are none."""
    truth = exposures.truth(batch, moments)
    return moments.times if truth is None else truth[0]


def _intensity(rates: jax.Array, batch: Batch) -> jax.Array:
    count = rates.shape[0] // batch["gain"].shape[0]
    return exposures.intensity(rates, exposures.gain(batch, count))
