"""Published PyTorch weights to ours, and back, by the name tables."""

import collections
import pathlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from spikejax.weights import checks
from spikejax.weights.errors import WeightsError, shown
from spikejax.weights.tables import TABLES, Table, counters, entries
from spikejax.weights.torch_file import find_state_dict, read_torch


def from_torch(
    name: str,
    source: str | pathlib.Path | Mapping[str, Any],
    *,
    trained_gain: float | None = None,
) -> checks.Variables:
    """Converts a PyTorch checkpoint; PyTorch is not needed, and nothing in the file is run.

    A prefix that all names share, such as `module.`, does not matter, nor does whether the state
    dict stands alone or under a key such as 'state_dict'.

    Args:
        name: the network, as for `models.create`: 'stir', 'lrn', 'bsn', 'edsr' or 'ldn'.
        source: a file of `torch.save`, or its state dict: names -> NumPy arrays or PyTorch tensors.
        trained_gain: spikes a readout at intensity 1 in the training of these weights; None for
            that of the published ones (STIR 0.4).

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

    The inverse of `from_torch`, exactly; the trained gain, which PyTorch has no place for, is left
    out. `torch.save({k: torch.from_numpy(v) for k, v in state.items()}, path)` writes a checkpoint.

    Args:
        name: the network, as for `from_torch`.
        variables: its weights.
        prefix: put before every name, e.g. 'module.'.

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
    return state | {prefix + counter: np.zeros((), np.int64) for counter in counters(table)}


def _table(name: str) -> Table:
    if name not in TABLES:
        raise WeightsError(
            f"no PyTorch names are known for {name!r}; they are for {', '.join(sorted(TABLES))}"
        )
    return TABLES[name]


def _converted(
    name: str, table: Table, state: Mapping[str, Any], trained_gain: float | None
) -> checks.Variables:
    gain = checks.checked_gain(table.trained_gain if trained_gain is None else trained_gain)
    shapes = checks.expected_shapes(name)
    wanted = entries(table)
    state = _without_prefix(state, {entry.theirs for entry in wanted})
    if table.any_names:
        state = _in_order(state, table)
    state = {key: value for key, value in state.items() if key not in counters(table)}
    found = {key: tuple(np.shape(value)) for key, value in state.items()}
    expected = {entry.theirs: entry.shape_in_torch(shapes[entry.ours]) for entry in wanted}
    checks.compare_shapes(name, found, expected)
    arrays = {}
    for entry in wanted:
        array = entry.from_torch(_as_numpy(entry.theirs, state[entry.theirs]))
        arrays[entry.ours] = checks.as_float32(entry.theirs, array)
    return checks.build(arrays, gain)


def _without_prefix(state: Mapping[str, Any], names: set[str]) -> dict[str, Any]:
    """Takes off the prefix under which most of the wanted names are found."""
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


def _in_order(state: Mapping[str, Any], table: Table) -> dict[str, Any]:
    """Renames modules by their order, if there are as many as the table has."""
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
        raise WeightsError(f"tensor {shown(name)} is no array: {shown(str(error), 120)}") from None
