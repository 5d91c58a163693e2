"""STIR: spatio-temporal interactive learning. 61 readouts give the image of the middle one.

Fan et al., "Spatio-Temporal Interactive Learning for Efficient Image Reconstruction of Spiking
Cameras", NeurIPS 2024. 5,107,960 parameters.

Three overlapping blocks of 21 readouts pass the same embedding and encoder. The middle block
attends to the outer two. A decoder estimates image and motion together, from coarse to fine.
"""

from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp

from spikejax import ops
from spikejax.camera.conventions import STRIDE
from spikejax.models import model
from spikejax.models.stir.decoder import Decoder, Pyramid
from spikejax.models.stir.encoder import BlockEncoder, Features, SymmetricAttention
from spikejax.models.stir.names import PUBLISHED

WINDOW = 61
BLOCK = 21
MULTIPLE = 16


class STIROutput(NamedTuple):
    """Images and flows of all levels, for training.

    Attributes:
        images: five images (B, H / 2^l, W / 2^l, 1) in [0, 1], finest first.
        flows: for levels 0 to 3 a pair of flows (B, H / 2^l, W / 2^l, 2), in pixels of that level,
            from the middle block to the first and to the last.
    """

    images: tuple[jax.Array, ...]
    flows: tuple[tuple[jax.Array, jax.Array], ...]


class STIR(nn.Module):
    """The network; H and W are multiples of 16 here (`create` pads and crops).

    Attributes:
        dtype: type of the activations. Parameters, flows, images and normalisations are float32.
        axis_name: a mapped axis over which batch statistics are pooled in training.
    """

    dtype: jnp.dtype | type = jnp.float32
    axis_name: str | None = None

    def setup(self) -> None:
        """Names the three parts."""
        self.encoder = BlockEncoder(dtype=self.dtype, axis_name=self.axis_name)
        self.attention = SymmetricAttention()
        self.decoder = Decoder()

    def encode(self, blocks: jax.Array, *, train: bool = False) -> Features:
        """Blocks of readouts (N, 21, H, W) -> features, the embedding first, the coarsest last."""
        return self.encoder(blocks, train=train)

    def decode(self, first: Features, middle: Features, last: Features) -> Pyramid:
        """The features of three successive blocks -> images and flows, finest first, unclamped."""
        top = self.attention(middle[-1], first[-1], last[-1])
        return self.decoder(top, first[:-1], middle[:-1], last[:-1])

    def __call__(self, spikes: jax.Array, *, train: bool = False) -> Pyramid:
        """Spikes (B, 61, H, W) -> images and flows, finest first, unclamped."""
        features = self.encode(jnp.concatenate(split_blocks(spikes)), train=train)
        parts = [jnp.split(f, 3) for f in features]
        first, middle, last = (tuple(p[i] for p in parts) for i in range(3))
        return self.decode(first, middle, last)


def split_blocks(spikes: jax.Array) -> list[jax.Array]:
    """(B, 20 n + 1, H, W) -> n overlapping blocks (B, 21, H, W), oldest first."""
    starts = range(0, spikes.shape[1] - STRIDE, STRIDE)
    return [spikes[:, s : s + BLOCK] for s in starts]


def apply_with_pyramid(
    variables: model.Variables,
    spikes: jax.Array,
    train: bool = False,
    *,
    dtype: jnp.dtype | type = jnp.float32,
    axis_name: str | None = None,
) -> tuple[STIROutput, model.Variables]:
    """Runs STIR and returns the images and flows of all levels, for training.

    Sizes that are no multiples of 16 are padded by edge replication; then the finest level is
    cropped back and the coarser ones cover the padded image.

    Args:
        variables: {'params', 'batch_stats'}, as from `create('stir').init(key)`.
        spikes: (B, 61, H, W), 0 or 1.
        train: normalise by the statistics of the batch and move the running ones.
        dtype: of the activations.
        axis_name: with `train`, a mapped axis over which batch statistics are pooled.

    Returns:
        `STIROutput` and the batch statistics after this batch (the given ones without `train`).

    Raises:
        ValueError: if `spikes` is not (B, 61, H, W).
    """
    model.check_spikes(spikes, WINDOW, "stir")
    module = STIR(dtype=dtype, axis_name=axis_name)
    padded, padding = ops.pad_to_multiple(spikes, MULTIPLE, axes=(2, 3))
    collections = _collections(variables)
    batch_stats = variables["batch_stats"]
    if train:
        pyramid, updated = module.apply(collections, padded, train=True, mutable=["batch_stats"])
        batch_stats = updated["batch_stats"]
    else:
        pyramid = module.apply(collections, padded)
    images = [jnp.clip(image, 0.0, 1.0) for image in pyramid.images]
    flows = list(pyramid.flows)
    images[0] = ops.crop_padding(images[0], padding, axes=(1, 2))
    flows[0] = tuple(ops.crop_padding(flow, padding, axes=(1, 2)) for flow in flows[0])
    return STIROutput(tuple(images), tuple(flows)), batch_stats


@model.register("stir")
def create(*, dtype: jnp.dtype | type = jnp.float32) -> model.Model:
    """STIR as a `Model`."""
    module = STIR(dtype=dtype)

    def init(key: jax.Array) -> model.Variables:
        return jax.jit(module.init)(key, jnp.zeros((1, WINDOW, 16, 16), jnp.uint8))

    @jax.jit
    def run(variables: model.Variables, spikes: jax.Array) -> jax.Array:
        output, _ = apply_with_pyramid(variables, spikes, dtype=dtype)
        return output.images[0]

    def apply(variables: model.Variables, spikes: jax.Array) -> jax.Array:
        model.check_spikes(spikes, WINDOW, "stir")
        return run(variables, spikes)

    def train(
        variables: model.Variables, spikes: jax.Array, *, axis_name: str | None = None
    ) -> model.TrainOutput:
        output, batch_stats = apply_with_pyramid(
            variables, spikes, True, dtype=dtype, axis_name=axis_name
        )
        return model.TrainOutput(output.images, batch_stats)

    def encode(variables: model.Variables, blocks: jax.Array) -> Features:
        padded, _ = ops.pad_to_multiple(blocks, MULTIPLE, axes=(2, 3))
        return module.apply(_collections(variables), padded, method="encode")  # type: ignore[return-value]

    def decode(
        variables: model.Variables, features: tuple[Features, ...], size: tuple[int, int]
    ) -> jax.Array:
        pyramid: Any = module.apply(_collections(variables), *features, method="decode")
        _, padding = ops.pad_to_multiple(jnp.zeros((1, *size, 1)), MULTIPLE)
        return jnp.clip(ops.crop_padding(pyramid.images[0], padding), 0.0, 1.0)

    return model.Model(
        name="stir",
        description="spikes (B, 61, H, W) -> intensity (B, H, W, 1) in [0, 1]; NeurIPS 2024",
        label="STIR",
        citation=(
            'Fan et al., "Spatio-Temporal Interactive Learning for Efficient Image Reconstruction '
            'of Spiking Cameras", NeurIPS 2024'
        ),
        published=PUBLISHED,
        quality=29.15,
        window=WINDOW,
        levels=5,
        multiple=MULTIPLE,
        module=module,
        init=init,
        apply=apply,
        train=train,
        blocks=model.Blocks(
            offsets=tuple(STRIDE * n - WINDOW // 2 for n in range(3)),
            length=BLOCK,
            encode=encode,
            decode=decode,
        ),
    )


def _collections(variables: model.Variables) -> model.Variables:
    return {name: variables[name] for name in ("params", "batch_stats")}
