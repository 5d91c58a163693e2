"""The features of a block of readouts, and the coarse estimates that they start from."""

import flax.linen as nn
import jax
import jax.numpy as jnp

from spikejax.models import layers

WIDTH = 64
_ESTIMATES = 4
_BLOCKS = 10


class Bottleneck(nn.Module):
    """ReLU(x + conv3(ReLU(conv3(ReLU(conv3(x)))))), the number of channels stays."""

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        y = nn.relu(layers.Conv(x.shape[-1], name="conv1")(x))
        y = nn.relu(layers.Conv(x.shape[-1], name="conv2")(y))
        return nn.relu(x + layers.Conv(x.shape[-1], name="conv3")(y))


class Estimates(nn.Module):
    """Readouts (N, H, W, L) -> images (N, H, W, 4), from all readouts, then ever fewer.

    Each estimate leaves out one more readout at either end.
    """

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        images = []
        for i in range(_ESTIMATES):
            inner = x[..., i : x.shape[-1] - i]
            hidden = nn.relu(layers.Conv(16, name=f"hidden{i}")(inner))
            images.append(layers.Conv(1, name=f"image{i}")(hidden))
        return jnp.concatenate(images, -1)


class Extractor(nn.Module):
    """Readouts (N, H, W, 13) -> features (N, H, W, 64) and estimates (N, H, W, 4)."""

    @nn.compact
    def __call__(self, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        estimates = Estimates(name="estimates")(x)
        gate = nn.relu(layers.Conv(8, name="gate1")(estimates))
        gate = nn.sigmoid(layers.Conv(_ESTIMATES, name="gate2")(gate))
        start = nn.relu(layers.Conv(WIDTH, name="start")(gate * estimates))
        y = start
        for i in range(_BLOCKS):
            y = Bottleneck(name=f"block{i}")(y)
        return y + start, estimates
