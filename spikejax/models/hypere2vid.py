"""HyperE2VID: a recurrent U-Net whose first decoding filters depend on the place and the moment.

Ercan et al., "HyperE2VID: Improving Event-Based Video Reconstruction via Hypernetworks", IEEE TIP
2024. 10,149,881 parameters with five bins. The filters are sums of fixed Fourier-Bessel functions
(Qiu et al., "DCFNet: Deep Neural Network with Decomposed Convolutional Filters", ICML 2018).
"""

import functools
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import scipy.special
from jax import lax

from spikejax import ops
from spikejax.models import events, layers, model, name_table

_ATOMS, _SIZE = 6, 5
_KEPT = 6  # functions of each size
_ZEROS = {  # (order, number of the zero) in the order of the zeros, by the kernel's half size
    1: ((0, 1), (1, 1), (2, 1), (0, 2)),
    2: ((0, 1), (1, 1), (2, 1), (0, 2), (3, 1), (1, 2), (4, 1), (2, 2)),
}


class HyperState(NamedTuple):
    """The state after a window, at the size padded to multiples of 8.

    Attributes:
        cells: the states of the three ConvLSTMs.
        image: the image (B, H, W, 1) before, not clamped.
    """

    cells: events.Cells
    image: jax.Array


@functools.cache
def bases() -> np.ndarray:
    """Returns the Fourier-Bessel functions (12, 25) float32: six of 3x3, then six of 5x5.

    A row is a kernel of 5x5, row by row; kernels of 3x3 lie in the middle of zeros.
    """
    rows = []
    for half, functions in _ZEROS.items():
        table = _bessel_functions(half, functions)
        margin = _SIZE // 2 - half
        framed = np.pad(table[:_KEPT], ((0, 0), (margin, margin), (margin, margin)))
        rows.append(framed.reshape(_KEPT, -1))
    return np.concatenate(rows).astype(np.float32)


def _bessel_functions(half: int, functions: tuple[tuple[int, int], ...]) -> np.ndarray:
    """Returns all functions of a size, (functions, 2 half + 1, 2 half + 1), of mean power 1."""
    y, x = np.mgrid[-half : half + 1, -half : half + 1]
    radius, angle = np.hypot(x, y) / (half + 0.5), np.arctan2(x, y)
    table = []
    for order, number in functions:
        zero = scipy.special.jn_zeros(order, number)[-1]
        radial = scipy.special.jv(order, zero * radius) / abs(scipy.special.jv(order + 1, zero))
        radial = np.where(radius < 1, radial, 0.0)
        if order == 0:
            table.append(radial)
        else:
            table.append(np.sqrt(2) * radial * np.cos(order * angle))
            table.append(np.sqrt(2) * radial * np.sin(order * angle))
    stacked = np.stack(table)
    return stacked / np.sqrt((stacked**2).sum((1, 2)).mean())


class Atoms(nn.Module):
    """The context -> six kernels of 5x5 for each pixel.

    Attributes:
        axis_name: a mapped axis over which batch statistics are pooled.
    """

    axis_name: str | None = None

    @nn.compact
    def __call__(self, context: jax.Array, *, train: bool) -> jax.Array:
        """Context (B, h, w, 32) -> kernels (B, h, w, 6, 25)."""
        x = layers.Conv(64, name="conv1")(context)
        x = jnp.tanh(layers.BatchNorm(self.axis_name, name="norm1")(x, train=train))
        x = layers.Conv(_ATOMS * len(bases()), name="conv2")(x)
        x = jnp.tanh(layers.BatchNorm(self.axis_name, name="norm2")(x, train=train))
        self.sow("intermediates", "coefficients", x)
        x = x.reshape(*x.shape[:3], _ATOMS, -1)
        return x @ jnp.asarray(bases(), x.dtype)[None, None, None]


