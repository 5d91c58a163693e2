"""The methods that `reconstruct` knows: the classical ones, and every network with a window."""

import dataclasses
import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial

from spikejax import classical, models, weights
from spikejax.inference.blocks import from_blocks
from spikejax.inference.histories import from_history
from spikejax.inference.source import Source
from spikejax.inference.windows import Images, from_clipped_windows, from_reflected_windows

CLASSICAL = ("tfp", "tfi", "tfstp")


@dataclasses.dataclass(frozen=True)
class Method:
    """One way to make images from spikes.

    Attributes:
        name: 'tfp', 'stir', ...
        window: readouts around the centre that an image needs; decides the default centres.
        reach: how far, in pixels, an input pixel can change the image; None if everywhere.
        whole_past: whether an image needs all readouts before it, in one pass.
        batch_size: images at a time by default.
        images: (source, ascending centres (K,), batch size) -> pairs of centre and image (H, W).
    """

    name: str
    window: int
    reach: int | None
    whole_past: bool
    batch_size: int
    images: Callable[[Source, np.ndarray, int], Images]


def method_names() -> tuple[str, ...]:
    """The methods of `reconstruct`: the classical ones, then the networks."""
    networks = (name for name in models.names() if models.create(name).window is not None)
    return (*CLASSICAL, *networks)


def create_method(
    name: str,
    gain: float,
    *,
    weights_or_path: Any = None,
    window: int | None = None,
    dtype: Any = None,
) -> Method:
    """Makes a method for recordings of a gain.

    Args:
        name: one of `method_names()`.
        gain: spikes a readout at intensity 1.
        weights_or_path: of a network: variables, a file, or None for those that ship.
        window: of 'tfp', the readouts averaged (41); of 'tfi', twice its search range plus one.
        dtype: of a network's activations.

    Raises:
        ValueError: if there is no such method, or it does not take an option that is given.
    """
    if name not in method_names():
        raise ValueError(f"method: there is no {name!r}; there are {', '.join(method_names())}")
    if name in CLASSICAL:
        for option, value in (("weights", weights_or_path), ("dtype", dtype)):
            if value is not None:
                raise ValueError(f"{option}: {name} is no network and takes none")
        if window is not None and window < 1:
            raise ValueError(f"window: expected at least 1 readout, got {window}")
        return _CLASSICAL[name](gain, window)
    if window is not None:
        raise ValueError(f"window: that of {name} is fixed, {models.create(name).window} readouts")
    return _network(name, gain, weights_or_path, jnp.float32 if dtype is None else dtype)


def _tfp(gain: float, window: int | None) -> Method:
    window = 41 if window is None else window
    if window % 2 == 0:
        raise ValueError(f"window: expected an odd number of readouts for tfp, got {window}")
    run = Partial(_tfp_image(window), jnp.float32(gain))
    images = functools.partial(_clipped, run, window)
    return Method("tfp", window, 0, False, 8, images)


def _tfi(gain: float, window: int | None) -> Method:
    reach = 20 if window is None else max(1, window // 2)
    run = Partial(_tfi_image(reach), jnp.float32(gain))
    images = functools.partial(_clipped, run, 2 * reach + 1)
    return Method("tfi", 2 * reach + 1, 0, False, 8, images)


def _tfstp(gain: float, window: int | None) -> Method:
    if window is not None:
        raise ValueError("window: tfstp looks at the whole past and takes none")
    stream = classical.TFSTPStream(gain=gain)

    def images(source: Source, centres: np.ndarray, batch_size: int) -> Images:
        return from_history(source, centres, stream)

    return Method("tfstp", 41, 0, True, 1, images)


_CLASSICAL = {"tfp": _tfp, "tfi": _tfi, "tfstp": _tfstp}


# What jit has compiled it finds again by the identity of the function: each is made once.


@functools.cache
def _tfp_image(window: int) -> Callable[..., jax.Array]:
    def image(gain: jax.Array, spikes: jax.Array, centre: jax.Array) -> jax.Array:
        return classical.tfp(spikes, centre, window=window, gain=gain)

    return image


@functools.cache
def _tfi_image(reach: int) -> Callable[..., jax.Array]:
    def image(gain: jax.Array, spikes: jax.Array, centre: jax.Array) -> jax.Array:
        return classical.tfi(spikes, centre, reach=reach, gain=gain)

    return image


@functools.cache
def _network_images(apply: Callable[..., jax.Array]) -> Callable[..., jax.Array]:
    def images(variables: models.Variables, spikes: jax.Array) -> jax.Array:
        return apply(variables, spikes)[..., 0]

    return images


def _clipped(
    run: Partial, window: int, source: Source, centres: np.ndarray, batch_size: int
) -> Images:
    return from_clipped_windows(source, centres, run, window=window, batch_size=batch_size)


def _network(name: str, gain: float, weights_or_path: Any, dtype: Any) -> Method:
    model = models.create(name, dtype=dtype)
    variables = load_weights(name, weights_or_path)
    factor = weights.trained_gain(variables) / gain
    assert model.window is not None
    window = model.window

    def images(source: Source, centres: np.ndarray, batch_size: int) -> Images:
        if name == "stir":
            found = from_blocks(source, centres, model, variables, batch_size=batch_size)
        else:
            run = Partial(_network_images(model.apply), variables)
            found = from_reflected_windows(
                source, centres, run, window=window, batch_size=batch_size
            )
        return ((centre, image * np.float32(factor)) for centre, image in found)

    on_cpu = jax.default_backend() == "cpu"
    return Method(name, window, model.reach, False, 1 if on_cpu else 8, images)


def load_weights(name: str, weights_or_path: Any) -> models.Variables:
    """Variables as they are, or from a file, or (None) those that ship with the package."""
    if weights_or_path is None:
        if name not in weights.available():  # a file of that name in this folder is not meant
            raise weights.WeightsError(
                f"no weights of {name!r} ship with this version; give a .safetensors or a "
                "published .pth (weights=PATH, or --weights FILE)"
            )
        return weights.load(name)
    if isinstance(weights_or_path, str | Path):
        return weights.load_any(name, weights_or_path)
    weights.check(name, weights_or_path)
    return weights_or_path
