"""The task of super-resolution: the spikes of an exposure enlarged are its grey photograph.

Chen et al., "SpikeReveal", NeurIPS 2024, section 3.3.
"""

from typing import Any

import jax.numpy as jnp
from jax import Array, random

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
            coarse as those of fewer readouts. The published ones are of the whole exposure, of
            which the network learns to sharpen the noise that short averages have.
        axis_name: unused, as the network has no batch statistics.

    Returns:
        The task.

    Raises:
        ValueError: if the configuration makes no sense.
    """
    exposure = exposures.moments_of(config).exposure
    weight = config.loss.mse
    model = models.create("edsr", dtype=jnp.dtype(config.dtype))

    def averages(batch: Batch) -> Array:
        return deblur.long_tfp(exposures.pair(batch, exposure)[1], exposure)

    def loss(
        params: Any, batch_stats: Any, batch: Batch, key: Array
    ) -> tuple[Array, tuple[Any, Scalars]]:
        seen = averages(batch)
        if config.loss.dither:
            seen = dithered(key, seen, exposure.short, exposure.readouts)
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


def dithered(key: Array, averages: Array, least: int, most: int) -> Array:
    """Makes averages of spikes as noisy as those of fewer readouts, without their motion.

    Args:
        key: JAX random key.
        averages: (B, h, w, 1) in [0, 1].
        least: the fewest readouts; each image has another number, log-uniform.
        most: readouts.

    Returns:
        (B, h, w, 1): whole numbers of spikes over a whole number of readouts, with the given means.
    """
    of_readouts, of_phases = random.split(key)
    shape = (averages.shape[0], 1, 1, 1)
    between = random.uniform(of_readouts, shape, minval=jnp.log(least), maxval=jnp.log(most + 1))
    readouts = jnp.floor(jnp.exp(between))
    spikes = jnp.floor(averages * readouts + random.uniform(of_phases, averages.shape))
    return spikes / readouts
