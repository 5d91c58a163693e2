"""WGSE: a wavelet transform of every pixel's readouts, cleaned scale by scale, then convolutions.

Zhang et al., "Learning Temporal-Ordered Representation for Spike Streams Based on Discrete Wavelet
Transforms", AAAI 2023. 3,805,575 parameters.

A pixel's 41 readouts become 113 wavelet coefficients of six scales. A small network along each
scale cleans them; the inverse transform turns them into 42 channels, from which an image network
computes the image.
"""

import functools
from collections.abc import Callable

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from spikejax import ops
from spikejax.models import initializers, layers, model, name_table

WINDOW = 41
LEVELS = 5
SCALES = (*(f"detail{level}" for level in range(1, LEVELS + 1)), "approximation")
"""The scales in the order of the coefficients: details from fine to coarse, approximation."""

_LENGTHS = (28, 21, 18, 16, 15, 15)
_WIDTH = 32
_START = 0.3

# Pixels whose coefficients are in memory at a time. On two AVX-512 cores, 64 to 256 are fastest.
_PIXELS_ON_CPU = 128
_PIXELS = 1 << 15

Layer = tuple[jax.Array, jax.Array]
"""A kernel (3, in, out) and its bias."""


@functools.cache
def transform_matrices() -> tuple[np.ndarray, np.ndarray]:
    """Returns the wavelet transform, db8 with five levels, as two matrices for row vectors.

    Returns:
        The analysis (41, 113), whose columns are those of `SCALES`, and the synthesis (113, 42).
    """

    def analysis() -> jax.Array:
        low, high, _, _ = ops.DB8
        x = jnp.eye(WINDOW, dtype=jnp.float32)
        approximation, details = ops.wavelet_analysis(x, low, high, levels=LEVELS)
        return jnp.concatenate([*details, approximation], -1)

    def synthesis() -> jax.Array:
        _, _, low, high = ops.DB8
        *details, approximation = _scales(jnp.eye(sum(_LENGTHS), dtype=jnp.float32))
        return ops.wavelet_synthesis(approximation, details, low, high)

    # Compiled and run at once, also while the network is traced.
    with jax.disable_jit(False):
        matrices = jax.jit(lambda: (analysis(), synthesis())).lower().compile()()
    return np.asarray(matrices[0]), np.asarray(matrices[1])


class Kernel(nn.Module):
    """The parameters of a convolution along time with three taps."""

    inputs: int
    features: int

    @nn.compact
    def __call__(self) -> Layer:
        """Returns the kernel (3, in, out) and the bias."""
        default = initializers.uniform_by_fan_in(3 * self.inputs)
        kernel = self.param("kernel", default, (3, self.inputs, self.features))
        return kernel, self.param("bias", default, (self.features,))


class ScaleNetwork(nn.Module):
    """The parameters of the network along one scale; `clean` computes it."""

    @nn.compact
    def __call__(self) -> tuple[Layer, Layer, Layer]:
        """Returns three layers, with 1, 32 and 32 inputs."""
        return (
            Kernel(1, _WIDTH, name="conv1")(),
            Kernel(_WIDTH, _WIDTH, name="conv2")(),
            Kernel(_WIDTH, 1, name="conv3")(),
        )


def clean(coefficients: jax.Array, network: tuple[Layer, Layer, Layer]) -> jax.Array:
    """Coefficients of a scale (B, pixels, length) -> cleaned ones, which are not negative."""

    def conv(x: jax.Array, layer: Layer) -> jax.Array:
        kernel, bias = layer
        return ops.conv2d(x, kernel[None], bias)  # (B, pixels, length, channels)

    first, middle, last = network
    x = coefficients[..., None]
    y = nn.relu(conv(x, first))
    y = nn.relu(conv(y, middle) + x)
    return nn.relu(conv(y, last))[..., 0]


class WaveletRepresentation(nn.Module):
    """Readouts (B, H, W, 41) -> 42 cleaned channels in the order of time (B, H, W, 42).

    Coefficients have 32 channels each: 14 kB for every pixel. So pixels are computed block by
    block; a gradient computes the blocks anew.

    Attributes:
        dtype: type of the activations and the output. Both transforms compute in float32.
    """

    dtype: jnp.dtype | type = jnp.float32

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        networks = [ScaleNetwork(name=scale)() for scale in SCALES]
        analysis, synthesis = (jnp.asarray(matrix) for matrix in transform_matrices())

        def represent(x: jax.Array) -> jax.Array:
            coefficients = _product(x.astype(jnp.float32), analysis).astype(self.dtype)
            scales = zip(_scales(coefficients), networks, strict=True)
            cleaned = jnp.concatenate([clean(scale, network) for scale, network in scales], -1)
            return _product(cleaned.astype(jnp.float32), synthesis).astype(self.dtype)

        return _by_blocks(represent, x)


