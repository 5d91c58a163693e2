"""Checks of trees of weights, and the gain that they were trained at."""

import functools
from collections.abc import Iterator, Mapping
from typing import Any

import flax.traverse_util
import jax
import jax.numpy as jnp
import numpy as np

from spikejax import models
from spikejax.weights.errors import WeightsError, quoted, several

Shapes = Mapping[str, tuple[int, ...]]
Variables = dict[str, Any]

GAIN = "constants/trained_gain"
"""Path of the gain that the weights were trained at; without it, the gain is 1."""


def check(name: str, variables: Mapping[str, Any]) -> None:
    """Checks that weights have the arrays of a network, with the same shapes.

    Args:
        name: name of the network, see `models.create`.
        variables: {'params': ..., 'batch_stats': ..., 'constants': {'trained_gain': ...}}, nested
            dictionaries of arrays. Collections that the network does not have may be absent, as may
            the constants.

    Raises:
        ValueError: if an array is missing, unknown, of another shape or not floating-point; the
            message names the first one.
    """
    flat = flatten(variables)
    compare(name, {path: np.shape(array) for path, array in flat.items()})
    for path, array in flat.items():
        check_dtype(path, array)
    trained_gain(variables)


def trained_gain(variables: Mapping[str, Any]) -> float:
    """Returns the gain that the weights were trained at.

    The output of a network is intensity at this gain: multiply it by this gain and divide it by the
    gain of the recording. Call this function outside `jax.jit`.

    Args:
        variables: variables from `load` or `from_torch`, or from `init` of a model (gain 1).

    Returns:
        The gain, spikes per readout at intensity 1, positive.

    Raises:
        ValueError: if the gain is not a positive number.
    """
    value = variables.get("constants", {}).get("trained_gain", 1.0)
    gain = np.asarray(value)
    if gain.shape != () or not jnp.issubdtype(gain.dtype, jnp.number):
        raise WeightsError(f"trained_gain has shape {gain.shape}, expected one number")
    return checked_gain(float(gain))


def checked_gain(gain: float) -> float:
    """Returns the gain; raises WeightsError unless it is positive and finite."""
    if not 0 < gain < float("inf"):
        raise WeightsError(f"trained_gain is {gain}, expected a positive number")
    return gain


def expected_shapes(name: str) -> Shapes:
    """Returns the shapes of a network's variables by path, such as 'params/conv0/kernel'."""
    if name not in models.names():
        known = ", ".join(models.names())
        raise WeightsError(f"there is no network {quoted(name)}; there are {known}")
    return _shapes_of(models.create(name))


def without_constants(variables: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the collections that a network reads: all but the constants of the training."""
    return {name: value for name, value in variables.items() if name != "constants"}


@functools.cache
def _shapes_of(model: models.Model) -> Shapes:
    tree = jax.eval_shape(lambda: model.init(jax.random.key(0)))
    return {path: leaf.shape for path, leaf in flatten(tree).items()}


def compare(name: str, shapes: Shapes) -> None:
    """Raises WeightsError unless `shapes` are those of the network, apart from the constants."""
    compare_shapes(name, {p: s for p, s in shapes.items() if p != GAIN}, expected_shapes(name))


def compare_shapes(name: str, shapes: Shapes, expected: Shapes) -> None:
    """Raises WeightsError if shapes differ; it names the first difference and counts the others."""
    missing = [path for path in expected if path not in shapes]
    extra = [path for path in shapes if path not in expected]
    if missing:
        has = f"; it has {several(extra)} instead" if extra else ""
        raise WeightsError(f"weights of {name!r}: tensor {several(missing)} is missing{has}")
    if extra:
        raise WeightsError(f"weights of {name!r}: unknown tensor {several(extra)}")
    for path, shape in expected.items():
        if tuple(shapes[path]) != shape:
            raise WeightsError(
                f"weights of {name!r}: tensor {quoted(path)} has shape {tuple(shapes[path])}, "
                f"expected {shape}"
            )


def check_dtype(path: str, array: Any) -> None:
    """Raises WeightsError unless the array has a floating-point dtype."""
    if not jnp.issubdtype(array.dtype, jnp.floating):
        raise WeightsError(f"tensor {quoted(path)} has {array.dtype} values, expected float32")


def as_float32(path: str, array: np.ndarray) -> np.ndarray:
    """Converts an array to contiguous float32; raises WeightsError unless all values are finite."""
    check_dtype(path, array)
    with np.errstate(over="ignore", invalid="ignore"):
        array = np.ascontiguousarray(array, np.float32).reshape(array.shape)
    if not np.isfinite(array).all():
        raise WeightsError(f"tensor {quoted(path)} holds values that are not finite")
    return array


def flatten(variables: Mapping[str, Any]) -> dict[str, Any]:
    """Flattens nested dictionaries to {'params/encoder/conv0/kernel': array}."""
    if not isinstance(variables, Mapping):
        raise WeightsError(
            f"weights: expected nested dictionaries {{'params': ...}}, got {quoted(variables)}"
        )
    return dict(_leaves(variables, ()))


def _leaves(tree: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        here = (*path, str(key))
        if isinstance(value, Mapping):
            yield from _leaves(value, here)
        else:
            if not hasattr(value, "dtype"):
                value = np.asarray(value)
            yield "/".join(here), value


def build(arrays: Mapping[str, np.ndarray], gain: float) -> Variables:
    """Builds variables on the default device from float32 arrays by path and the trained gain."""
    tree = flax.traverse_util.unflatten_dict(
        {path: jnp.array(array) for path, array in arrays.items()}, sep="/"
    )
    return {**tree, "constants": {"trained_gain": np.asarray(gain, np.float32)}}
