"""A network with memory in training: the windows of a scene in order, its state passed along."""

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from spikejax.models import Model, Variables


def read_in_order(
    model: Model,
    variables: Variables,
    scenes: jax.Array,
    *,
    train: bool = False,
    axis_name: str | None = None,
    chunk: int = 0,
) -> tuple[jax.Array, Any]:
    """Reads the windows of each scene in order, from the state of a new stream.

    The gradient flows through the states of `chunk` windows, and no further (truncated
    backpropagation through time). Of each step only its state is kept for the backward pass, which
    computes the rest again.

    Args:
        model: a network with `stream`.
        variables: {'params'} and, if there are any, 'batch_stats'.
        scenes: (B, J, L, H, W), J windows of L readouts per scene.
        train: whether batch statistics are those of the batch; each step moves the running ones.
        axis_name: with `train`, a mapped axis over which batch statistics are pooled.
        chunk: windows through which the gradient flows; 0 for all.

    Returns:
        The images (B, J, H, W, 1), and the batch statistics after the last step.

    Raises:
        ValueError: if the network has batch statistics, which training has to update, and no
            `stream.train`.
    """
    stream = model.stream
    assert stream is not None
    batch_stats = variables.get("batch_stats", {})
    if train and batch_stats and stream.train is None:
        raise ValueError(
            f"model: {model.name} has batch statistics, which training has to update; "
            "expected stream.train"
        )
    fixed = {name: value for name, value in variables.items() if name != "batch_stats"}

    @jax.checkpoint
    def step(batch_stats: Any, state: Any, window: jax.Array) -> tuple[Any, Any, jax.Array]:
        variables = fixed | ({"batch_stats": batch_stats} if batch_stats else {})
        if not train or stream.train is None:
            state, image = stream.step(variables, state, window)
        else:
            state, image, batch_stats = stream.train(variables, state, window, axis_name=axis_name)
        return batch_stats, state, image

    def detached(state: Any, number: jax.Array) -> Any:
        if not chunk:
            return state
        cut = number % chunk == 0
        return jax.tree.map(lambda x: jnp.where(cut, lax.stop_gradient(x), x), state)

    def scanned(carry: Any, inputs: tuple[jax.Array, jax.Array]) -> tuple[Any, jax.Array]:
        number, window = inputs
        batch_stats, state = carry
        batch_stats, state, image = step(batch_stats, detached(state, number), window)
        return (batch_stats, state), image

    count, windows, _, height, width = scenes.shape
    state = stream.init(variables, (count, height, width))
    inputs = (jnp.arange(windows), jnp.moveaxis(scenes, 1, 0))
    (batch_stats, _), images = lax.scan(scanned, (batch_stats, state), inputs)
    return jnp.moveaxis(images, 0, 1), batch_stats
