"""The contract for a network: `Model`, and the registry of networks.

A network is one file (or folder) of this room. A function `create(**options) -> Model` decorated
with `register(name)` says all that the rest of the project needs to know about it.
"""

import dataclasses
import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp

from spikejax.camera.conventions import STRIDE
from spikejax.models.name_table import NameTable
from spikejax.registry import Registry

Variables = Mapping[str, Any]
State = Any


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Blocks:
    """The parts of a network that encodes blocks of its window independently of one another.

    Windows that overlap share these blocks, so that a recording is encoded once.

    Attributes:
        offsets: first readout of each block, relative to the centre of the window.
        length: readouts per block.
        encode: (variables, blocks (N, length, H, W)) -> features, a pytree of arrays (N, ...).
        decode: (variables, features of each block in the order of `offsets`, (H, W)) -> images
            (N, H, W, 1), equal to those of `Model.apply`.
    """

    offsets: tuple[int, ...]
    length: int
    encode: Callable[[Variables, jax.Array], Any]
    decode: Callable[[Variables, tuple[Any, ...], tuple[int, int]], jax.Array]


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Stream:
    """The functions of a network that carries a state from window to window.

    Attributes:
        init: (variables, (B, H, W)) -> state before the first window, a pytree of arrays.
        step: (variables, state, window (B, L, H, W)) -> (state, image (B, H, W, 1)).
        stride: readouts from one window to the next.
        warmup: windows that are read before an image far from the previous one (random access).
        train: (variables, state, window, axis_name=...) -> (state, image, batch_stats), a step in
            training mode; None for a network without batch statistics, whose `step` serves.
    """

    init: Callable[[Variables, tuple[int, int, int]], State]
    step: Callable[[Variables, State, jax.Array], tuple[State, jax.Array]]
    stride: int = STRIDE
    warmup: int = 8
    train: Callable[..., tuple[State, jax.Array, Any]] | None = None


class TrainOutput(NamedTuple):
    """The output of a network in training mode.

    Attributes:
        images: (B, H, W, 1), then coarser ones, each half as fine as the one before, if there are
            any: their loss is a term of its own.
        batch_stats: the running statistics after this batch.
        estimates: further images of the same moment and size that the network makes on its way,
            (B, H, W, K), whose loss is a term of its own; None if there are none.
    """

    images: tuple[jax.Array, ...]
    batch_stats: Any
    estimates: jax.Array | None = None


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Model:
    """A network as pure functions, and what the rest of the project needs to know about it.

    `name`, `description`, `window`, `module`, `init` and `apply` suffice for a network that turns
    a window of spikes into an image.

    Attributes:
        name: as given to `models.create`.
        description: one line: input, output, source.
        window: readouts that one image needs; None if the input is not a window of spikes alone.
        module: the Flax module, for its other methods and for `tabulate`; None for a network that
            is not a Flax module.
        init: key -> variables {'params': ..., 'batch_stats': ...}.
        apply: (variables, *inputs) -> output, in evaluation mode. A network with a window takes
            spikes (B, window, H, W) and returns images (B, H, W, 1), spikes per readout or, for
            weights with a `trained_gain`, intensity at that gain. None for a recurrent network: a
            single step of its stream.
        label: name in pictures; '' for `name` in capitals.
        citation: authors, title, venue.
        reach: how far, in pixels, an input pixel can change the output; None if everywhere.
        levels: images that `train` returns, the finest included.
        multiple: sizes H and W that the network itself works at; `apply` pads and crops.
        published: names of the published PyTorch weights; None if there are none.
        checkpoint: the file of published weights and where it is, for the message that none ship;
            '' if there is none for spikes.
        quality: PSNR in dB of the weights that ship, on `spikejax evaluate synthetic`. It orders
            methods in tables and chooses the default method; 0 if no weights ship.
        train: (variables, spikes, axis_name=...) -> `TrainOutput`; None for a network without batch
            statistics, whose `apply` serves.
        blocks: for a network that encodes blocks of its window; None for others.
        stream: for a network with a state; None for others.
    """

    name: str
    description: str
    window: int | None
    module: nn.Module | None
    init: Callable[[jax.Array], Variables]
    apply: Callable[..., jax.Array] = dataclasses.field(default=None)  # type: ignore[assignment]
    label: str = ""
    citation: str = ""
    reach: int | None = None
    levels: int = 1
    multiple: int = 1
    published: NameTable | None = None
    checkpoint: str = ""
    quality: float = 0.0
    train: Callable[..., TrainOutput] | None = None
    blocks: Blocks | None = None
    stream: Stream | None = None

    def __post_init__(self) -> None:
        if not self.label:
            object.__setattr__(self, "label", self.name.upper())
        if self.apply is None:
            if self.stream is None:
                raise ValueError(f"Model {self.name!r}: expected apply or stream, got neither")
            object.__setattr__(self, "apply", functools.partial(_one_step, self.stream))

    @property
    def centre(self) -> int | None:
        """Index in the window of the readout whose image comes out."""
        return None if self.window is None else self.window // 2

    @property
    def trained_gain(self) -> float:
        """Spikes per readout at intensity 1 in the training of the published weights."""
        return 1.0 if self.published is None else self.published.trained_gain

    @property
    def driver(self) -> Literal["windows", "blocks", "recurrent"]:
        """How the network runs over a recording."""
        if self.stream is not None:
            return "recurrent"
        return "windows" if self.blocks is None else "blocks"

    def in_training(
        self, variables: Variables, spikes: jax.Array, *, axis_name: str | None = None
    ) -> TrainOutput:
        """Runs the network in training mode.

        Args:
            variables: {'params', 'batch_stats'}.
            spikes: (B, window, H, W).
            axis_name: a mapped axis over which batch statistics are pooled.

        Returns:
            The images, and the batch statistics after this batch.
        """
        if self.train is not None:
            return self.train(variables, spikes, axis_name=axis_name)
        if variables.get("batch_stats"):
            raise ValueError(
                f"Model {self.name!r}: has batch statistics, which training has to update; "
                "expected the field train"
            )
        return TrainOutput((self.apply(variables, spikes),), {})


