"""EDSR: enlarges a grey image four times; the super-resolution network of S-SDM.

Lim et al., "Enhanced Deep Residual Networks for Single Image Super-Resolution", CVPRW 2017, in the
configuration of Chen et al., "SpikeReveal", NeurIPS 2024: 16 blocks of 64 channels, 1,515,269
parameters, four of which are the fixed shifts of the mean.
"""

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import lax

from spikejax import ops
from spikejax.models import initializers, layers, model

SCALE = 4

_BLOCKS = 16
_CHANNELS = 64
_MEAN = 0.446
_REACH = 1 + 2 * _BLOCKS + 1 + 1 + 1 + 1  # what is done at the finer sizes counts for a pixel each


class Shift(nn.Module):
    """Adds a constant, as a fixed 1x1 convolution: no gradient reaches its two numbers.

    Attributes:
        by: the constant.
    """

    by: float

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        scale = self.param("scale", initializers.ones, (1, 1, 1, 1))
        bias = self.param("bias", initializers.constant(self.by), (1,))
        scale, bias = (lax.stop_gradient(value).astype(x.dtype) for value in (scale, bias))
        return scale * x + bias.reshape(1, 1, 1, 1)


class EDSR(nn.Module):
    """Images (B, h, w, 1) -> (B, 4h, 4w, 1), not clamped.

    Attributes:
        dtype: of the activations; parameters and output are float32.
    """

    dtype: jnp.dtype | type = jnp.float32

    @nn.compact
    def __call__(self, images: jax.Array) -> jax.Array:
        x = Shift(-_MEAN, name="sub_mean")(images.astype(self.dtype))
        head = layers.Conv(_CHANNELS, name="head")(x)
        y = head
        for number in range(_BLOCKS):
            y = layers.Residual(None, None, name=f"residual{number}")(y)
        y = layers.Conv(_CHANNELS, name="body")(y) + head
        for number in (1, 2):
            y = ops.depth_to_space(layers.Conv(4 * _CHANNELS, name=f"enlarge{number}")(y))
        y = layers.Conv(1, name="tail")(y)
        return Shift(_MEAN, name="add_mean")(y).astype(jnp.float32)


@model.register("edsr")
def create(*, dtype: jnp.dtype | type = jnp.float32) -> model.Model:
    """EDSR as a `Model`."""
    module = EDSR(dtype=dtype)

    def init(key: jax.Array) -> model.Variables:
        return jax.jit(module.init)(key, jnp.zeros((1, 8, 8, 1)))

    run = jax.jit(module.apply)

    def apply(variables: model.Variables, images: jax.Array) -> jax.Array:
        model.check_images(images, 1, "edsr")
        return run(variables, images)

    return model.Model(
        name="edsr",
        description="images (B, h, w, 1) -> four times as large (B, 4h, 4w, 1), not clamped",
        window=None,
        reach=_REACH,
        module=module,
        init=init,
        apply=apply,
    )
