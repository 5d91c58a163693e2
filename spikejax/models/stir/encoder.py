"""STIR's encoder: features of a block of 21 readouts, and attention between blocks."""

import functools

import flax.linen as nn
import jax
import jax.numpy as jnp

from spikejax.models import initializers, layers

Features = tuple[jax.Array, ...]
"""The embedding (N, H, W, 16), then (N, H / 2^l, W / 2^l, C_l) for l = 1 to 4, of one block."""

WIDTHS = (16, 24, 32, 64, 96)
_TRIMS = (0, 2, 4, 6, 8)
_LEARNED = 11


class HybridEmbedding(nn.Module):
    """Five temporal means and eleven learned channels, (N, H, W, 21) -> (N, H, W, 16).

    The means are over the 21, 17, 13, 9 and 5 middle readouts: TFP at five exposures.
    """

    axis_name: str | None = None

    @nn.compact
    def __call__(self, x: jax.Array, *, train: bool) -> jax.Array:
        readouts = x.shape[-1]
        means = [x[..., t : readouts - t].mean(-1, keepdims=True) for t in _TRIMS]
        y = layers.Conv(_LEARNED, name="conv1")(x)
        y = nn.relu(layers.BatchNorm(self.axis_name, name="norm1")(y, train=train))
        y = layers.Conv(_LEARNED, name="conv2")(y)
        y = layers.BatchNorm(self.axis_name, name="norm2")(y, train=train)
        y = nn.relu(y + layers.Conv(_LEARNED, size=1, name="conv3")(x))
        return jnp.concatenate([*means, y], -1)


class BlockEncoder(nn.Module):
    """Blocks of readouts (N, 21, H, W) -> `Features`."""

    dtype: jnp.dtype | type = jnp.float32
    axis_name: str | None = None

    @nn.compact
    def __call__(self, blocks: jax.Array, *, train: bool) -> Features:
        x = jnp.moveaxis(blocks, 1, -1).astype(self.dtype)
        x = HybridEmbedding(self.axis_name, name="embedding")(x, train=train)
        features = [x]
        conv = functools.partial(
            layers.Conv,
            kernel_init=initializers.xavier_uniform,
            bias_init=initializers.zeros,
        )
        for level, width in enumerate(WIDTHS):
            size, stride = (7, 1) if level == 0 else (3, 2)
            x = conv(width, size=size, stride=stride, name=f"conv{level}")(x)
            x = layers.PReLU(name=f"prelu{level}")(x)
            if level > 0:
                x = layers.Residual(name=f"residual{level}")(x)
                features.append(x)
        return tuple(features)


class SymmetricAttention(nn.Module):
    """Attention from the middle block to the outer ones, three (B, h, w, 96) -> (B, h, w, 288).

    Channel attention as in Restormer (Zamir et al., CVPR 2022): the map of a head is 24 x 24,
    between channels, so that the cost is linear in the number of pixels.
    """

    heads: int = 4

    @nn.compact
    def __call__(self, middle: jax.Array, first: jax.Array, last: jax.Array) -> jax.Array:
        channels = middle.shape[-1]
        feed_forward = GatedFeedForward(name="feed_forward")
        norm = layers.LayerNorm(name="norm_out")

        queries = layers.LayerNorm(name="norm_query")(middle)
        queries = layers.Conv(2 * channels, size=1, use_bias=False, name="query")(queries)
        spread = layers.Conv(2 * channels, groups=channels, use_bias=False, name="query_spread")
        halves = jnp.split(spread(queries), 2, -1)
        sides = []
        for side, x, query in zip((1, 2), (first, last), halves, strict=True):
            y = layers.LayerNorm(name=f"norm_key_value{side}")(x)
            y = layers.Conv(2 * channels, size=1, use_bias=False, name=f"key_value{side}")(y)
            y = layers.Conv(
                2 * channels,
                groups=2 * channels,
                use_bias=False,
                name=f"key_value_spread{side}",
            )(y)
            key, value = jnp.split(y, 2, -1)
            temperature = self.param(f"temperature{side}", initializers.ones, (self.heads, 1, 1))
            sides.append(feed_forward(norm(channel_attention(query, key, value, temperature))))
        return jnp.concatenate([sides[0], middle, sides[1]], -1)


def channel_attention(
    query: jax.Array, key: jax.Array, value: jax.Array, temperature: jax.Array
) -> jax.Array:
    """softmax(temperature q k^T) v over the channels of a head, q and k of unit length in space.

    Args:
        query: (B, H, W, C).
        key: (B, H, W, C).
        value: (B, H, W, C).
        temperature: (heads, 1, 1).

    Returns:
        (B, H, W, C), in the dtype of `value`.
    """
    batch, height, width, channels = value.shape
    heads = temperature.shape[0]
    shape = (batch, height * width, heads, channels // heads)

    def unit(x: jax.Array) -> jax.Array:
        x = x.reshape(shape).astype(jnp.float32)
        square = (x * x).sum(1, keepdims=True)
        # A dead channel has length 0, where the root has no finite gradient.
        length = jnp.sqrt(jnp.where(square > 0, square, 1.0))
        return x / jnp.where(square > 0, jnp.maximum(length, 1e-12), 1e-12)

    logits = jnp.einsum("bnhc,bnhd->bhcd", unit(query), unit(key))
    weights = jax.nn.softmax(logits * temperature[None], axis=-1).astype(value.dtype)
    return jnp.einsum("bhcd,bnhd->bnhc", weights, value.reshape(shape)).reshape(value.shape)


class GatedFeedForward(nn.Module):
    """conv1, depthwise conv3, GELU(a) * b, conv1 (Restormer); the number of channels stays."""

    hidden: int = 255

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        wide = 2 * self.hidden
        y = layers.Conv(wide, size=1, use_bias=False, name="expand")(x)
        y = layers.Conv(wide, groups=wide, use_bias=False, name="spread")(y)
        a, b = jnp.split(y, 2, -1)
        gated = jax.nn.gelu(a, approximate=False) * b
        return layers.Conv(x.shape[-1], size=1, use_bias=False, name="project")(gated)
