"""EDSR: the super-resolution network of S-SDM, four times along each axis.

Lim et al., "Enhanced Deep Residual Networks for Single Image Super-Resolution", CVPRW 2017, in the
configuration of Chen et al., "SpikeReveal", NeurIPS 2024: 16 blocks of 64 channels, 1,515,269
parameters, four of which are the fixed shifts of the mean.
"""

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import lax

from spikejax import ops
from spikejax.models import initializers, layers, model, name_table

_BLOCKS = 16
_CHANNELS = 64
_MEAN = 0.446
_REACH = 1 + 2 * _BLOCKS + 1 + 1 + 1 + 1  # a layer at a finer size counts as one pixel


class Shift(nn.Module):
    """Adds a constant by a fixed 1x1 convolution, which receives no gradient.

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
        dtype: type of the activations; parameters and output are float32.
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


# The published checkpoint of S-SDM.
def _block(number: int) -> tuple[name_table.Row, ...]:
    theirs, ours = f"body.{number}.body", f"residual{number}"
    return (f"{theirs}.0", "conv", f"{ours}/conv1"), (f"{theirs}.2", "conv", f"{ours}/conv2")


PUBLISHED = name_table.NameTable(
    rows=(
        ("sub_mean", "shift", "sub_mean"),
        ("add_mean", "shift", "add_mean"),
        ("head.0", "conv", "head"),
        *(row for number in range(_BLOCKS) for row in _block(number)),
        (f"body.{_BLOCKS}", "conv", "body"),
        ("tail.0.0", "conv", "enlarge1"),
        ("tail.0.2", "conv", "enlarge2"),
        ("tail.1", "conv", "tail"),
    ),
)

_CITATION = (
    'Lim et al., "Enhanced Deep Residual Networks for Single Image Super-Resolution", CVPRW 2017; '
    'in the configuration of Chen et al., "SpikeReveal", NeurIPS 2024'
)


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
        label="EDSR",
        citation=_CITATION,
        published=PUBLISHED,
        window=None,
        reach=_REACH,
        module=module,
        init=init,
        apply=apply,
    )
