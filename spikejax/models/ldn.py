"""LDN: the student of S-SDM. It deblurs a photograph, given 21 readouts around a moment.

Chen et al., "SpikeReveal: Unlocking Temporal Sequences from Real Blurry Inputs with Spike Streams",
NeurIPS 2024. 234,158 parameters.

The published weights order the channels of photographs blue, green, red. `weights.from_torch`
reorders them, so that everything here is RGB.
"""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from spikejax.camera.conventions import SCALE
from spikejax.models import initializers, layers, model, name_table

WINDOW = 21

_CHANNELS = 64


def _photograph_itself(
    key: jax.Array, shape: tuple[int, ...], dtype: jnp.dtype | type = jnp.float32
) -> jax.Array:
    """Initialises the output to the photograph plus a little of the features.

    Random weights would put most of the output outside [0, 1], where the gradient is zero.
    """
    noise = initializers.uniform_by_fan_in(100 * shape[2])(key, shape, dtype)
    return noise + jnp.eye(shape[2], shape[3], dtype=dtype)[None, None]


class ChannelAttention(nn.Module):
    """x * sigmoid(f(mean over space) + f(maximum over space)), (B, H, W, C) -> the same."""

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        channels = x.shape[-1]
        squeeze = layers.Conv(channels // 16, size=1, use_bias=False, name="squeeze")
        excite = layers.Conv(channels, size=1, use_bias=False, name="excite")
        pooled = x.mean((1, 2), keepdims=True), x.max((1, 2), keepdims=True)
        scores = [excite(nn.relu(squeeze(value))) for value in pooled]
        return x * nn.sigmoid(scores[0] + scores[1])


class SpatialAttention(nn.Module):
    """x * sigmoid(conv7 of the mean and the maximum over channels), (B, H, W, C) -> the same."""

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        pooled = jnp.concatenate([x.mean(-1, keepdims=True), x.max(-1, keepdims=True)], -1)
        return x * nn.sigmoid(layers.Conv(1, size=7, use_bias=False, name="conv")(pooled))


class LDN(nn.Module):
    """A photograph (B, 4h, 4w, 3) and spikes (B, 21, h, w) -> (B, 4h, 4w, 3), not clamped.

    Attributes:
        dtype: type of the activations; parameters and output are float32.
    """

    dtype: jnp.dtype | type = jnp.float32

    @nn.compact
    def __call__(self, photograph: jax.Array, spikes: jax.Array) -> jax.Array:
        photograph = photograph.astype(self.dtype)
        blur = nn.relu(layers.Conv(16, size=5, stride=2, name="photograph1")(photograph))
        blur = nn.relu(layers.Conv(32, size=5, stride=2, name="photograph2")(blur))
        sharp = jnp.moveaxis(spikes, 1, -1).astype(self.dtype)
        sharp = nn.relu(layers.Conv(16, name="spikes1")(sharp))
        sharp = nn.relu(layers.Conv(32, name="spikes2")(sharp))
        x = jnp.concatenate([blur, sharp], -1)
        x = ChannelAttention(name="channel_attention")(x)
        x = SpatialAttention(name="spatial_attention")(x)
        for number in (1, 2):
            x = layers.Residual(None, None, name=f"residual{number}")(x)
        x = nn.relu(layers.ConvTranspose(32, size=5, name="enlarge1")(x))
        x = nn.relu(layers.ConvTranspose(16, size=5, name="enlarge2")(x))
        predict = layers.Conv(
            3, size=1, kernel_init=_photograph_itself, bias_init=initializers.zeros, name="predict"
        )
        x = predict(jnp.concatenate([photograph, x], -1))
        return x.astype(jnp.float32)


def check_scale(photograph: Any, spikes: Any) -> None:
    """Checks that photographs are RGB and four times the size of as many recordings.

    Raises ValueError otherwise.

    Args:
        photograph: (B, 4h, 4w, 3) floating.
        spikes: (B, T, h, w), any number of readouts.
    """
    model.check_images(photograph, 3, "photograph")
    if len(spikes.shape) != 4:
        raise ValueError(f"spikes: expected (B, T, h, w), got shape {tuple(spikes.shape)}")
    (batch, height, width, _), (others, _, *size) = photograph.shape, spikes.shape
    if (height, width) != (SCALE * size[0], SCALE * size[1]):
        raise ValueError(
            f"expected a photograph of {SCALE} times the height and width of the spikes, got "
            f"{height}x{width} and {size[0]}x{size[1]}: {height / max(size[0], 1):.4g} and "
            f"{width / max(size[1], 1):.4g} times"
        )
    if batch != others:
        raise ValueError(f"got {batch} photographs and {others} recordings")


# The published checkpoint of S-SDM, whose photographs are blue, green, red.
PUBLISHED = name_table.NameTable(
    rows=(
        ("blur_enc.0", "conv_from_bgr", "photograph1"),
        ("blur_enc2.0", "conv", "photograph2"),
        ("spike_enc.0", "conv", "spikes1"),
        ("spike_enc2.0", "conv", "spikes2"),
        ("resBlock1.conv_block.0", "conv", "residual1/conv1"),
        ("resBlock1.conv_block.3", "conv", "residual1/conv2"),
        ("resBlock2.conv_block.0", "conv", "residual2/conv1"),
        ("resBlock2.conv_block.3", "conv", "residual2/conv2"),
        ("ca.fc.0", "conv_without_bias", "channel_attention/squeeze"),
        ("ca.fc.2", "conv_without_bias", "channel_attention/excite"),
        ("sa.conv1", "conv_without_bias", "spatial_attention/conv"),
        ("decoder1.0", "conv_transpose", "enlarge1"),
        ("decoder2.0", "conv_transpose", "enlarge2"),
        ("pred", "conv_from_bgr_to_bgr", "predict"),
    ),
)

_CITATION = (
    'Chen et al., "SpikeReveal: Unlocking Temporal Sequences from Real Blurry Inputs with Spike '
    'Streams", NeurIPS 2024'
)


@model.register("ldn")
def create(*, dtype: jnp.dtype | type = jnp.float32) -> model.Model:
    """LDN as a `Model`."""
    module = LDN(dtype=dtype)

    def init(key: jax.Array) -> model.Variables:
        photograph = jnp.zeros((1, 4 * SCALE, 4 * SCALE, 3))
        return jax.jit(module.init)(key, photograph, jnp.zeros((1, WINDOW, 4, 4), jnp.uint8))

    run = jax.jit(module.apply)

    def apply(variables: model.Variables, photograph: jax.Array, spikes: jax.Array) -> jax.Array:
        check_scale(photograph, spikes)
        model.check_spikes(spikes, WINDOW, "ldn")
        return run(variables, photograph, spikes)

    return model.Model(
        name="ldn",
        description="a photograph (B, 4h, 4w, 3) RGB, spikes (B, 21, h, w) -> sharp (B, 4h, 4w, 3)",
        label="LDN",
        citation=_CITATION,
        published=PUBLISHED,
        window=None,
        reach=None,
        module=module,
        init=init,
        apply=apply,
    )
