"""BSF's alignment of four blocks to the key block, from coarse to fine."""

from typing import NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp

from spikejax import ops
from spikejax.models import layers
from spikejax.models.bsf.attention import PatchAttention
from spikejax.models.bsf.encoder import WIDTH, ConvPair

BLOCKS = 5
KEY = 2
_GROUPS = 4
_OFFSETS = 3 * 9 * _GROUPS


class LevelOutput(NamedTuple):
    """Output of a level for the neighbour blocks.

    Attributes:
        aligned: (N, H, W, 64).
        offsets: (N, H, W, 108), offsets and modulation as `layers.DeformConv` takes them.
    """

    aligned: jax.Array
    offsets: jax.Array


class Coarsest(nn.Module):
    """Level 3: features after attention and those of the key block -> `LevelOutput`."""

    @nn.compact
    def __call__(self, x: jax.Array, key: jax.Array, deform: layers.DeformConv) -> LevelOutput:
        offsets = ConvPair(_OFFSETS, name="offsets")(jnp.concatenate([x, key], -1))
        return LevelOutput(deform(x, offsets), offsets)


class Level(nn.Module):
    """Levels 2 and 1: as `Coarsest`, guided by the output of the level above."""

    @nn.compact
    def __call__(
        self, x: jax.Array, key: jax.Array, deform: layers.DeformConv, above: LevelOutput
    ) -> LevelOutput:
        compared = ConvPair(name="compare")(jnp.concatenate([x, key], -1))
        guided = jnp.concatenate([compared, ops.upsample2(above.offsets)], -1)
        offsets = ConvPair(_OFFSETS, name="offsets")(guided)
        fused = jnp.concatenate([deform(x, offsets), ops.upsample2(above.aligned)], -1)
        return LevelOutput(ConvPair(name="fuse")(fused), offsets)


class Alignment(nn.Module):
    """Features of the five blocks (5 B, H, W, 64), oldest first -> the same, aligned to the third.

    H and W are multiples of 4. All levels share the attention and the deformable convolution.
    """

    @nn.compact
    def __call__(self, features: jax.Array) -> jax.Array:
        levels = [features]
        for number in (2, 3):
            levels.append(ConvPair(stride=2, name=f"down{number}")(levels[-1]))
        attention = PatchAttention(name="attention")
        deform = layers.DeformConv(WIDTH, groups=_GROUPS, name="deform")

        neighbours, key = split_key(levels[2])
        keys = _four(key)
        output = Coarsest(name="level3")(attention(keys, neighbours), keys, deform)
        for number in (2, 1):
            above = LevelOutput(_guides(output.aligned, key), output.offsets)
            neighbours, key = split_key(levels[number - 1])
            keys = _four(key)
            output = Level(name=f"level{number}")(attention(keys, neighbours), keys, deform, above)
        aligned = jnp.split(output.aligned, BLOCKS - 1)
        return jnp.concatenate([*aligned[:KEY], key, *aligned[KEY:]])


def split_key(x: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Five blocks (5 B, ...) -> the four neighbours (4 B, ...), the key block (B, ...)."""
    blocks = jnp.split(x, BLOCKS)
    return jnp.concatenate([*blocks[:KEY], *blocks[KEY + 1 :]]), blocks[KEY]


def _four(key: jax.Array) -> jax.Array:
    return jnp.concatenate([key] * (BLOCKS - 1))


def _guides(aligned: jax.Array, key: jax.Array) -> jax.Array:
    """Returns the features that the neighbours take from the level above, (4 B, H, W, 64).

    The published code indexes the list of five blocks by the number of the neighbour: the third
    takes the key, and the fourth the third's aligned features. Its weights are trained that way.
    """
    first, second, third, _ = jnp.split(aligned, BLOCKS - 1)
    return jnp.concatenate([first, second, key, third])
