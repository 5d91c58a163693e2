"""BSF: reconstruction from inter-spike intervals. 61 readouts give the image of the middle one.

Zhao et al., "Boosting Spike Camera Image Reconstruction from a Perspective of Dealing with Spike
Fluctuations", CVPR 2024. 2,476,870 parameters.

Every readout is described by its inter-spike interval, alone and joined with the intervals next to
it. Five overlapping blocks of 21 readouts pass the same encoder. The outer four are aligned to the
middle one by attention between patches and deformable convolutions.
"""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from spikejax import ops
from spikejax.models import layers, model
from spikejax.models.bsf.alignment import BLOCKS, Alignment
from spikejax.models.bsf.encoder import WIDTH, BlockEncoder, IntervalEmbedding
from spikejax.models.bsf.intervals import IntervalSums, interval_sums
from spikejax.models.bsf.names import PUBLISHED

WINDOW = 61
BLOCK = 21
MULTIPLE = 4
_STRIDE = 10
_INTERVALS = (1.0, 2.0, 2.0, 3.0)


class Reconstruction(nn.Module):
    """Three convolutions, (B, H, W, 320) -> image (B, H, W, 1), not bounded."""

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        x = nn.relu(layers.Conv(3 * WIDTH, name="conv1")(x))
        x = nn.relu(layers.Conv(WIDTH, name="conv2")(x))
        return layers.Conv(1, name="conv3")(x)


class BSF(nn.Module):
    """The network; H and W are multiples of 4 here (`create` pads and crops).

    Attributes:
        dtype: type of the activations; parameters, softmax and output are float32.
    """

    dtype: jnp.dtype | type = jnp.float32

    def setup(self) -> None:
        """Names the four parts."""
        self.embedding = IntervalEmbedding()
        self.encoder = BlockEncoder()
        self.alignment = Alignment()
        self.reconstruction = Reconstruction()

    def __call__(self, spikes: jax.Array) -> jax.Array:
        """Spikes (B, 61, H, W) -> spikes per readout (B, H, W, 1), not bounded."""
        return self.from_intervals(interval_sums(spikes))

    def from_intervals(self, sums: IntervalSums) -> jax.Array:
        """Interval sums, each (B, 61, H, W) -> spikes per readout (B, H, W, 1), not bounded."""
        rates = [
            split_blocks(count / length.astype(jnp.float32)).astype(self.dtype)
            for count, length in zip(_INTERVALS, sums, strict=True)
        ]
        features = self.encoder(self.embedding(tuple(rates)))
        aligned = jnp.split(self.alignment(features), BLOCKS)
        return self.reconstruction(jnp.concatenate(aligned, -1)).astype(jnp.float32)


def split_blocks(x: jax.Array) -> jax.Array:
    """(B, 61, H, W) -> five overlapping blocks along the batch (5 B, H, W, 21), oldest first."""
    x = jnp.moveaxis(x, 1, -1)
    starts = range(0, WINDOW - _STRIDE - 1, _STRIDE)
    return jnp.concatenate([x[..., start : start + BLOCK] for start in starts])


def apply_to_intervals(
    variables: model.Variables,
    sums: tuple[jax.Array, jax.Array, jax.Array, jax.Array],
    *,
    dtype: jnp.dtype | type = jnp.float32,
) -> jax.Array:
    """Runs BSF on intervals that were measured elsewhere, such as on the whole stream.

    Sizes that are no multiples of 4 are padded by repeating the last rows and columns in order.

    Args:
        variables: {'params'}, as from `create('bsf').init(key)`.
        sums: d11, d12, d21 and d22 as `interval_sums` returns them, (B, 61, H, W) each, in
            readouts, at least 1.
        dtype: of the activations.

    Returns:
        Images (B, H, W, 1), spikes per readout, not bounded, float32.

    Raises:
        ValueError: if `sums` are not four arrays (B, 61, H, W).
    """
    for length in sums:
        model.check_spikes(length, WINDOW, "bsf")
    shapes = [tuple(length.shape) for length in sums]
    if len(shapes) != 4 or len(set(shapes)) != 1:
        raise ValueError(f"bsf: expected four interval sums of one shape, got shapes {shapes}")
    pads = [
        ops.pad_to_multiple(length, MULTIPLE, axes=(2, 3), sides="end", fill="repeat")
        for length in sums
    ]
    padded, padding = IntervalSums(*(x for x, _ in pads)), pads[0][1]
    image: Any = BSF(dtype=dtype).apply(variables, padded, method="from_intervals")
    return ops.crop_padding(image, padding)


@model.register("bsf")
def create(*, dtype: jnp.dtype | type = jnp.float32) -> model.Model:
    """BSF as a `Model`; divide its output by the gain to get intensity."""
    module = BSF(dtype=dtype)

    def init(key: jax.Array) -> model.Variables:
        return jax.jit(module.init)(key, jnp.zeros((1, WINDOW, 8, 8), jnp.uint8))

    @jax.jit
    def run(variables: model.Variables, spikes: jax.Array) -> jax.Array:
        return apply_to_intervals(variables, interval_sums(spikes), dtype=dtype)

    def apply(variables: model.Variables, spikes: jax.Array) -> jax.Array:
        model.check_spikes(spikes, WINDOW, "bsf")
        return run(variables, spikes)

    return model.Model(
        name="bsf",
        description="spikes (B, 61, H, W) -> spikes per readout (B, H, W, 1); CVPR 2024",
        label="BSF",
        citation=(
            'Zhao et al., "Boosting Spike Camera Image Reconstruction from a Perspective of '
            'Dealing with Spike Fluctuations", CVPR 2024'
        ),
        published=PUBLISHED,
        checkpoint="bsf.pth among Spike-Zoo's weights (github.com/chenkang455/Spike-Zoo/releases)",
        window=WINDOW,
        multiple=MULTIPLE,
        module=module,
        init=init,
        apply=apply,
    )