def _product(x: jax.Array, matrix: jax.Array) -> jax.Array:
    return jnp.matmul(x, matrix, precision="highest")


def _scales(coefficients: jax.Array) -> list[jax.Array]:
    return jnp.split(coefficients, np.cumsum(_LENGTHS)[:-1].tolist(), -1)


def _by_blocks(function: Callable[[jax.Array], jax.Array], x: jax.Array) -> jax.Array:
    """Applies a function of pixels (B, N, C) to blocks of the pixels of all images (B, H, W, C)."""
    batch, height, width, channels = x.shape
    pixels = height * width
    most = max(1, (_PIXELS_ON_CPU if ops.on_cpu() else _PIXELS) // batch)
    count = -(-pixels // most)
    size = -(-pixels // count)
    x = jnp.pad(x.reshape(batch, pixels, channels), ((0, 0), (0, count * size - pixels), (0, 0)))
    x = jnp.moveaxis(x.reshape(batch, count, size, channels), 1, 0)
    y = jnp.moveaxis(jax.lax.map(jax.checkpoint(function), x), 0, 1)
    return y.reshape(batch, count * size, -1)[:, :pixels].reshape(batch, height, width, -1)


class WGSE(nn.Module):
    """Spikes (B, 41, H, W) -> intensity (B, H, W, 1), any H and W, at least 0, not bounded above.

    The initial bias of the last convolution is a mid-grey, 0.3. With PyTorch's default, which the
    other parameters have, the last ReLU is zero nearly everywhere for four draws in ten, and
    training cannot start.

    Attributes:
        dtype: type of the activations; parameters and output are float32.
    """

    dtype: jnp.dtype | type = jnp.float32

    @nn.compact
    def __call__(self, spikes: jax.Array) -> jax.Array:
        x = WaveletRepresentation(self.dtype, name="wavelet")(jnp.moveaxis(spikes, 1, -1))
        x = nn.relu(layers.Conv(256, name="head")(x))
        for number in range(3):
            block = layers.Residual(kernel_init=None, bias_init=None, name=f"residual{number}")
            x = nn.relu(block(x))
        x = nn.relu(layers.Conv(64, name="tail1")(x))
        x = layers.Conv(1, bias_init=initializers.constant(_START), name="tail2")(x)
        return nn.relu(x).astype(jnp.float32)


def _published() -> name_table.NameTable:
    rows: list[name_table.Row] = []
    theirs = (*(f"wvl.yh_blocks.{number}" for number in range(LEVELS)), "wvl.yl_block")
    for block, scale in zip(theirs, SCALES, strict=True):
        for number, name in enumerate(("0.tcn0.0", "0.tcn1.0", "1"), 1):
            rows.append((f"{block}.{name}", "conv1d", f"wavelet/{scale}/conv{number}"))
    for number in range(3):
        for name in ("conv1", "conv2"):
            rows.append((f"resblocks.{number}.{name}", "conv", f"residual{number}/{name}"))
    rows += [("conv.0", "conv", "head"), ("tail.0", "conv", "tail1"), ("tail.2", "conv", "tail2")]
    # The kernels of PyTorch's correlations: the taps of the analysis are reversed.
    kernels = {
        "wvl.dwt.h0": ops.DB8.analysis_low[::-1],
        "wvl.dwt.h1": ops.DB8.analysis_high[::-1],
        "wvl.idwt.g0": ops.DB8.synthesis_low,
        "wvl.idwt.g1": ops.DB8.synthesis_high,
    }
    fixed = {name: np.asarray(kernel, np.float32)[None, None] for name, kernel in kernels.items()}
    # Trained on the intensities of REDS_BASE, whose gain is 0.6.
    return name_table.NameTable(tuple(rows), trained_gain=0.6, fixed=fixed)


PUBLISHED = _published()


@model.register("wgse")
def create(*, dtype: jnp.dtype | type = jnp.float32) -> model.Model:
    """WGSE as a `Model`."""
    module = WGSE(dtype=dtype)

    def init(key: jax.Array) -> model.Variables:
        return jax.jit(module.init)(key, jnp.zeros((1, WINDOW, 8, 8), jnp.uint8))

    run = jax.jit(module.apply)

    def apply(variables: model.Variables, spikes: jax.Array) -> jax.Array:
        model.check_spikes(spikes, WINDOW, "wgse")
        return run(variables, spikes)

    return model.Model(
        name="wgse",
        description="spikes (B, 41, H, W) -> intensity (B, H, W, 1), at least 0; by wavelets",
        label="WGSE",
        citation=(
            'Zhang et al., "Learning Temporal-Ordered Representation for Spike Streams Based on '
            'Discrete Wavelet Transforms", AAAI 2023'
        ),
        published=PUBLISHED,
        checkpoint="wgse.pt among Spike-Zoo's weights (github.com/chenkang455/Spike-Zoo/releases)",
        window=WINDOW,
        reach=9,
        module=module,
        init=init,
        apply=apply,
    )
