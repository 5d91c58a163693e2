"""STIR's decoder: image and motion, estimated together from coarse to fine."""

from typing import NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp

from spikejax import ops
from spikejax.models import layers

Flows = tuple[jax.Array, jax.Array]


class Pyramid(NamedTuple):
    """Images of five levels and up-sampled flows of the four finest, finest first, float32."""

    images: tuple[jax.Array, ...]
    flows: tuple[Flows, ...]


class LevelOutput(NamedTuple):
    """Output of a level: image, hidden features, flows to both sides."""

    image: jax.Array
    hidden: jax.Array
    flows: jax.Array


class Trunk(nn.Module):
    """conv3 PReLU, conv3 PReLU to `features`, a residual block: the hidden features of a level."""

    features: int

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        x = layers.PReLU(per_channel=True, name="prelu1")(layers.Conv(x.shape[-1], name="conv1")(x))
        x = layers.PReLU(per_channel=True, name="prelu2")(
            layers.Conv(self.features, name="conv2")(x)
        )
        return layers.Residual(name="residual")(x)


class Top(nn.Module):
    """The coarsest level, (B, h, w, 288) -> `LevelOutput`."""

    @nn.compact
    def __call__(self, x: jax.Array) -> LevelOutput:
        conv = layers.Conv(x.shape[-1], name="conv")
        hidden = layers.PReLU(per_channel=True, name="prelu")(conv(x))
        hidden = layers.Residual(name="residual")(hidden)
        predicted = layers.Conv(5, name="predict")(hidden).astype(jnp.float32)
        return LevelOutput(predicted[..., 4:], hidden, predicted[..., :4])


class Enlarged(nn.Module):
    """The level below, at twice its size: image, 8 hidden channels, flows (values not doubled)."""

    @nn.compact
    def __call__(self, below: LevelOutput) -> LevelOutput:
        return LevelOutput(
            image=ops.upsample2(below.image),
            hidden=layers.ConvTranspose(8, name="hidden")(below.hidden),
            flows=layers.ConvTranspose(4, name="flows")(below.flows),
        )


class Level(nn.Module):
    """Levels 3, 2 and 1: features of the three blocks, and the level below -> `LevelOutput`."""

    @nn.compact
    def __call__(
        self, below: LevelOutput, first: jax.Array, middle: jax.Array, last: jax.Array
    ) -> tuple[LevelOutput, jax.Array]:
        dtype, channels = middle.dtype, middle.shape[-1]
        up = Enlarged(name="enlarge")(below)
        x = [
            up.image.astype(dtype),
            middle,
            ops.warp(first, up.flows[..., :2]),
            ops.warp(last, up.flows[..., 2:]),
            up.hidden,
            up.flows.astype(dtype),
        ]
        hidden = Trunk(3 * channels, name="trunk")(jnp.concatenate(x, -1))
        predicted = layers.Conv(5, name="predict")(hidden).astype(jnp.float32)
        output = LevelOutput(predicted[..., 4:], hidden, predicted[..., :4] + up.flows)
        return output, up.flows


class Finest(nn.Module):
    """Level 0, on the embeddings, with two more flows per side: several motions per pixel."""

    @nn.compact
    def __call__(
        self,
        below: LevelOutput,
        below_up_flows: jax.Array,
        first: jax.Array,
        middle: jax.Array,
        last: jax.Array,
    ) -> tuple[jax.Array, jax.Array]:
        dtype = middle.dtype
        groups = layers.Conv(8, name="group_flows")(below.hidden).astype(jnp.float32)
        groups = groups + jnp.concatenate([below_up_flows, below_up_flows], -1)
        groups = layers.ConvTranspose(8, name="enlarge_groups")(groups)
        up = Enlarged(name="enlarge")(below)
        x = [
            up.image.astype(dtype),
            middle,
            ops.warp(first, up.flows[..., :2]),
            ops.warp(last, up.flows[..., 2:]),
            ops.warp(first, groups[..., 0:2]),
            ops.warp(last, groups[..., 2:4]),
            ops.warp(first, groups[..., 4:6]),
            ops.warp(last, groups[..., 6:8]),
            up.hidden,
            up.flows.astype(dtype),
            groups.astype(dtype),
        ]
        hidden = Trunk(3 * middle.shape[-1], name="trunk")(jnp.concatenate(x, -1))
        image = layers.Conv(1, name="predict")(hidden).astype(jnp.float32)
        return image, up.flows


class Decoder(nn.Module):
    """Attended features (B, h, w, 288) and those of levels 0 to 3 of three blocks -> `Pyramid`."""

    @nn.compact
    def __call__(
        self,
        top: jax.Array,
        first: tuple[jax.Array, ...],
        middle: tuple[jax.Array, ...],
        last: tuple[jax.Array, ...],
    ) -> Pyramid:
        output = Top(name="level4")(top)
        images, flows = [output.image], []
        for level in (3, 2, 1):
            output, up_flows = Level(name=f"level{level}")(
                output, first[level], middle[level], last[level]
            )
            images.append(output.image)
            flows.append(up_flows)
        image, up_flows = Finest(name="level0")(output, flows[-1], first[0], middle[0], last[0])
        images.append(image)
        flows.append(up_flows)
        pairs = tuple((f[..., :2], f[..., 2:]) for f in reversed(flows))
        return Pyramid(tuple(reversed(images)), pairs)
