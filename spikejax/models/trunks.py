"""The convolutional trunks of VGG16, VGG19 and AlexNet, for perceptual metrics.

Layers are numbered as in torchvision's `features`, with ReLUs and pools, so that taps match the
published definitions: 29 of 'vgg19' is the ReLU after conv5_1.

Sources: K. Simonyan and A. Zisserman, "Very deep convolutional networks for large-scale image
recognition", ICLR 2015, table 1 (D and E); A. Krizhevsky, "One weird trick for parallelizing
convolutional neural networks", 2014 (its single-column network).
"""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from spikejax import ops

Params = Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class Conv:
    """A convolution with a bias, zero-padded equally on all sides."""

    inputs: int
    features: int
    size: int = 3
    stride: int = 1
    padding: int = 1


@dataclasses.dataclass(frozen=True)
class Relu:
    """max(x, 0)."""


@dataclasses.dataclass(frozen=True)
class Pool:
    """The maximum over windows inside the image, two pixels apart."""

    size: int = 2


Layer = Conv | Relu | Pool


def _vgg(*stages: tuple[int, int]) -> tuple[Layer, ...]:
    """Returns the layers of stages (channels, convolutions), with pools between them."""
    layers: list[Layer] = []
    inputs = 3
    for channels, count in stages:
        for _ in range(count):
            layers += [Conv(inputs, channels), Relu()]
            inputs = channels
        layers.append(Pool())
    return tuple(layers)


LAYERS: Mapping[str, tuple[Layer, ...]] = {
    "vgg16": _vgg((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)),
    "vgg19": _vgg((64, 2), (128, 2), (256, 4), (512, 4), (512, 4)),
    "alexnet": (
        Conv(3, 64, size=11, stride=4, padding=2),
        Relu(),
        Pool(3),
        Conv(64, 192, size=5, padding=2),
        Relu(),
        Pool(3),
        Conv(192, 384),
        Relu(),
        Conv(384, 256),
        Relu(),
        Conv(256, 256),
        Relu(),
        Pool(3),
    ),
}


def shapes(name: str) -> dict[str, tuple[int, ...]]:
    """Returns the shapes of a trunk's parameters.

    Args:
        name: 'vgg16', 'vgg19' or 'alexnet'.

    Returns:
        Paths such as 'features0/kernel' -> shapes; kernels are (kh, kw, in, out).

    Raises:
        ValueError: if there is no such trunk.
    """
    result: dict[str, tuple[int, ...]] = {}
    for index, layer in enumerate(_layers(name)):
        if isinstance(layer, Conv):
            kernel = (layer.size, layer.size, layer.inputs, layer.features)
            result[f"features{index}/kernel"] = kernel
            result[f"features{index}/bias"] = (layer.features,)
    return result


def init(key: jax.Array, name: str) -> Params:
    """Returns random parameters (He et al. 2015), for tests and for measuring speed.

    Args:
        key: of the random numbers.
        name: of the trunk.

    Returns:
        {'features0': {'kernel', 'bias'}, ...}, float32.

    Raises:
        ValueError: if there is no such trunk.
    """
    params: dict[str, dict[str, jax.Array]] = {}
    for path, shape in shapes(name).items():
        layer, leaf = path.split("/")
        if leaf == "bias":
            params[layer]["bias"] = jnp.zeros(shape)
            continue
        key, own = jax.random.split(key)
        scale = math.sqrt(2 / math.prod(shape[:3]))
        params[layer] = {"kernel": scale * jax.random.normal(own, shape)}
    return params


def apply(name: str, params: Params, x: jax.Array, taps: Sequence[int]) -> tuple[jax.Array, ...]:
    """Runs a trunk up to the last tap and returns the outputs of the tapped layers.

    Args:
        name: 'vgg16', 'vgg19' or 'alexnet'.
        params: as from `weights.trunk`.
        x: (B, H, W, 3) floating, RGB, normalised as the caller needs; the trunk computes in its
            dtype.
        taps: numbers of layers in torchvision's `features`, ascending.

    Returns:
        (B, H', W', C) for each tap.

    Raises:
        ValueError: if there is no such trunk or layer, or the image is no RGB image or too small
            for the layers asked for.
    """
    layers = _layers(name)
    if not taps or list(taps) != sorted(set(taps)) or taps[0] < 0 or taps[-1] >= len(layers):
        raise ValueError(
            f"{name}: taps are ascending numbers of layers, 0 to {len(layers) - 1}, got {taps}"
        )
    if x.ndim != 4 or x.shape[3] != 3 or not jnp.issubdtype(x.dtype, jnp.floating):
        raise ValueError(f"{name}: expected (B, H, W, 3) floating, got {x.shape} {x.dtype}")
    if min(x.shape[1:3]) < (least := smallest(name, taps[-1])):
        raise ValueError(
            f"{name}: layer {taps[-1]} needs at least {least} x {least} pixels, got "
            f"{x.shape[1]} x {x.shape[2]}"
        )
    outputs = []
    for index, layer in enumerate(layers[: taps[-1] + 1]):
        match layer:
            case Conv():
                own = params[f"features{index}"]
                x = ops.conv2d(
                    x, own["kernel"], own["bias"], stride=layer.stride, padding=layer.padding
                )
            case Relu():
                x = jax.nn.relu(x)
            case Pool():
                x = _max_pool(x, layer.size)
        if index in taps:
            outputs.append(x)
    return tuple(outputs)


def smallest(name: str, tap: int) -> int:
    """Returns the least height and width, in pixels, for which layer `tap` has an output."""
    size = 1
    for layer in reversed(_layers(name)[: tap + 1]):
        match layer:
            case Conv():
                size = (size - 1) * layer.stride + layer.size - 2 * layer.padding
            case Pool():
                size = (size - 1) * 2 + layer.size
    return size


def _max_pool(x: jax.Array, size: int) -> jax.Array:
    window = (1, size, size, 1)
    lowest = np.array(-np.inf, x.dtype)  # a constant: its maximum can then be differentiated
    return lax.reduce_window(x, lowest, lax.max, window, (1, 2, 2, 1), "VALID")


def _layers(name: str) -> tuple[Layer, ...]:
    if name not in LAYERS:
        raise ValueError(f"there is no trunk {name!r}; there are {', '.join(sorted(LAYERS))}")
    return LAYERS[name]
