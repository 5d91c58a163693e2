"""LRN: the light reconstruction network, five plain convolutions over 41 readouts.

The small network of Spike-Zoo ("base") and SpikeCLIP (Chen et al. 2024): 180,705 parameters.
"""

import flax.linen as nn
import jax
import jax.numpy as jnp

from spikejax.models import layers, model, name_table

WINDOW = 41
_WIDTHS = (64, 128, 64, 16, 1)


class LRN(nn.Module):
    """Spikes (B, 41, H, W) -> spikes per readout (B, H, W, 1), any H and W, not clamped.

    Attributes:
        dtype: type of the activations; parameters and output are float32.
    """

    dtype: jnp.dtype | type = jnp.float32

    @nn.compact
    def __call__(self, spikes: jax.Array) -> jax.Array:
        x = jnp.moveaxis(spikes, 1, -1).astype(self.dtype)
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
def create(*, dtype: jnp.dtype | type = jnp.float32) -> model.Model:
    """LRN as a `Model`; divide its output by the gain to get intensity."""
    module = LRN(dtype=dtype)

    def init(key: jax.Array) -> model.Variables:
        return jax.jit(module.init)(key, jnp.zeros((1, WINDOW, 8, 8), jnp.uint8))

    run = jax.jit(module.apply)

    def apply(variables: model.Variables, spikes: jax.Array) -> jax.Array:
        model.check_spikes(spikes, WINDOW, "lrn")
        return run(variables, spikes)

    return model.Model(
        name="lrn",
        description="spikes (B, 41, H, W) -> spikes per readout (B, H, W, 1); five convolutions",
        label="LRN",
        citation=_CITATION,
        published=PUBLISHED,
        quality=28.21,
        window=WINDOW,
        reach=len(_WIDTHS),
        module=module,
        init=init,
        apply=apply,
    )
