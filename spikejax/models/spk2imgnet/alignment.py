"""The alignment of features to those of the key block, from coarse to fine.

It follows the pyramid, cascading and deformable alignment of EDVR (Wang et al., "EDVR: Video
Restoration with Enhanced Deformable Convolutional Networks", CVPRW 2019).
"""

import functools

import flax.linen as nn
import jax
import jax.numpy as jnp

from spikejax import ops
from spikejax.models import initializers, layers
from spikejax.models.spk2imgnet.extractor import WIDTH

GROUPS = 8
Levels = tuple[jax.Array, ...]
"""Three levels of features, (N, H, W, 64) and those of half and a quarter of the size."""

_leaky_relu = functools.partial(nn.leaky_relu, negative_slope=0.1)


class Pyramid(nn.Module):
    """Features (N, H, W, 64) -> three levels of them, H and W multiples of 4."""

    @nn.compact
    def __call__(self, x: jax.Array) -> Levels:
        levels = [x]
        for level in (2, 3):
            y = _leaky_relu(layers.Conv(WIDTH, stride=2, name=f"level{level}_conv1")(levels[-1]))
            levels.append(_leaky_relu(layers.Conv(WIDTH, name=f"level{level}_conv2")(y)))
        return tuple(levels)


class GuidedDeformConv(nn.Module):
    """A deformable convolution of features x, displaced as other features say; no activation.

    At the start the taps are in place and their modulation is 1/2.
    """

    @nn.compact
    def __call__(self, x: jax.Array, guide: jax.Array) -> jax.Array:
        zeros = initializers.zeros
        raw = layers.Conv(27 * GROUPS, kernel_init=zeros, bias_init=zeros, name="raw")(guide)
        return layers.DeformConv(WIDTH, GROUPS, bias_init=zeros, name="conv")(x, raw)


class CoarseLevel(nn.Module):
    """Aligns the coarsest level: x and key (N, H, W, 64) -> aligned and its guide, alike."""

    @nn.compact
    def __call__(self, x: jax.Array, key: jax.Array) -> tuple[jax.Array, jax.Array]:
        guide = _leaky_relu(layers.Conv(WIDTH, name="guide1")(_join(x, key)))
        guide = _leaky_relu(layers.Conv(WIDTH, name="guide2")(guide))
        return GuidedDeformConv(name="deform")(x, guide), guide


class FineLevel(nn.Module):
    """Aligns a level, given the next coarser one's aligned features and guide, of half the size."""

    @nn.compact
    def __call__(
        self, x: jax.Array, key: jax.Array, coarse: jax.Array, coarse_guide: jax.Array
    ) -> tuple[jax.Array, jax.Array]:
        guide = _leaky_relu(layers.Conv(WIDTH, name="guide1")(_join(x, key)))
        guide = _join(guide, 2.0 * ops.upsample2(coarse_guide))
        guide = _leaky_relu(layers.Conv(WIDTH, name="guide2")(guide))
        guide = _leaky_relu(layers.Conv(WIDTH, name="guide3")(guide))
        aligned = GuidedDeformConv(name="deform")(x, guide)
        return layers.Conv(WIDTH, name="merge")(_join(aligned, ops.upsample2(coarse))), guide


class Alignment(nn.Module):
    """Aligns features to a key: levels x and key -> (N, H, W, 64)."""

    @nn.compact
    def __call__(self, x: Levels, key: Levels) -> jax.Array:
        aligned, guide = CoarseLevel(name="level3")(x[2], key[2])
        for level in (2, 1):
            fine = FineLevel(name=f"level{level}")
            index = level - 1
            aligned, guide = fine(x[index], key[index], _leaky_relu(aligned), guide)
        guide = _leaky_relu(layers.Conv(WIDTH, name="cascade_guide1")(_join(aligned, key[0])))
        guide = _leaky_relu(layers.Conv(WIDTH, name="cascade_guide2")(guide))
        return _leaky_relu(GuidedDeformConv(name="cascade_deform")(aligned, guide))


def _join(a: jax.Array, b: jax.Array) -> jax.Array:
    return jnp.concatenate([a, b], -1)
