"""SSIR: a spiking network that reads a recording step by step and keeps its neurons' potentials.

Zhao et al., "Spike Camera Image Reconstruction Using Deep Spiking Neural Networks", IEEE TCSVT
2023. 381,542 parameters. A step reads 41 readouts as channels; the neurons' own time is the
sequence of steps, which are 20 readouts apart.
"""

import functools
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp

from spikejax import ops
from spikejax.camera import surrogate
from spikejax.models import initializers, layers, model, name_table

WINDOW = 41
MULTIPLE = 2
_THRESHOLD = 1.0
_SLOPE = surrogate.atan(2.0).slope

_conv = functools.partial(layers.Conv, use_bias=False)


class Potentials(NamedTuple):
    """The neurons' potentials after a step, float32, at the size padded to even H and W.

    Attributes:
        static: (B, H, W, 128).
        encoded: (B, H / 2, W / 2, 128).
        reduced: (B, H / 2, W / 2, 32).
        middle: (B, H / 2, W / 2, 32).
        expanded: (B, H / 2, W / 2, 128).
        decoded: (B, H, W, 64).
    """

    static: jax.Array
    encoded: jax.Array
    reduced: jax.Array
    middle: jax.Array
    expanded: jax.Array
    decoded: jax.Array


def rest(batch: int, height: int, width: int) -> Potentials:
    """Returns the potentials before the first step of a stream: zeros.

    Args:
        batch: recordings that are read side by side.
        height: rows; an odd number is rounded up.
        width: columns; likewise.
    """
    full = (height + height % MULTIPLE, width + width % MULTIPLE)
    half = (full[0] // 2, full[1] // 2)
    sizes = ((*full, 128), (*half, 128), (*half, 32), (*half, 32), (*half, 128), (*full, 64))
    return Potentials(*(jnp.zeros((batch, *size), jnp.float32) for size in sizes))


@jax.custom_jvp
def fire(excess: jax.Array) -> jax.Array:
    """Returns 1 where the potential minus the threshold is at least 0, else 0.

    Its derivative is that of a soft step, 1 / (1 + (pi excess)^2), as published.
    """
    return (excess >= 0).astype(excess.dtype)


@fire.defjvp
def _fire_jvp(primals: Any, tangents: Any) -> tuple[jax.Array, jax.Array]:
    return fire(primals[0]), _SLOPE(primals[0]) * tangents[0]


class Neuron(nn.Module):
    """Leaky integrate-and-fire neurons with one learned leak and a hard reset (Fang et al. 2021).

    A step charges the potential, fires, and resets to 0 what has fired.
    """

    @nn.compact
    def __call__(self, x: jax.Array, potential: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Input x, potential (B, H, W, C) -> spikes in the dtype of x, potential float32."""
        leak = jax.nn.sigmoid(self.param("w", initializers.zeros, ()))
        charged = potential + (x.astype(jnp.float32) - potential) * leak
        spikes = fire(charged - _THRESHOLD)
        # The reset is no path of the gradient: only the charge that stays is.
        left = (1.0 - jax.lax.stop_gradient(spikes)) * charged
        return spikes.astype(x.dtype), left


class Firing(nn.Module):
    """A convolution, batch normalisation, and neurons.

    Attributes:
        conv: the convolution, without bias.
        axis_name: a mapped axis over which batch statistics are pooled.
    """

    conv: nn.Module
    axis_name: str | None = None

    @nn.compact
    def __call__(
        self, x: jax.Array, potential: jax.Array, *, train: bool
    ) -> tuple[jax.Array, jax.Array]:
        """Spikes (B, H, W, C), potential -> spikes (B, H', W', F), potential."""
        x = layers.BatchNorm(self.axis_name, name="norm")(self.conv(x), train=train)
        return Neuron(name="neuron")(x, potential)


class Head(nn.Module):
    """Four 3x3 convolutions from spikes to the image, without activations.

    All zero padding is put at the start, so that the statistics of the batch include its ring.

    Attributes:
        axis_name: a mapped axis over which batch statistics are pooled.
    """

    axis_name: str | None = None

    @nn.compact
    def __call__(self, x: jax.Array, *, train: bool) -> jax.Array:
        """Spikes (B, H, W, C) -> image (B, H, W, 1)."""
        for number, padding in enumerate((4, 0, 0), 1):
            x = _conv(32, padding=padding, name=f"conv{number}")(x)
            x = layers.BatchNorm(self.axis_name, name=f"norm{number}")(x, train=train)
        return _conv(1, padding=0, name="conv4")(x)


class SSIR(nn.Module):
    """The network; H and W are even here (`create` pads and crops).

    Attributes:
        dtype: type of the activations. Parameters, potentials and output are float32.
        axis_name: a mapped axis over which batch statistics are pooled in training.
    """

    dtype: jnp.dtype | type = jnp.float32
    axis_name: str | None = None

    def setup(self) -> None:
        """Names the layers."""
        firing = functools.partial(Firing, axis_name=self.axis_name)
        self.static = firing(_conv(128))
        self.encoder = firing(_conv(128, stride=2))
        self.reduce = firing(_conv(32, size=1))
        self.middle = firing(_conv(32))
        self.expand = firing(_conv(128, size=1))
        self.decoder = firing(layers.ConvTranspose(64, use_bias=False))
        self.head = Head(self.axis_name)

    def __call__(
        self, spikes: jax.Array, potentials: Potentials, *, train: bool = False
    ) -> tuple[Potentials, jax.Array]:
        """Spikes (B, 41, H, W), potentials -> potentials, image (B, H, W, 1), not bounded."""
        x = jnp.moveaxis(spikes, 1, -1).astype(self.dtype)
        x, static = self.static(x, potentials.static, train=train)
        skip, encoded = self.encoder(x, potentials.encoded, train=train)
        x, reduced = self.reduce(skip, potentials.reduced, train=train)
        x, middle = self.middle(x, potentials.middle, train=train)
        x, expanded = self.expand(x, potentials.expanded, train=train)
        x, decoded = self.decoder(x + skip, potentials.decoded, train=train)
        image = self.head(x, train=train).astype(jnp.float32)
        return Potentials(static, encoded, reduced, middle, expanded, decoded), image


def _published() -> name_table.NameTable:
    firing = (
        ("static_conv.layer.0", "static_conv.layer.1", "static_conv.layer.2", "static"),
        ("enc1.layer.0", "enc1.layer.1", "enc1.layer.2", "encoder"),
        ("eres1.conv1.0", "eres1.conv1.1", "eres1.sn1", "reduce"),
        ("eres1.conv2.0", "eres1.conv2.1", "eres1.sn2", "middle"),
        ("eres1.conv3.0", "eres1.conv3.1", "eres1.sn3", "expand"),
        ("dec3.layer.0", "dec3.layer.1", "dec3.layer.2", "decoder"),
    )
    rows: list[name_table.Row] = []
    for conv, norm, neuron, ours in firing:
        kind = "conv_transpose_without_bias" if ours == "decoder" else "conv_without_bias"
        rows.append((conv, kind, f"{ours}/conv"))
        rows.append((norm, "batch_norm", f"{ours}/norm"))
        rows.append((f"{neuron}.w", "parameter", f"{ours}/neuron/w"))
    for number in (1, 2, 3):
        rows.append((f"pred3.conv{number}.0", "conv_without_bias", f"head/conv{number}"))
        rows.append((f"pred3.conv{number}.1", "batch_norm", f"head/norm{number}"))
    rows.append(("pred3.conv4", "conv_without_bias", "head/conv4"))
    return name_table.NameTable(tuple(rows), trained_gain=0.4)


PUBLISHED = _published()


def step(
    variables: model.Variables,
    potentials: Potentials,
    spikes: jax.Array,
    *,
    train: bool = False,
    dtype: jnp.dtype | type = jnp.float32,
    axis_name: str | None = None,
) -> tuple[Potentials, jax.Array, Any]:
    """Reads one window.

    Odd sizes are padded by repeating the last row and column; the image is cropped.

    Args:
        variables: {'params', 'batch_stats'}, as from `create('ssir').init(key)`.
        potentials: the neurons' potentials, `rest(B, H, W)` at first.
        spikes: (B, 41, H, W), 0 or 1, oldest first; the image belongs to the middle one.
        train: normalise by the statistics of the batch and move the running ones.
        dtype: of the activations.
        axis_name: with `train`, a mapped axis over which batch statistics are pooled.

    Returns:
        The potentials, the image (B, H, W, 1) in [0, 1], and the batch statistics after this step
        (the given ones without `train`).

    Raises:
        ValueError: if `spikes` is not (B, 41, H, W).
    """
    model.check_spikes(spikes, WINDOW, "ssir")
    module = SSIR(dtype=dtype, axis_name=axis_name)
    padded, padding = ops.pad_to_multiple(spikes, MULTIPLE, axes=(2, 3), sides="end")
    batch_stats = variables["batch_stats"]
    collections = {"params": variables["params"], "batch_stats": batch_stats}
    if train:
        output, updated = module.apply(
            collections, padded, potentials, train=True, mutable=["batch_stats"]
        )
        batch_stats = updated["batch_stats"]
    else:
        output = module.apply(collections, padded, potentials)
    potentials, image = output
    image = jnp.clip(ops.crop_padding(image, padding), 0.0, 1.0)
    return potentials, image, batch_stats


@model.register("ssir")
def create(*, dtype: jnp.dtype | type = jnp.float32) -> model.Model:
    """SSIR as a `Model`."""
    module = SSIR(dtype=dtype)

    def init(key: jax.Array) -> model.Variables:
        spikes = jnp.zeros((1, WINDOW, 8, 8), jnp.uint8)
        return jax.jit(module.init)(key, spikes, rest(1, 8, 8))

    @jax.jit
    def evaluate(
        variables: model.Variables, potentials: Potentials, spikes: jax.Array
    ) -> tuple[Potentials, jax.Array]:
        return step(variables, potentials, spikes, dtype=dtype)[:2]

    return model.Model(
        name="ssir",
        description="spikes (B, 41, H, W) -> intensity (B, H, W, 1) in [0, 1]; spiking, with state",
        label="SSIR",
        citation=(
            'Zhao et al., "Spike Camera Image Reconstruction Using Deep Spiking Neural Networks", '
            "IEEE TCSVT 2023"
        ),
        published=PUBLISHED,
        checkpoint="ssir.pth among Spike-Zoo's weights (github.com/chenkang455/Spike-Zoo/releases)",
        quality=22.07,
        window=WINDOW,
        reach=12,
        multiple=MULTIPLE,
        module=module,
        init=init,
        stream=model.Stream(
            init=lambda variables, shape: rest(*shape),
            step=evaluate,
            train=functools.partial(step, train=True, dtype=dtype),
        ),
    )