def _one_step(stream: Stream, variables: Variables, spikes: jax.Array) -> jax.Array:
    batch, _, height, width = spikes.shape
    state = stream.init(variables, (batch, height, width))
    return stream.step(variables, state, spikes)[1]


Factory = Callable[..., Model]
_NETWORKS: Registry[Factory] = Registry("network")


def register(name: str) -> Callable[[Factory], Factory]:
    """Decorator: makes `factory(**options) -> Model` known to `create` as `name`."""
    return _NETWORKS.register(name)


def names() -> tuple[str, ...]:
    """Returns the names that `create` knows, sorted."""
    return _NETWORKS.names()


def registered() -> dict[str, Factory]:
    """Returns the factories by name."""
    return {name: _NETWORKS[name] for name in _NETWORKS.names()}


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
    factory = _NETWORKS[name]
    try:
        model = _create(factory, **options)
    except Exception as error:  # a network of one's own raises anything
        text = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
        raise ValueError(f"network {name!r}: {text}") from error
    if not isinstance(model, Model) or model.name != name:
        got = f"one named {model.name!r}" if isinstance(model, Model) else repr(model)
        raise ValueError(f"network {name!r}: expected create() to return a Model of it, got {got}")
    return model


def create_with_dtype(name: str, dtype: Any = None) -> Model:
    """Makes a network whose activations have a dtype.

    Args:
        name: one of `names()`.
        dtype: of the activations; None for the network's own. A network without the option
            computes in float32.

    Raises:
        ValueError: if there is no such network, or it has no other dtype than float32.
    """
    option = inspect.signature(_NETWORKS[name]).parameters.get("dtype")
    own = jnp.float32 if option is None else option.default
    if dtype is None or jnp.dtype(dtype) == jnp.dtype(own):
        return create(name)
    if option is None:
        raise ValueError(f"dtype: {name} computes in float32 and has no other, got {dtype}")
    return create(name, dtype=jnp.dtype(dtype))


@functools.cache
def _create(factory: Factory, **options: Any) -> Model:
    """Makes one model per set of options, so that its compiled programs are reused."""
    return factory(**options)


def check_spikes(spikes: Any, window: int, name: str) -> None:
    """Raises ValueError unless `spikes` is (B, window, H, W) with at least one pixel."""
    shape = tuple(spikes.shape)
    if len(shape) != 4 or shape[1] != window:
        raise ValueError(f"{name}: expected spikes (B, {window}, H, W), got shape {shape}")
    if any(size == 0 for size in shape):
        raise ValueError(f"{name}: expected at least one pixel, got shape {shape}")


def check_output(images: Any, spikes: Any, name: str) -> None:
    """Raises ValueError unless `images` are (B, H, W, 1) for spikes (B, L, H, W)."""
    batch, _, height, width = spikes.shape
    expected = (batch, height, width, 1)
    if tuple(images.shape) != expected:
        raise ValueError(
            f"network {name!r}: expected images (B, H, W, 1) = {expected}, "
            f"got shape {tuple(images.shape)}"
        )


def check_images(images: Any, channels: int, name: str) -> None:
    """Raises ValueError unless `images` is (B, H, W, channels) floating, not empty."""
    shape = tuple(images.shape)
    if len(shape) != 4 or shape[-1] != channels or any(size == 0 for size in shape):
        raise ValueError(f"{name}: expected images (B, H, W, {channels}), got shape {shape}")
    if not jnp.issubdtype(images.dtype, jnp.floating):
        raise ValueError(f"{name}: expected floating images, got {images.dtype}")
