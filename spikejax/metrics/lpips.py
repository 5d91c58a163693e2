"""LPIPS: the distance of two images in the features of a trained network."""

import functools
import importlib.resources
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np

from spikejax import weights
from spikejax.metrics.metric import Metric, register
from spikejax.metrics.single import as_rgb
from spikejax.models import trunks

Net = Literal["alex", "vgg"]
Scaling = Literal["unit", "direct"]

TRUNKS: Mapping[str, str] = {"alex": "alexnet", "vgg": "vgg16"}
"""The trunk of each net, for `models.trunks` and `weights.trunk`."""

_TAPS = {"alex": (1, 4, 7, 9, 11), "vgg": (3, 8, 15, 22, 29)}  # the last ReLU before each pool
_WIDTHS = {"alex": (64, 192, 384, 256, 256), "vgg": (64, 128, 256, 512, 512)}
_SHIFT = (-0.030, -0.088, -0.188)  # ImageNet's mean and deviation, for values in [-1, 1]
_SCALE = (0.458, 0.448, 0.450)
_HEADS = "lpips_heads_v0.1.npz"


def lpips(
    a: Any,
    b: Any,
    *,
    net: Net = "alex",
    scaling: Scaling = "unit",
    variables: Mapping[str, Any] | None = None,
) -> jax.Array:
    """Learned perceptual distance, version 0.1: 0 for equal images, larger for more different ones.

    The features behind five ReLUs are normalised over channels. Their squared differences are
    weighted by channel, averaged over the image and summed. It is differentiable, also at equal and
    at black images. State the net and the scaling with every score.

    Args:
        a: (H, W), (H, W, C) or (B, H, W, C), floating, C 1 (repeated to three channels) or 3 (RGB),
            at least 31 x 31 pixels for 'alex', 16 x 16 for 'vgg'. Computed in float32.
        b: the same shape.
        net: 'alex', the metric that papers report, or 'vgg' (VGG16), which is used as a loss.
        scaling: 'unit' scales images in [0, 1] to [-1, 1], as LPIPS is defined. 'direct' does not
            scale: for images in [-1, 1], and to compare with STIR's scores, for which grey images
            in [0, 1] were fed directly.
        variables: from `lpips_variables`; None loads the trunk's published weights as
            `weights.trunk` finds them.

    Returns:
        A scalar, or (B,) for a batch, float32.

    Raises:
        ValueError: if the images are invalid, or the trunk's weights are missing.

    Source: R. Zhang et al., "The unreasonable effectiveness of deep features as a perceptual
    metric", CVPR 2018, equation 1; input scaling as in the authors' package.
    """
    _known(net)
    if scaling not in ("unit", "direct"):
        raise ValueError(f"lpips: scaling is 'unit' or 'direct', got {scaling!r}")
    if np.shape(a) != np.shape(b):
        raise ValueError(f"lpips: the images differ in shape, {np.shape(a)} and {np.shape(b)}")
    least = trunks.smallest(TRUNKS[net], _TAPS[net][-1])
    pair = [as_rgb(f"lpips ({net})", x, smallest=least) for x in (a, b)]
    if variables is None:
        variables = lpips_variables(net)
    distance = _lpips(variables, *pair, net=net, scaling=scaling)
    return distance if np.ndim(a) == 4 else distance[0]


def lpips_variables(
    net: Net = "alex", *, trunk: Any = None, heads: Sequence[Any] | None = None
) -> dict[str, Any]:
    """Loads the variables of `lpips`: the parameters of a trunk and the five linear heads.

    Args:
        net: 'alex' or 'vgg'.
        trunk: parameters as from `weights.trunk`, or the path of their file; None for the file that
            `weights.trunk` finds.
        heads: five arrays (C,), the weight of each channel; None for the published ones, which
            ship with the package.

    Returns:
        {'trunk': ..., 'heads': (five arrays)}, a pytree.

    Raises:
        ValueError: if the trunk's weights are missing, or they or the heads do not fit.
    """
    _known(net)
    if not isinstance(trunk, Mapping):
        trunk = weights.trunk(TRUNKS[net], trunk)
    heads = _published_heads(net) if heads is None else tuple(heads)
    widths = tuple(np.shape(head) for head in heads)
    if widths != tuple((width,) for width in _WIDTHS[net]):
        raise ValueError(f"lpips ({net}): expected heads of {_WIDTHS[net]} channels, got {widths}")
    return {"trunk": trunk, "heads": heads}


@register("lpips")
def _table_metric() -> Metric:
    variables, missing = None, None
    try:
        variables = lpips_variables("alex")
    except ValueError as error:  # the message names the file and the environment variable
        missing = str(error)

    def score(image: np.ndarray, truth: np.ndarray) -> jax.Array:
        a, b = (np.asarray(x, np.float32) for x in (image, truth))
        return lpips(a, b, net="alex", scaling="direct", variables=variables)

    return Metric(
        "LPIPS alex",
        "version 0.1 over AlexNet, grey in [0, 1] fed directly, as STIR's authors do; computed by "
        "spikejax.metrics.lpips, scaling 'direct'",
        digits=4,
        higher=False,
        function=score,
        order=40,
        smallest=(31, 31),
        missing=missing,
    )


@functools.cache
def _published_heads(net: Net) -> tuple[jax.Array, ...]:
    path = importlib.resources.files("spikejax.metrics").joinpath("data", _HEADS)
    with path.open("rb") as opened, jax.ensure_compile_time_eval():  # cached: it must not be traced
        file = np.load(opened, allow_pickle=False)
        return tuple(jnp.array(file[f"{net}{index}"]) for index in range(len(_TAPS[net])))


def _known(net: str) -> None:
    if net not in TRUNKS:
        raise ValueError(f"lpips: net is 'alex' or 'vgg', got {net!r}")


@functools.partial(jax.jit, static_argnames=("net", "scaling"))
def _lpips(
    variables: Mapping[str, Any], a: jax.Array, b: jax.Array, net: Net, scaling: Scaling
) -> jax.Array:
    """(B, H, W, 3) each -> (B,)."""
    with jax.default_matmul_precision("float32"):  # GPUs would round to TF32
        x, y = (
            trunks.apply(TRUNKS[net], variables["trunk"], _standardised(x, scaling), _TAPS[net])
            for x in (a, b)
        )
    return functools.reduce(jnp.add, map(_layer_distance, x, y, variables["heads"]))


def _layer_distance(x: jax.Array, y: jax.Array, head: jax.Array) -> jax.Array:
    difference = jnp.square(_directions(x) - _directions(y))
    return jnp.mean(jnp.sum(difference * jnp.reshape(head, (1, 1, 1, -1)), -1), (1, 2))


def _standardised(x: jax.Array, scaling: Scaling) -> jax.Array:
    x = 2 * x - 1 if scaling == "unit" else x
    return (x - jnp.reshape(jnp.array(_SHIFT), (1, 1, 1, 3))) / jnp.reshape(
        jnp.array(_SCALE), (1, 1, 1, 3)
    )


def _directions(x: jax.Array) -> jax.Array:
    """Normalises the features of each pixel to length 1; all-zero features have gradient 0."""
    square = jnp.sum(jnp.square(x), -1, keepdims=True)
    some = square > 0
    return x / (jnp.where(some, jnp.sqrt(jnp.where(some, square, 1)), 0) + 1e-10)
