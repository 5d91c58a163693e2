"""BSN: the blind-spot denoiser of S-SDM. A prediction does not depend on the pixel itself.

Chen et al., "SpikeReveal: Unlocking Temporal Sequences from Real Blurry Inputs with Spike Streams",
NeurIPS 2024, after Laine et al., "High-Quality Self-Supervised Deep Image Denoising", NeurIPS 2019.
1,118,832 parameters, none of them a bias.

A U-Net whose rows depend on the rows above runs on an image in four orientations. Shifted by one
more row, the four results together depend on all pixels but the one in the middle.
"""

from functools import partial
from typing import Literal

import flax.linen as nn
import jax
import jax.numpy as jnp

from spikejax import ops
from spikejax.models import initializers, layers, model, name_table

Square = Literal["reflect", "none"]

_SLOPE = 0.1
_LEAST = 4  # pixels per side: a smaller image is empty after the U-Net's two poolings

# PyTorch's narrower initial values would shrink an image to nothing in twenty layers without bias.
_conv = partial(layers.Conv, use_bias=False, kernel_init=initializers.he_normal)


class UpwardConv(nn.Module):
    """A 3x3 convolution over a row and the two rows above it, then leaky ReLU.

    Columns are padded by repeating the edge, rows by zeros.

    Attributes:
        features: output channels.
    """

    features: int

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        x = jnp.pad(x, ((0, 0), (0, 0), (1, 1), (0, 0)), mode="edge")
        x = jnp.pad(x, ((0, 0), (2, 0), (0, 0), (0, 0)))
        return _leaky(_conv(self.features, padding=0, name="conv")(x))


class UpwardStage(nn.Module):
    """A chain of upward convolutions.

    Attributes:
        widths: output channels of each.
    """

    widths: tuple[int, ...]

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        for number, width in enumerate(self.widths, 1):
            x = UpwardConv(width, name=f"conv{number}")(x)
        return x


class UpwardUNet(nn.Module):
    """(B, H, W, 1) -> (B, H, W, 96), each row of which depends on itself and the rows above."""

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        halved = _upward_pool(UpwardStage((48, 48, 48), name="enc1")(x))
        quartered = _upward_pool(UpwardStage((48, 48, 48), name="enc2")(halved))
        deepest = UpwardStage((96, 96, 48), name="enc3")(quartered)
        joined = jnp.concatenate([_doubled(deepest, halved), halved], -1)
        joined = UpwardStage((96,) * 4, name="dec2")(joined)
        joined = jnp.concatenate([_doubled(joined, x), x], -1)
        return UpwardStage((96,) * 4, name="dec1")(joined)


class BSN(nn.Module):
    """Images (B, H, W, 1) -> denoised images (B, H, W, 1), not clamped.

    Attributes:
        dtype: type of the activations; parameters and output are float32.
        square: 'reflect' makes images square by reflection first, as published; near the border a
            prediction then depends on the mirror image of its pixel. 'none' keeps the size: it is
            cheaper and blind everywhere.
    """

    dtype: jnp.dtype | type = jnp.float32
    square: Square = "reflect"

    @nn.compact
    def __call__(self, images: jax.Array) -> jax.Array:
        height, width = images.shape[1:3]
        x = images.astype(self.dtype)
        top, left = 0, 0
        if self.square == "reflect":
            x, top, left = _reflected(x)
        joined = self._views(x)
        y = _leaky(_conv(384, size=1, name="nin1")(joined))
        y = _leaky(_conv(96, size=1, name="nin2")(y))
        y = _conv(1, size=1, name="nin3")(y).astype(jnp.float32)
        return y[:, top : top + height, left : left + width]

    def _views(self, x: jax.Array) -> jax.Array:
        """Returns the features of four orientations, rotated back: (B, H, W, 384)."""
        unet = UpwardUNet(name="unet")
        upright, turned = [x, jnp.rot90(x, 2, (1, 2))], [_clockwise(x), _anticlockwise(x)]
        if x.shape[1] == x.shape[2]:
            parts = jnp.split(unet(jnp.concatenate([*upright, *turned])), 4)
        else:
            parts = [
                p for pair in (upright, turned) for p in jnp.split(unet(jnp.concatenate(pair)), 2)
            ]
        up, down, right, left = (_shifted(part) for part in parts)
        return jnp.concatenate(
            [up, _anticlockwise(right), jnp.rot90(down, 2, (1, 2)), _clockwise(left)], -1
        )


