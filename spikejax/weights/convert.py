"""Conversion of published PyTorch weights to ours and back, by name tables."""

import collections
import pathlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from spikejax import models
from spikejax.models.name_table import NameTable, counters, entries
from spikejax.weights import checks
from spikejax.weights.errors import WeightsError, quoted
from spikejax.weights.torch_file import find_state_dict, read_torch


def from_torch(
    name: str,
    source: str | pathlib.Path | Mapping[str, Any],
    *,
    trained_gain: float | None = None,
) -> checks.Variables:
    """Converts a PyTorch checkpoint, without PyTorch and without running code in the file.

    A prefix that all names share, such as `module.`, is ignored. The state dict may be the whole
    checkpoint or lie under a key such as 'state_dict'.

    Args:
        name: name of the network, e.g. 'stir'; one of `convertible()`.
        source: a file of `torch.save`, or its state dict: names -> NumPy arrays or PyTorch tensors.
        trained_gain: gain that the weights were trained at, spikes per readout at intensity 1; None
            for that of the published weights (STIR 0.4).

    Returns:
        {'params', 'batch_stats', 'constants': {'trained_gain'}}, float32, for `apply`.

    Raises:
        ValueError: if the file cannot be read, or an array is missing, unknown, of another shape,
            or not finite.
    """
    table = _table(name)
    if isinstance(source, Mapping):
        return _converted(name, table, find_state_dict(source), trained_gain)
    state = read_torch(source)
    try:
        return _converted(name, table, state, trained_gain)
    except WeightsError as error:
        raise WeightsError(f"{source}: {error}") from None


def to_torch(name: str, variables: Mapping[str, Any], *, prefix: str = "") -> dict[str, np.ndarray]:
    """Converts weights to the names and layouts of the published PyTorch network.

    This is the exact inverse of `from_torch`, but omits the trained gain, for which PyTorch has no
    place. `torch.save({k: torch.from_numpy(v) for k, v in state.items()}, path)` writes a
    checkpoint.

    Args:
        name: name of the network, see `from_torch`.
        variables: weights of the network.
        prefix: prefix of every name, e.g. 'module.'.

    Returns:
        Names -> new float32 arrays (int64 zeros for the counters of batch norms).

    Raises:
        ValueError: if the weights are not those of the network.
    """
    table = _table(name)
    checks.check(name, variables)
    flat = checks.flatten(variables)
    state = {}
    for entry in entries(table):
        array = np.asarray(flat[entry.ours], np.float32)
        state[prefix + entry.theirs] = entry.to_torch(array).copy()
    state |= {prefix + key: np.asarray(value, np.float32) for key, value in table.fixed.items()}
    return state | {prefix + counter: np.zeros((), np.int64) for counter in counters(table)}


def convertible() -> tuple[str, ...]:
    """Returns the networks whose PyTorch names are known, sorted."""
    return tuple(name for name in models.names() if models.create(name).published is not None)


def _table(name: str) -> NameTable:
    table = models.create(name).published if name in models.names() else None
    if table is None:
        raise WeightsError(
            f"no PyTorch names are known for {name!r}; expected one of {', '.join(convertible())}"
        )
    return table


def _converted(
    name: str, table: NameTable, state: Mapping[str, Any], trained_gain: float | None
) -> checks.Variables:
    gain = checks.checked_gain(table.trained_gain if trained_gain is None else trained_gain)
    shapes = checks.expected_shapes(name)
    wanted = entries(table)
    state = _without_prefix(state, {entry.theirs for entry in wanted})
    if table.any_names:
        state = _in_order(state, table)
    state = {key: value for key, value in state.items() if key not in counters(table)}
    state = _without_fixed(state, table)
    stored = {key: tuple(np.shape(value)) for key, value in state.items()}
    expected = {entry.theirs: entry.shape_in_torch(shapes[entry.ours]) for entry in wanted}
    checks.compare_shapes(name, stored, expected)
    arrays = {}
    for entry in wanted:
        array = entry.from_torch(_as_numpy(entry.theirs, state[entry.theirs]))
        arrays[entry.ours] = checks.as_float32(entry.theirs, array)
    return checks.build(arrays, gain)


def _without_prefix(state: Mapping[str, Any], names: set[str]) -> dict[str, Any]:
    """Removes the prefix that most of the wanted names have."""
    prefixes: collections.Counter[str] = collections.Counter()
    depth = max(name.count(".") for name in names)
    for key in state:
        parts = key.rsplit(".", depth + 1)
        for start in range(len(parts)):
            tail = ".".join(parts[start:])
            if tail in names:
                prefixes[key.removesuffix(tail)] += 1
    prefix, count = next(iter(prefixes.most_common(1)), ("", 0))
    if count <= len(names) // 2:
        return dict(state)
    return {key.removeprefix(prefix): value for key, value in state.items()}


def _without_fixed(state: Mapping[str, Any], table: NameTable) -> dict[str, Any]:
    """Removes the arrays that are no parameters; checks that they are as expected."""
    for key, expected in table.fixed.items():
        if key not in state:
            continue
        value = np.squeeze(_as_numpy(key, state[key]))
        if value.shape != np.squeeze(expected).shape:
            raise WeightsError(f"{key}: expected shape {expected.shape}, got {value.shape}")
        if not np.allclose(value, np.squeeze(expected), atol=_FIXED_ATOL):
            raise WeightsError(f"{key}: its values are not those of the published network")
    return {key: value for key, value in state.items() if key not in table.fixed}


_FIXED_ATOL = 3e-3  # bfloat16 rounds them by 2e-3; another filter differs by far more


def _in_order(state: Mapping[str, Any], table: NameTable) -> dict[str, Any]:
    """Renames modules by their order, if their number is that of the table."""
    modules = list(dict.fromkeys(key.rpartition(".")[0] for key in state))
    if len(modules) != len(table.rows):
        return dict(state)
    renamed = dict(zip(modules, (row[0] for row in table.rows), strict=True))
    parts = ((key.rpartition("."), value) for key, value in state.items())
    return {f"{renamed[module]}.{leaf}": value for (module, _, leaf), value in parts}


def _as_numpy(name: str, value: Any) -> np.ndarray:
    if hasattr(value, "detach"):  # a PyTorch tensor, on any device, of any floating dtype
        value = value.detach().cpu()
        value = value.float() if value.is_floating_point() else value
    try:
        return np.asarray(value)
    except (TypeError, ValueError, RuntimeError) as error:
        reason = quoted(str(error), 120)
        raise WeightsError(f"tensor {quoted(name)} is not an array: {reason}") from None
