"""The task of EDSR: super-resolution of averaged spikes to the grey photograph of their exposure.

Chen et al., "SpikeReveal", NeurIPS 2024, section 3.3.
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax, random

from spikejax import deblur, models, ops
from spikejax.tasks import exposures
from spikejax.tasks.task import Batch, Scalars, Task, register


@register("edsr")
def create(config: Any, *, axis_name: str | None = None) -> Task:
    """Trains EDSR on averages over whole exposures, with the photographs as the only targets.

    The network predicts spikes per readout, so that cameras of different gains can be mixed. If a
    gain is unknown and replaced by 1, the network learns another scale, which cancels in the ratio
    that the teacher computes.

    Args:
        config: `dtype` of the activations; `exposure` and `data`, see `exposures.moments_of`;
            `loss.mse`, the weight of the only term; `loss.dither`, whether to make the averages as
            coarse as those of fewer readouts, by `dithered`. If it is trained only on averages over
            whole exposures, as published, the network sharpens the noise of short averages.
            Validation always uses whole exposures.
        axis_name: mapped axis of the devices that a batch is divided over.

    Returns:
        The task.

    Raises:
        ValueError: if the configuration is invalid.
    """
    exposure = exposures.moments_of(config).exposure
    weight, dither = config.loss.mse, config.loss.get("dither", False)
    model = models.create("edsr", dtype=jnp.dtype(config.dtype))

    def averages(batch: Batch) -> jax.Array:
        return deblur.long_tfp(exposures.pair(batch, exposure)[1], exposure)

    def loss(
        params: Any, batch_stats: Any, batch: Batch, key: jax.Array
    ) -> tuple[jax.Array, tuple[Any, Scalars]]:
        inputs = averages(batch)
        if dither:
            keys = _keys_of_images(key, inputs.shape[0], axis_name)
            inputs = dithered(keys, inputs, exposure.short, exposure.readouts)
        output = model.apply({"params": params}, inputs)
        rates = target(batch) * exposures.gain(batch)
        mse = jnp.mean(jnp.square(jnp.clip(output, 0.0, 1.0) - rates))
        return weight * mse, (batch_stats, {"mse": mse})

    def predict(variables: Any, batch: Batch) -> jax.Array:
        output = model.apply({"params": variables["params"]}, averages(batch))
        return exposures.intensity(output, exposures.gain(batch))

    def target(batch: Batch) -> jax.Array:
        return exposures.grey(exposures.pair(batch, exposure)[0])

    def preview(batch: Batch) -> jax.Array:
        small = exposures.intensity(averages(batch), exposures.gain(batch))
        return ops.upsample2(ops.upsample2(small))

    return Task(
        name="edsr",
        model="edsr",
        window=exposure.length,
        init=model.init,
        loss=loss,
        predict=predict,
        target=target,
        preview=preview,
    )


def _keys_of_images(key: jax.Array, count: int, axis_name: str | None) -> jax.Array:
    """Returns one key per image, which depends on its index in the whole batch over all devices."""
    first = 0 if axis_name is None else lax.axis_index(axis_name) * count
    return jax.vmap(partial(random.fold_in, key))(first + jnp.arange(count))


def dithered(keys: jax.Array, averages: jax.Array, least: int, most: int) -> jax.Array:
    """Makes averages of spikes as noisy as averages over fewer readouts of the same light.

    Args:
        keys: (B,) JAX random keys.
        averages: (B, h, w, 1) in [0, 1].
        least: smallest number of readouts; the number of each image is log-uniform.
        most: largest number of readouts.

    Returns:
        (B, h, w, 1) in [0, 1]: integer numbers of spikes over an integer number of readouts, with
        the averages as means.
    """

    def one(key: jax.Array, average: jax.Array) -> jax.Array:
        of_readouts, of_phases = random.split(key)
        log = random.uniform(of_readouts, minval=jnp.log(least), maxval=jnp.log(most + 1))
        readouts = jnp.clip(jnp.floor(jnp.exp(log)), least, most)
        spikes = jnp.floor(average * readouts + random.uniform(of_phases, average.shape))
        return jnp.minimum(spikes, readouts) / readouts

    return jax.vmap(one)(keys, averages)