class DynamicConv(nn.Module):
    """A convolution with kernels of each pixel's own: atoms, the same for all channels, then 1x1.

    It runs over blocks of rows, so that the windows of a whole image are not held.

    Attributes:
        features: output channels.
    """

    features: int

    @nn.compact
    def __call__(self, x: jax.Array, atoms: jax.Array) -> jax.Array:
        """Input (B, h, w, C), kernels (B, h, w, 6, 25) -> (B, h, w, features)."""
        batch, height, width, channels = x.shape
        kernel_init = jax.nn.initializers.variance_scaling(2.0, "fan_out", "normal")
        shape = (1, 1, channels * _ATOMS, self.features)  # input channel major, atom minor
        kernel = self.param("kernel", kernel_init, shape).astype(x.dtype)
        bias = self.param("bias", nn.initializers.zeros, (self.features,)).astype(x.dtype)
        kernel = kernel.reshape(channels, _ATOMS, self.features).swapaxes(0, 1)
        kernel = kernel.reshape(_ATOMS * channels, self.features)
        rows = max(1, (2**20 if ops.on_cpu() else 2**26) // (batch * width * _SIZE**2 * channels))
        rows = min(rows, height)
        blocks = -(-height // rows)
        margin, below = _SIZE // 2, blocks * rows - height
        padded = jnp.pad(x, ((0, 0), (margin, margin + below), (margin, margin), (0, 0)))
        atoms = jnp.pad(atoms, ((0, 0), (0, below), (0, 0), (0, 0), (0, 0)))
        atoms = jnp.moveaxis(atoms.reshape(batch, blocks, rows, *atoms.shape[2:]), 1, 0)

        @jax.checkpoint
        def block(inputs: tuple[jax.Array, jax.Array]) -> jax.Array:
            number, weights = inputs
            window = lax.dynamic_slice_in_dim(padded, number * rows, rows + _SIZE - 1, 1)
            taps = [
                window[:, i : i + rows, j : j + width] for i in range(_SIZE) for j in range(_SIZE)
            ]
            mixed = weights @ jnp.stack(taps, 3)  # (B, rows, w, 6, C)
            return mixed.reshape(batch, rows, width, _ATOMS * channels) @ kernel

        out = jnp.moveaxis(lax.map(block, (jnp.arange(blocks), atoms)), 0, 1)
        out = out.reshape(batch, blocks * rows, width, self.features)[:, :height]
        return out + bias[None, None, None]


class HyperE2VID(nn.Module):
    """The network; H and W are multiples of 8 here (`create` pads and crops).

    Attributes:
        dtype: type of the activations. Parameters, states and output are float32.
        axis_name: a mapped axis over which batch statistics are pooled in training.
    """

    dtype: jnp.dtype | type = jnp.float32
    axis_name: str | None = None

    @nn.compact
    def __call__(
        self, bins: jax.Array, state: HyperState, *, train: bool = False
    ) -> tuple[HyperState, jax.Array]:
        """Bins (B, H, W, 5) and a state -> the next state, image (B, H, W, 1), not bounded."""
        before = lax.stop_gradient(state.image)  # as published
        bins = bins.astype(self.dtype)
        head, cells = events.Encoder(name="encoder")(bins, state.cells)
        skips = [cell.hidden.astype(self.dtype) for cell in cells]
        x = skips[2]
        for number in (1, 2):
            block = layers.Residual(kernel_init=None, bias_init=None, name=f"residual{number}")
            x = nn.relu(block(x))
        context = jnp.concatenate([bins, before.astype(self.dtype)], -1)
        context = layers.Conv(32, name="context")(_quarter(context))
        atoms = Atoms(self.axis_name, name="atoms")(context, train=train)
        x = ops.upsample2(x + skips[2])
        x = nn.relu(DynamicConv(128, name="dynamic")(x, atoms))
        for width, skip in ((64, skips[1]), (32, skips[0])):
            x = events.Upsampling(width, name=f"up{64 // width}")(x + skip)
        image = layers.Conv(1, size=1, name="image")(x + head).astype(jnp.float32)
        return HyperState(cells, image), image


def _quarter(x: jax.Array) -> jax.Array:
    """Samples every fourth pixel bilinearly: the mean of the inner 2x2 of 4x4 pixels."""
    batch, height, width, channels = x.shape
    cells = x.reshape(batch, height // 4, 4, width // 4, 4, channels)
    return cells[:, :, 1:3, :, 1:3].mean((2, 4))


def _published() -> name_table.NameTable:
    rows: list[name_table.Row] = [("head.conv2d", "conv", "encoder/head")]
    for n in range(3):
        ours = f"encoder/stage{n + 1}"
        rows.append((f"encoders.{n}.conv.conv2d", "conv", f"{ours}/conv"))
        rows.append((f"encoders.{n}.recurrent_block.Gates", "conv", f"{ours}/gates"))
    for n in range(2):
        for conv in ("conv1", "conv2"):
            rows.append((f"resblocks.{n}.{conv}", "conv", f"residual{n + 1}/{conv}"))
    dynamic, net = "decoders.0", "decoders.0.dynamic_atom_generation.bases_net"
    rows += [
        (f"{dynamic}.context_fusion.conv", "conv", "context"),
        (f"{net}.0", "conv", "atoms/conv1"),
        (f"{net}.1", "batch_norm", "atoms/norm1"),
        (f"{net}.3", "conv", "atoms/conv2"),
        (f"{net}.4", "batch_norm", "atoms/norm2"),
        (f"{dynamic}.dynamic_conv", "compositional", "dynamic"),
        ("decoders.1.conv2d", "conv", "up1/conv"),
        ("decoders.2.conv2d", "conv", "up2/conv"),
        ("pred.conv2d", "conv", "image"),
    ]
    root = "unetrecurrent"
    return name_table.NameTable(
        tuple((f"{root}.{theirs}", kind, ours) for theirs, kind, ours in rows),
        fixed={f"{root}.{dynamic}.dynamic_atom_generation.bases": bases()},
    )


PUBLISHED = _published()


def step(
    variables: model.Variables,
    state: HyperState,
    spikes: jax.Array,
    *,
    train: bool = False,
    dtype: jnp.dtype | type = jnp.float32,
    axis_name: str | None = None,
) -> tuple[HyperState, jax.Array, Any]:
    """Reads one window.

    Args:
        variables: {'params', 'batch_stats'}, as from `create('hypere2vid').init(key)`.
        state: the state before. No gradient flows through its image, as published.
        spikes: (B, 61, H, W), 0 or 1, oldest first; the image belongs to the middle one.
        train: normalise by the statistics of the batch and move the running ones.
        dtype: of the activations.
        axis_name: with `train`, a mapped axis over which batch statistics are pooled.

    Returns:
        The state, the image (B, H, W, 1), which is not bounded, and the batch statistics after this
        step (the given ones without `train`).

    Raises:
        ValueError: if `spikes` is not (B, 61, H, W).
    """
    bins, padding = events.padded_bins(spikes, "hypere2vid")
    module = HyperE2VID(dtype=dtype, axis_name=axis_name)
    batch_stats = variables["batch_stats"]
    collections = {"params": variables["params"], "batch_stats": batch_stats}
    if train:
        output, updated = module.apply(
            collections, bins, state, train=True, mutable=["batch_stats"]
        )
        batch_stats = updated["batch_stats"]
    else:
        output = module.apply(collections, bins, state)
    state, image = output
    return state, ops.crop_padding(image, padding), batch_stats


def _start(variables: model.Variables, shape: tuple[int, int, int]) -> HyperState:
    size = events.padded_size(*shape[1:])
    return HyperState(events.empty_cells(*shape), jnp.zeros((shape[0], *size, 1)))


@model.register("hypere2vid")
def create(*, dtype: jnp.dtype | type = jnp.float32) -> model.Model:
    """HyperE2VID as a `Model`."""
    module = HyperE2VID(dtype=dtype)

    def init(key: jax.Array) -> model.Variables:
        return jax.jit(module.init)(key, jnp.zeros((1, 8, 8, 5)), _start({}, (1, 8, 8)))

    @jax.jit
    def evaluate(
        variables: model.Variables, state: HyperState, spikes: jax.Array
    ) -> tuple[HyperState, jax.Array]:
        return step(variables, state, spikes, dtype=dtype)[:2]

    return model.Model(
        name="hypere2vid",
        description="spikes (B, 61, H, W) -> image (B, H, W, 1); dynamic filters, with state",
        label="HyperE2VID",
        citation=(
            'Ercan et al., "HyperE2VID: Improving Event-Based Video Reconstruction via '
            'Hypernetworks", IEEE TIP 2024'
        ),
        published=PUBLISHED,
        window=events.WINDOW,
        multiple=events.MULTIPLE,
        module=module,
        init=init,
        stream=model.Stream(
            init=_start, step=evaluate, train=functools.partial(step, train=True, dtype=dtype)
        ),
    )
