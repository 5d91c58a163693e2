"""Spk2ImgNet: aligned blocks of readouts. 41 readouts give the image of the middle one.

Zhao et al., "Spk2ImgNet: Learning to Reconstruct Dynamic Scene from Continuous Spike Stream", CVPR
2021. 3,904,185 parameters.

Five overlapping blocks of 13 readouts pass the same extractor. Deformable convolutions align the
outer four to the middle one, and masks weigh what they contribute.
"""

import flax.linen as nn
import jax
import jax.numpy as jnp

from spikejax import ops
from spikejax.models import layers, model
from spikejax.models.spk2imgnet.alignment import Alignment, Pyramid
from spikejax.models.spk2imgnet.extractor import WIDTH, Extractor
from spikejax.models.spk2imgnet.names import PUBLISHED

WINDOW = 41
BLOCK = 13
MULTIPLE = 4
_STRIDE = 7
_KEY = 2
_OTHERS = (0, 1, 3, 4)

Output = tuple[jax.Array, tuple[jax.Array, ...]]
"""An image (B, H, W, 1) and the five blocks' estimates (B, H, W, 4), oldest first."""


class Mask(nn.Module):
    """How far to trust aligned features, given those of the key block: (B, H, W, 64) in [0, 1]."""

    @nn.compact
    def __call__(self, aligned: jax.Array, key: jax.Array) -> jax.Array:
        x = jnp.concatenate([aligned, key], -1)
        for i in (1, 2):
            x = layers.PReLU(name=f"prelu{i}")(layers.Conv(WIDTH, name=f"conv{i}")(x))
        return nn.sigmoid(layers.Conv(WIDTH, name="conv3")(x))


class Spk2ImgNet(nn.Module):
    """Spikes (B, 41, H, W) -> image and estimates, not bounded; H and W are multiples of 4 here.

    Attributes:
        dtype: type of the activations; parameters and output are float32.
    """

    dtype: jnp.dtype | type = jnp.float32

    @nn.compact
    def __call__(self, spikes: jax.Array) -> Output:
        features, estimates = Extractor(name="extractor")(split_blocks(spikes).astype(self.dtype))
        pyramid = Pyramid(name="pyramid")(features)
        blocks = [jnp.split(level, 5) for level in pyramid]
        others = tuple(jnp.concatenate([level[i] for i in _OTHERS]) for level in blocks)
        keys = tuple(jnp.concatenate([level[_KEY]] * len(_OTHERS)) for level in blocks)
        aligned = jnp.split(Alignment(name="alignment")(others, keys), len(_OTHERS))
        key = blocks[0][_KEY]
        parts = [a * Mask(name=f"mask{i}")(a, key) for i, a in zip(_OTHERS, aligned, strict=True)]
        x = jnp.concatenate([*parts[:_KEY], key, *parts[_KEY:]], -1)
        x = nn.relu(layers.Conv(3 * WIDTH, name="reconstruct1")(x))
        x = nn.relu(layers.Conv(WIDTH, name="reconstruct2")(x))
        image = layers.Conv(1, name="reconstruct3")(x)
        return image.astype(jnp.float32), tuple(jnp.split(estimates.astype(jnp.float32), 5))


def split_blocks(spikes: jax.Array) -> jax.Array:
    """(B, 41, H, W) -> five overlapping blocks along the batch (5 B, H, W, 13), oldest first."""
    x = jnp.moveaxis(spikes, 1, -1)
    starts = range(0, WINDOW - BLOCK + 1, _STRIDE)
    return jnp.concatenate([x[..., start : start + BLOCK] for start in starts])


def apply_with_estimates(
    variables: model.Variables, spikes: jax.Array, *, dtype: jnp.dtype | type = jnp.float32
) -> Output:
    """Runs Spk2ImgNet and returns the coarse estimates as well, for training.

    Sizes that are no multiples of 4 are padded at the end by mirroring, and the output is cropped.

    Args:
        variables: {'params'}, as from `create('spk2imgnet').init(key)`.
        spikes: (B, 41, H, W), 0 or 1, oldest first.
        dtype: of the activations.

    Returns:
        The image (B, H, W, 1) of readout 20, and for each of five blocks of 13 readouts four
        estimates (B, H, W, 4) of its middle readout: 6, 13, 20, 27 and 34. All are spikes per
        readout, float32, not bounded.

    Raises:
        ValueError: if `spikes` is not (B, 41, H, W).
    """
    model.check_spikes(spikes, WINDOW, "spk2imgnet")
    padded, padding = ops.pad_to_multiple(spikes, MULTIPLE, axes=(2, 3), sides="end", fill="mirror")
    output: Output = Spk2ImgNet(dtype=dtype).apply(variables, padded)  # type: ignore[assignment]
    image, estimates = jax.tree.map(lambda x: ops.crop_padding(x, padding), output)
    return image, estimates


@model.register("spk2imgnet")
def create(*, dtype: jnp.dtype | type = jnp.float32) -> model.Model:
    """Spk2ImgNet as a `Model`; divide its output by the gain to get intensity."""
    module = Spk2ImgNet(dtype=dtype)

    def init(key: jax.Array) -> model.Variables:
        return jax.jit(module.init)(key, jnp.zeros((1, WINDOW, 4, 4), jnp.uint8))

    @jax.jit
    def run(variables: model.Variables, spikes: jax.Array) -> jax.Array:
        return apply_with_estimates(variables, spikes, dtype=dtype)[0]

    def apply(variables: model.Variables, spikes: jax.Array) -> jax.Array:
        model.check_spikes(spikes, WINDOW, "spk2imgnet")
        return run(variables, spikes)

    def train(
        variables: model.Variables, spikes: jax.Array, *, axis_name: str | None = None
    ) -> model.TrainOutput:
        image, estimates = apply_with_estimates(variables, spikes, dtype=dtype)
        return model.TrainOutput((image,), {}, estimates[_KEY])

    return model.Model(
        name="spk2imgnet",
        description="spikes (B, 41, H, W) -> spikes per readout (B, H, W, 1); CVPR 2021",
        label="Spk2ImgNet",
        citation=(
            'Zhao et al., "Spk2ImgNet: Learning to Reconstruct Dynamic Scene from Continuous Spike '
            'Stream", CVPR 2021'
        ),
        published=PUBLISHED,
        checkpoint=(
            "spk2imgnet.pth among Spike-Zoo's weights (github.com/chenkang455/Spike-Zoo/releases)"
        ),
        window=WINDOW,
        multiple=MULTIPLE,
        module=module,
        init=init,
        apply=apply,
        train=train,
    )
