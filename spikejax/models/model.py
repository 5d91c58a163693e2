"""What `models.create` returns: a network as a pair of pure functions, and the list of networks."""

import dataclasses
import functools
from collections.abc import Callable, Mapping
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

Variables = Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class Model:
    """A network as pure functions.

    Attributes:
        name: as given to `models.create`.
        description: one line: what goes in, what comes out, and the source.
        window: readouts that one image needs; None if the input is not a window of spikes alone.
        reach: how far, in pixels, an input pixel can change the output; None if everywhere.
        module: the Flax module, for its other methods and for `tabulate`.
        init: key -> variables {'params': ..., 'batch_stats': ...}.
        apply: (variables, *inputs) -> output, in evaluation mode, jitted.
    """

    name: str
    description: str
    window: int | None
    reach: int | None
    module: nn.Module
    init: Callable[[jax.Array], Variables]
    apply: Callable[..., jax.Array]

    @property
    def centre(self) -> int | None:
        """Index in the window of the readout whose image comes out."""
        return None if self.window is None else self.window // 2


Factory = Callable[..., Model]
_FACTORIES: dict[str, Factory] = {}


def register(name: str) -> Callable[[Factory], Factory]:
    """Decorator: makes `factory(**options) -> Model` known to `create` as `name`."""

    def add(factory: Factory) -> Factory:
        _FACTORIES[name] = factory
        return factory

    return add


def names() -> tuple[str, ...]:
    """The names that `create` knows, sorted."""
    return tuple(sorted(_FACTORIES))


def create(name: str, **options: Any) -> Model:
    """Makes a network.

    Args:
        name: one of `names()`, e.g. 'stir' or 'lrn'.
        **options: of that network, e.g. `dtype=jnp.bfloat16` for its activations.

    Returns:
        A `Model`, with `init(key)` and `apply(variables, *inputs)`.

    Raises:
        ValueError: if there is no such network, or it has no such option.
    """
    if name not in _FACTORIES:
        raise ValueError(f"there is no network {name!r}; there are {', '.join(names())}")
    try:
        return _create(name, **options)
    except TypeError as error:
        raise ValueError(f"network {name!r}: {error}") from error


@functools.cache
def _create(name: str, **options: Any) -> Model:
    """One model for one set of options, so that what it has compiled is found again."""
    return _FACTORIES[name](**options)


def check_spikes(spikes: Any, window: int, name: str) -> None:
    """Raises ValueError unless `spikes` is (B, window, H, W)."""
    shape = tuple(spikes.shape)
    if len(shape) != 4 or shape[1] != window:
        raise ValueError(f"{name}: expected spikes (B, {window}, H, W), got shape {shape}")
    if any(size == 0 for size in shape):
        raise ValueError(f"{name}: expected at least one pixel, got shape {shape}")


def check_images(images: Any, channels: int, name: str) -> None:
    """Raises ValueError unless `images` is (B, H, W, channels) floating, with a pixel at least."""
    shape = tuple(images.shape)
    if len(shape) != 4 or shape[-1] != channels or any(size == 0 for size in shape):
        raise ValueError(f"{name}: expected images (B, H, W, {channels}), got shape {shape}")
    if not jnp.issubdtype(images.dtype, jnp.floating):
        raise ValueError(f"{name}: expected floating images, got {images.dtype}")
