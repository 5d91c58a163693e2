"""What a tree of weights must look like, and what it says of its training."""

import functools
from collections.abc import Iterator, Mapping
from typing import Any

import flax.traverse_util
import jax
import jax.numpy as jnp
import numpy as np

from spikejax import models
from spikejax.weights.errors import WeightsError, several, shown

Shapes = Mapping[str, tuple[int, ...]]
Variables = dict[str, Any]

GAIN = "constants/trained_gain"
"""Where weights carry the gain that they were trained at; absent, it is 1."""


def check(name: str, variables: Mapping[str, Any]) -> None:
    """Makes sure that weights are those of a network: the same arrays, of the same shapes.

    Args:
        name: the network, as for `models.create`.
        variables: {'params': ..., 'batch_stats': ..., 'constants': {'trained_gain': ...}}, nested
            dictionaries of arrays; the collections that the network lacks may be absent, and so
            may the constants.

    Raises:
        ValueError: naming the first array that is missing, unknown, of another shape or no
            floating-point array.
    """
    flat = flatten(variables)
    compare(name, {path: np.shape(array) for path, array in flat.items()})
    for path, array in flat.items():
        check_dtype(path, array)
    trained_gain(variables)


def trained_gain(variables: Mapping[str, Any]) -> float:
    """Spikes a readout at intensity 1 that the weights were trained at.

    A network's output is intensity at this gain: divide by the recording's gain and multiply by
    this. Read it outside `jax.jit`.

    Args:
        variables: as from `load` or `from_torch`, or from a model's `init` (which gives 1).

    Returns:
        The gain, positive.

    Raises:
        ValueError: if it is no positive number.
    """
    value = variables.get("constants", {}).get("trained_gain", 1.0)
    gain = np.asarray(value)
    if gain.shape != () or not jnp.issubdtype(gain.dtype, jnp.number):
        raise WeightsError(f"trained_gain has shape {gain.shape}, expected one number")
    return checked_gain(float(gain))


def checked_gain(gain: float) -> float:
    """The gain, if it is positive and finite."""
    if not 0 < gain < float("inf"):
        raise WeightsError(f"trained_gain is {gain}, expected a positive number")
    return gain


@functools.cache
def expected_shapes(name: str) -> Shapes:
    """Paths such as 'params/encoder/conv0/kernel' -> shapes, of a network's variables."""
    if name not in models.names():
        known = ", ".join(models.names())
        raise WeightsError(f"there is no network {shown(name)}; there are {known}")
    model = models.create(name)
    tree = jax.eval_shape(lambda: model.init(jax.random.key(0)))
    return {path: leaf.shape for path, leaf in flatten(tree).items()}


def compare(name: str, shapes: Shapes) -> None:
    """Raises WeightsError unless `shapes` are those of the network, constants aside."""
    compare_shapes(name, {p: s for p, s in shapes.items() if p != GAIN}, expected_shapes(name))


def compare_shapes(name: str, found: Shapes, expected: Shapes) -> None:
    """Raises WeightsError that names the first difference, and counts the others."""
    missing = [path for path in expected if path not in found]
    extra = [path for path in found if path not in expected]
    if missing:
        has = f"; it has {several(extra)} instead" if extra else ""
        raise WeightsError(f"weights of {name!r}: tensor {several(missing)} is missing{has}")
    if extra:
        raise WeightsError(f"weights of {name!r}: unknown tensor {several(extra)}")
    for path, shape in expected.items():
        if tuple(found[path]) != shape:
            raise WeightsError(
                f"weights of {name!r}: tensor {shown(path)} has shape {tuple(found[path])}, "
                f"expected {shape}"
            )


def check_dtype(path: str, array: Any) -> None:
    """Raises WeightsError unless the array has floating-point numbers."""
    if not jnp.issubdtype(array.dtype, jnp.floating):
        raise WeightsError(f"tensor {shown(path)} has {array.dtype} values, expected float32")


def as_float32(path: str, array: np.ndarray) -> np.ndarray:
    """A contiguous float32 copy or the array itself; all values must be finite."""
    check_dtype(path, array)
    with np.errstate(over="ignore", invalid="ignore"):
        array = np.ascontiguousarray(array, np.float32).reshape(array.shape)
    if not np.isfinite(array).all():
        raise WeightsError(f"tensor {shown(path)} holds values that are not finite")
    return array


def flatten(variables: Mapping[str, Any]) -> dict[str, Any]:
    """Nested dictionaries -> {'params/encoder/conv0/kernel': array}."""
    if not isinstance(variables, Mapping):
        raise WeightsError(
            f"weights are nested dictionaries {{'params': ...}}, got {shown(variables)}"
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
    """Variables on the default device from float32 arrays by path, and the constants."""
    tree = flax.traverse_util.unflatten_dict(
        {path: jnp.array(array) for path, array in arrays.items()}, sep="/"
    )
    return {**tree, "constants": {"trained_gain": np.asarray(gain, np.float32)}}
