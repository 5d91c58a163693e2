"""Export of a network as one portable file: StableHLO that runs without this package.

`jax.export` keeps the computation, for CPU, CUDA and TPU at once, with the batch and the image size
left open; the weights stay apart and go in as an argument.
"""

from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
from jax import export as jax_export

from spikejax import models, ops, weights
from spikejax.formats import replacing

PLATFORMS = ("cpu", "cuda", "tpu")


def export_network(
    name: str, *, dtype: Any = None, platforms: tuple[str, ...] = PLATFORMS
) -> bytes:
    """Serialises a network as a function (variables, spikes) -> image.

    Args:
        name: a network with a window, e.g. 'stir' or 'lrn'.
        dtype: of its activations; None for the network's own.
        platforms: where it is to run.

    Returns:
        Bytes for `load_exported`, or for `jax.export.deserialize` anywhere. Spikes are
        (b, window, H, W) uint8 of any b; H and W are multiples of `Model.multiple` (16 for STIR, 1
        for most). The image is (b, H, W, 1) float32, the output of `models.create(name).apply`.

    Raises:
        ValueError: if there is no such network, or it has no window.
        ImportError: if `flatbuffers` is missing (`pip install 'spikejax[export]'`).
    """
    model = models.create_with_dtype(name, dtype)
    if model.window is None:
        raise ValueError(f"{name!r} takes more than a window of spikes and cannot be exported")
    n = model.multiple
    size = "h, w" if n == 1 else f"{n}*h, {n}*w"
    shape = jax_export.symbolic_shape(f"b, {model.window}, {size}")
    spikes = jax.ShapeDtypeStruct(shape, jnp.uint8)
    variables = jax.eval_shape(model.init, jax.random.key(0))
    with ops.programs_for("cpu" if tuple(platforms) == ("cpu",) else "gpu"):
        run = jax.jit(model.apply)
        exported = jax_export.export(run, platforms=platforms)(variables, spikes)
    return bytes(exported.serialize())


def save_exported(path: str | Path, name: str, **options: Any) -> None:
    """Writes the bytes of `export_network(name, **options)`, whole or not at all."""
    data = export_network(name, **options)
    with replacing(Path(path)) as temporary:
        temporary.write_bytes(data)


def load_exported(source: bytes | str | Path) -> Any:
    """Loads the function (variables, spikes) -> image of an exported network, jitted.

    Args:
        source: the bytes of `export_network`, or a file of them. Only open files that you trust.
    """
    data = source if isinstance(source, bytes) else Path(source).read_bytes()
    call = jax_export.deserialize(bytearray(data)).call

    @jax.jit
    def run(variables: Any, spikes: Any) -> Any:
        # Weights from a file also carry the gain of their training, which networks do not read.
        return call(weights.without_constants(variables), spikes)

    return run
