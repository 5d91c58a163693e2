"""The task of super-resolution: the spikes of an exposure enlarged are its grey photograph.

Chen et al., "SpikeReveal", NeurIPS 2024, section 3.3.
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array, lax, random

from spikejax import deblur, models, ops
from spikejax.tasks import exposures
from spikejax.tasks.task import Batch, Scalars, Task, register


@register("sr")
def create(config: Any, *, axis_name: str | None = None) -> Task:
    """EDSR on the averages over whole exposures; the photographs are the only target.

    The network predicts spikes a readout, so that cameras of any gain may be mixed. Where a gain is
    not known and 1 stands for it, the network comes to another scale; in the teacher's ratio, which
    it is for, that cancels.

    Args:
        config: `dtype` of the activations; `exposure` and `data` as `exposures.moments_of` says;
            `loss.mse`, the weight of the only term; `loss.dither`, whether the averages are made as
            coarse as those of fewer readouts, by `dithered`. Trained on those of whole exposures
            alone, as published, the network sharpens the noise of the short ones. Validation is on
            whole exposures in any case.
        axis_name: of the devices that a batch is divided over.

    Returns:
        The task.

    Raises:
        ValueError: if the configuration makes no sense.
    """
    exposure = exposures.moments_of(config).exposure
    weight, dither = config.loss.mse, config.loss.get("dither", False)
    model = models.create("edsr", dtype=jnp.dtype(config.dtype))

    def averages(batch: Batch) -> Array:
        return deblur.long_tfp(exposures.pair(batch, exposure)[1], exposure)

    def loss(
        params: Any, batch_stats: Any, batch: Batch, key: Array
    ) -> tuple[Array, tuple[Any, Scalars]]:
        seen = averages(batch)
        if dither:
            keys = _keys_of_images(key, seen.shape[0], axis_name)
            seen = dithered(keys, seen, exposure.short, exposure.readouts)
        output = jnp.asarray(model.module.apply({"params": params}, seen))
        rates = target(batch) * exposures.gain(batch)
        mse = jnp.mean(jnp.square(jnp.clip(output, 0.0, 1.0) - rates))
        return weight * mse, (batch_stats, {"mse": mse})

    def predict(variables: Any, batch: Batch) -> Array:
        output = model.module.apply({"params": variables["params"]}, averages(batch))
        return exposures.intensity(jnp.asarray(output), exposures.gain(batch))

    def target(batch: Batch) -> Array:
        return exposures.grey(exposures.pair(batch, exposure)[0])

    def preview(batch: Batch) -> Array:
        small = exposures.intensity(averages(batch), exposures.gain(batch))
        return ops.upsample2(ops.upsample2(small))

    return Task(
        name="sr",
        model="edsr",
        window=exposure.length,
        init=model.init,
        loss=loss,
        predict=predict,
        target=target,
        preview=preview,
    )


def _keys_of_images(key: Array, count: int, axis_name: str | None) -> Array:
    """Another key for each image of the whole batch, on whichever device it is."""
    first = 0 if axis_name is None else lax.axis_index(axis_name) * count
    return jax.vmap(partial(random.fold_in, key))(first + jnp.arange(count))


def dithered(keys: Array, averages: Array, least: int, most: int) -> Array:
    """Makes averages of spikes as noisy as those of fewer readouts of the same light.

    Args:
        keys: (B,) JAX random keys.
        averages: (B, h, w, 1) in [0, 1].
        least: the fewest readouts; each image has another number, log-uniform.
        most: readouts.

    Returns:
        (B, h, w, 1) in [0, 1]: whole numbers of spikes over a whole number of readouts, with the
        given means.
    """

    def one(key: Array, average: Array) -> Array:
        of_readouts, of_phases = random.split(key)
        log = random.uniform(of_readouts, minval=jnp.log(least), maxval=jnp.log(most + 1))
        readouts = jnp.clip(jnp.floor(jnp.exp(log)), least, most)
        spikes = jnp.floor(average * readouts + random.uniform(of_phases, average.shape))
        return jnp.minimum(spikes, readouts) / readouts

    return jax.vmap(one)(keys, averages)