def _leaky(x: jax.Array) -> jax.Array:
    return jnp.where(x >= 0, x, _SLOPE * x)


def _clockwise(x: jax.Array) -> jax.Array:
    return jnp.rot90(x, -1, (1, 2))


def _anticlockwise(x: jax.Array) -> jax.Array:
    return jnp.rot90(x, 1, (1, 2))


def _shifted(x: jax.Array) -> jax.Array:
    """Shifts down by one row; the first row becomes zeros."""
    return jnp.pad(x, ((0, 0), (1, 0), (0, 0), (0, 0)))[:, :-1]


def _upward_pool(x: jax.Array) -> jax.Array:
    """Max-pools 2x2 cells, shifted down by a row; drops an odd last row or column."""
    B, H, W, C = x.shape
    cells = _shifted(x)[:, : H // 2 * 2, : W // 2 * 2].reshape(B, H // 2, 2, W // 2, 2, C)
    return cells.max((2, 4))


def _doubled(x: jax.Array, like: jax.Array) -> jax.Array:
    """Doubles the size by repetition and pads with zeros to the size of `like`."""
    x = ops.nearest_upsample2(x)
    rows, columns = (like.shape[axis] - x.shape[axis] for axis in (1, 2))
    sides = ((rows // 2, rows - rows // 2), (columns // 2, columns - columns // 2))
    return jnp.pad(x, ((0, 0), *sides, (0, 0)))


def _reflected(x: jax.Array) -> tuple[jax.Array, int, int]:
    """Pads to a square by reflection; also returns the rows and columns before the image."""
    height, width = x.shape[1:3]
    side = max(height, width)
    rows, columns = side - height, side - width
    sides = ((rows // 2, rows - rows // 2), (columns // 2, columns - columns // 2))
    return jnp.pad(x, ((0, 0), *sides, (0, 0)), mode="reflect"), rows // 2, columns // 2


# The published checkpoint of S-SDM.
_STAGES = {"enc1": 3, "enc2": 3, "enc3": 3, "dec2": 4, "dec1": 4}

PUBLISHED = name_table.NameTable(
    rows=(
        *(
            (f"unet.{stage}.conv{n}.conv", "conv_without_bias", f"unet/{stage}/conv{n}/conv")
            for stage, count in _STAGES.items()
            for n in range(1, count + 1)
        ),
        ("nin_A", "conv_without_bias", "nin1"),
        ("nin_B", "conv_without_bias", "nin2"),
        ("nin_C", "conv_without_bias", "nin3"),
    ),
)

_CITATION = (
    'Chen et al., "SpikeReveal: Unlocking Temporal Sequences from Real Blurry Inputs with Spike '
    'Streams", NeurIPS 2024'
)


@model.register("bsn")
def create(*, dtype: jnp.dtype | type = jnp.float32, square: Square = "reflect") -> model.Model:
    """BSN as a `Model`."""
    if square not in ("reflect", "none"):
        raise ValueError(f"bsn: expected square 'reflect' or 'none', got {square!r}")
    module = BSN(dtype=dtype, square=square)

    def init(key: jax.Array) -> model.Variables:
        return jax.jit(module.init)(key, jnp.zeros((1, 8, 8, 1)))

    run = jax.jit(module.apply)

    def apply(variables: model.Variables, images: jax.Array) -> jax.Array:
        model.check_images(images, 1, "bsn")
        if min(images.shape[1:3]) < _LEAST:
            raise ValueError(
                f"bsn: expected images of at least {_LEAST}x{_LEAST} pixels, "
                f"got {images.shape[1]}x{images.shape[2]}"
            )
        return run(variables, images)

    return model.Model(
        name="bsn",
        description="noisy images (B, H, W, 1) -> denoised (B, H, W, 1), not clamped; blind-spot",
        label="BSN",
        citation=_CITATION,
        published=PUBLISHED,
        window=None,
        reach=None,
        module=module,
        init=init,
        apply=apply,
    )
