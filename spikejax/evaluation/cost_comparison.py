"""The costs of all methods, with or without weights, beside the published ones."""

import functools
from collections.abc import Iterable, Mapping
from typing import Any

import jax
import jax.numpy as jnp

from spikejax import models
from spikejax.evaluation.cost import Cost, cost_of_call
from spikejax.evaluation.published import PUBLISHED
from spikejax.evaluation.report import PAPER_SIZE, cost_columns
from spikejax.evaluation.table import Cell, Column, Table
from spikejax.inference import create_method, is_classical, method_names

_PUBLISHED_OF = "sreds"
_SCALE = {"parameters M": 1e-6, "MACs T": 1e-12, "memory G": 1e-9}


def method_cost(
    name: str, *, size: tuple[int, int] = PAPER_SIZE, repeats: int = 0, dtype: Any = None
) -> Cost:
    """Measures what one image of a method costs; a network needs no weights for it.

    Args:
        name: one of `inference.method_names()`.
        size: rows and columns of the image.
        repeats: number of timed calls, with random weights; 0 compiles and runs nothing.
        dtype: type of a network's activations; None for its own. Classical methods have none.

    Raises:
        ValueError: if there is no such method, or the network has no such dtype.
    """
    if is_classical(name):
        method = create_method(name)
        return cost_of_call(method.call, {}, method.window, *size, repeats=repeats)
    if name not in method_names():
        raise ValueError(f"methods: there is no {name!r}; there are {', '.join(method_names())}")
    model = models.create_with_dtype(name, dtype)
    assert model.window is not None
    initialise = model.init if repeats else functools.partial(jax.eval_shape, model.init)
    variables = initialise(jax.random.key(0))
    return cost_of_call(model.apply, variables, model.window, *size, repeats=repeats)


def cost_table(
    methods: Iterable[str] | None = None,
    *,
    size: tuple[int, int] = PAPER_SIZE,
    repeats: int = 0,
    dtype: Any = None,
    progress: Any = None,
) -> Table:
    """Compares the costs of methods: readouts, parameters, multiply-adds, memory, and latency.

    Args:
        methods: names; None for all methods, those without weights included.
        size: rows and columns of the image.
        repeats: number of timed calls per method; 0 leaves the latency out.
        dtype: type of the networks' activations; None for float32.
        progress: function that reports progress, such as (items, label, total) -> items.

    Returns:
        The table. At 736x1280, the size of STIR's paper, its published costs stand beside ours.

    Raises:
        ValueError: as `method_cost`.
    """
    names = list(method_names() if methods is None else dict.fromkeys(methods))
    columns = _columns(size, repeats, "float32" if dtype is None else str(jnp.dtype(dtype)))
    rows = []
    for name in names if progress is None else progress(names, "measuring costs", len(names)):
        cost = method_cost(name, size=size, repeats=repeats, dtype=dtype)
        rows.append((name, _cells(columns, _label(name), cost)))
    notes = [] if size != PAPER_SIZE else [f"published: {PUBLISHED[_PUBLISHED_OF].source}"]
    return Table(f"costs at {size[0]}x{size[1]}", columns, rows, notes)


def _label(name: str) -> str:
    return create_method(name).label if is_classical(name) else models.create(name).label


def _columns(size: tuple[int, int], repeats: int, dtype: str) -> list[Column]:
    ours = {column.name: column for column in cost_columns(size, True, dtype)}
    columns = [Column("readouts", "readouts that one image is made from", 0)]
    for name in _SCALE:
        columns.append(ours[name])
        if size == PAPER_SIZE:
            columns.append(Column(f"{name} published", f"{name}, as published", ours[name].digits))
    if repeats:
        device = jax.devices()[0].device_kind
        columns.append(Column("ms", f"latency on {device}, median of {repeats} calls", 1))
    return columns


def _cells(columns: Iterable[Column], label: str, cost: Cost) -> list[Cell]:
    measured: Mapping[str, float | None] = {
        "readouts": cost.readouts,
        "parameters M": cost.parameters,
        "MACs T": cost.multiply_adds,
        "memory G": cost.memory_bytes,
    }
    table = PUBLISHED[_PUBLISHED_OF]
    published = dict(zip(table.columns, table.rows.get(label, ()), strict=False))
    cells = []
    for column in columns:
        name = column.name.removesuffix(" published")
        if name != column.name:
            cells.append(Cell(published.get(name)))
        elif name == "ms":
            cells.append(Cell(None if cost.latency_s is None else 1e3 * cost.latency_s))
        else:
            value = measured[name]
            cells.append(Cell(None if value is None else value * _SCALE.get(name, 1.0)))
    return cells
