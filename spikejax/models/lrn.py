"""LRN: the light reconstruction network, five plain convolutions.

The small network of Spike-Zoo ("base") and SpikeCLIP (Chen et al. 2024). It reads 41 readouts, with
180,705 parameters, or 200 readouts summed by fours into 50 channels, with 185,889.
"""

import flax.linen as nn
import jax
import jax.numpy as jnp

from spikejax.models import layers, model, name_table

WINDOW = 41
_WIDTHS = (64, 128, 64, 16, 1)
_SUMMED = {41: 1, 50: 4}
"""Readouts that are summed into one channel, by the number of channels."""


class LRN(nn.Module):
    """Spikes (B, inputs * summed, H, W) -> spikes per readout (B, H, W, 1), any H and W, unclamped.

    Attributes:
        dtype: type of the activations; parameters and output are float32.
        summed: successive readouts that are summed into one input channel.
    """

    dtype: jnp.dtype | type = jnp.float32
    summed: int = 1

    @nn.compact
    def __call__(self, spikes: jax.Array) -> jax.Array:
        batch, readouts, height, width = spikes.shape
        shape = (batch, readouts // self.summed, self.summed, height, width)
        x = jnp.moveaxis(spikes.reshape(shape).astype(self.dtype).sum(2), 1, -1)
        for index, width in enumerate(_WIDTHS):
            x = x if index == 0 else nn.relu(x)
            x = layers.Conv(width, name=f"conv{index + 1}")(x)
        return x.astype(jnp.float32)


# Implementations name the layers of this chain differently and nest them differently. So they are
# taken in their order; the names here are those of a plain Sequential and are what an export uses.
PUBLISHED = name_table.NameTable(
    rows=tuple((str(2 * index), "conv", f"conv{index + 1}") for index in range(5)),
    any_names=True,
)

_CITATION = "Chen et al., \"SpikeCLIP\", 2024; the network 'base' of Spike-Zoo (Chen et al., 2024)"


@model.register("lrn")
def create(*, inputs: int = 41, dtype: jnp.dtype | type = jnp.float32) -> model.Model:
    """LRN as a `Model`; divide its output by the gain to get intensity.

    Args:
        inputs: input channels: 41 for 41 readouts, 50 for 200 readouts summed by fours, in order.
        dtype: type of the activations.

    Raises:
        ValueError: if `inputs` is neither.
    """
    return _create("lrn", inputs, dtype)


@model.register("lrn200")
def create_for_200_readouts(*, dtype: jnp.dtype | type = jnp.float32) -> model.Model:
    """LRN with 50 inputs under a name of its own, so that its weights have one."""
    return _create("lrn200", 50, dtype)


def _create(name: str, inputs: int, dtype: jnp.dtype | type) -> model.Model:
    if inputs not in _SUMMED:
        raise ValueError(f"expected inputs 41 or 50, got {inputs}")
    summed = _SUMMED[inputs]
    window = inputs * summed
    module = LRN(dtype=dtype, summed=summed)

    def init(key: jax.Array) -> model.Variables:
        return jax.jit(module.init)(key, jnp.zeros((1, window, 8, 8), jnp.uint8))

    run = jax.jit(module.apply)

    def apply(variables: model.Variables, spikes: jax.Array) -> jax.Array:
        model.check_spikes(spikes, window, name)
        return run(variables, spikes)

    by_fours = ", after a sum by fours" if summed > 1 else ""
    return model.Model(
        name=name,
        description=(
            f"spikes (B, {window}, H, W) -> spikes per readout (B, H, W, 1); "
            f"five convolutions{by_fours}"
        ),
        label="LRN" if name == "lrn" else "LRN 200",
        citation=_CITATION,
        published=PUBLISHED,
        quality=28.21 if inputs == 41 else 0.0,
        window=window,
        reach=len(_WIDTHS),
        module=module,
        init=init,
        apply=apply,
    )
