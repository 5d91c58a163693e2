"""Networks as methods: each by the driver that its `Model` names."""

import functools
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from jax.tree_util import Partial

from spikejax import models, weights
from spikejax.inference.blocks import from_blocks
from spikejax.inference.method import Method
from spikejax.inference.recurrent import from_recurrent
from spikejax.inference.source import Source
from spikejax.inference.windows import Pairs, from_reflected_windows
from spikejax.models.model import check_output


def network_method(name: str, source_of_weights: Any, dtype: Any) -> Method:
    """Makes the method of a network.

    Args:
        name: of the network.
        source_of_weights: as for `weights.resolve`.
        dtype: of the activations; None for the network's own.

    Raises:
        ValueError: if there are no weights, or they are another network's.
    """
    model = models.create_with_dtype(name, dtype)
    variables = weights.resolve(name, source_of_weights)
    trained_gain = weights.trained_gain(variables)
    assert model.window is not None

    def images(source: Source, centres: np.ndarray, batch_size: int, *, gain: float) -> Pairs:
        pairs = _driven(model, variables, source, centres, batch_size)
        factor = np.float32(trained_gain / gain)
        return ((centre, image * factor) for centre, image in pairs)

    return Method(
        name=name,
        label=model.label,
        caption=model.label,
        window=model.window,
        reach=model.reach,
        stateful=model.driver == "recurrent",
        batch_size=1 if jax.default_backend() == "cpu" else 8,
        images=images,
        call=model.apply,
        variables=variables,
    )


def _driven(
    model: models.Model,
    variables: models.Variables,
    source: Source,
    centres: np.ndarray,
    batch_size: int,
) -> Pairs:
    if model.driver == "recurrent":
        return from_recurrent(source, centres, model, variables)
    if model.driver == "blocks":
        return from_blocks(source, centres, model, variables, batch_size=batch_size)
    assert model.window is not None
    run = Partial(_window_images(model), variables)
    return from_reflected_windows(source, centres, run, window=model.window, batch_size=batch_size)


@functools.cache
def _window_images(model: models.Model) -> Callable[..., jax.Array]:
    def images(variables: models.Variables, spikes: jax.Array) -> jax.Array:
        output = model.apply(variables, spikes)
        check_output(output, spikes, model.name)
        return output[..., 0]

    return images
