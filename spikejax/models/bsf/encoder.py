"""BSF's encoder: features of blocks of 21 readouts, from the intervals of their spikes."""

import flax.linen as nn
import jax
import jax.numpy as jnp

from spikejax.models import layers

WIDTH = 64


class ConvPair(nn.Module):
    """conv3, ReLU, conv3, (B, H, W, C) -> (B, H / stride, W / stride, features).

    Attributes:
        features: output channels; the middle has `WIDTH`.
        stride: of the first convolution, pixels.
    """

    features: int = WIDTH
    stride: int = 1

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        x = nn.relu(layers.Conv(WIDTH, stride=self.stride, name="conv1")(x))
        return layers.Conv(self.features, name="conv2")(x)


class IntervalEmbedding(nn.Module):
    """Rates by the four interval sums, each (N, H, W, 21) -> (N, H, W, 64).

    Longer sums fluctuate less and blur more. The own interval gives the features, the three sums
    with neighbours a correction.
    """

    @nn.compact
    def __call__(self, rates: tuple[jax.Array, ...]) -> jax.Array:
        shared = ConvPair(name="shared")
        own, *others = (shared(rate) for rate in rates)
        corrections = [
            ConvPair(name=f"correct{name}")(x)
            for name, x in zip(("12", "21", "22"), others, strict=True)
        ]
        return own + ConvPair(name="fuse")(jnp.concatenate(corrections, -1))


class BlockEncoder(nn.Module):
    """Four residual blocks, each followed by a ReLU, (N, H, W, 64) -> the same shape."""

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        for number in range(1, 5):
            residual = layers.Residual(kernel_init=None, bias_init=None, name=f"residual{number}")
            x = nn.relu(residual(x))
        return x
