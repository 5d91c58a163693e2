"""LRN: the light reconstruction network, five plain convolutions over 41 readouts.

The small network of Spike-Zoo ("base") and SpikeCLIP (Chen et al. 2024): 180,705 parameters.
"""

import flax.linen as nn
import jax
import jax.numpy as jnp

from spikejax.models import layers, model

WINDOW = 41
_WIDTHS = (64, 128, 64, 16, 1)


class LRN(nn.Module):
    """Spikes (B, 41, H, W) -> spikes a readout (B, H, W, 1), any H and W, not clamped.

    Attributes:
        dtype: of the activations; parameters and output are float32.
    """

    dtype: jnp.dtype | type = jnp.float32

    @nn.compact
    def __call__(self, spikes: jax.Array) -> jax.Array:
        x = jnp.moveaxis(spikes, 1, -1).astype(self.dtype)
        for index, width in enumerate(_WIDTHS):
            x = x if index == 0 else nn.relu(x)
            x = layers.Conv(width, name=f"conv{index + 1}")(x)
        return x.astype(jnp.float32)


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
        description="spikes (B, 41, H, W) -> spikes a readout (B, H, W, 1); five convolutions",
        window=WINDOW,
        reach=len(_WIDTHS),
        module=module,
        init=init,
        apply=apply,
    )
