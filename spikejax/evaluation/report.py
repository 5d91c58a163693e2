"""Tables of scores and costs, plain or in the layout of STIR's paper."""

from collections.abc import Mapping, Sequence

import jax
import numpy as np

from spikejax.evaluation.candidates import Candidate
from spikejax.evaluation.cost import Cost
from spikejax.evaluation.published import Published
from spikejax.evaluation.scoring import Summary
from spikejax.evaluation.table import Cell, Column, Table
from spikejax.metrics import Metric

PAPER_SIZE = (736, 1280)
"""Rows and columns of the images that the paper states costs for."""

_UNITS = {"parameters M": 1e-6, "memory G": 1e-9, "MACs T": 1e-12, "MACs G": 1e-9, "ms": 1e3}


def report(
    title: str,
    candidates: Sequence[Candidate],
    metrics: Sequence[Metric],
    summary: Summary,
    costs: Mapping[str, Cost],
    *,
    size: tuple[int, int],
    paper: bool = False,
    published: Published | None = None,
    absent: Sequence[str] = (),
    notes: Sequence[str] = (),
) -> Table:
    """Returns the table of an evaluation.

    Args:
        title: title, which names the data.
        candidates: the methods, in the order of the rows.
        metrics: the metrics, in the order of the columns.
        summary: the scores.
        costs: costs by the candidates' labels; missing ones are shown as '-'.
        size: rows and columns of the images that the costs are for.
        paper: whether the columns are those of STIR's table.
        published: published results to append; None for none.
        absent: networks without weights, of which there are costs alone.
        notes: further remarks below the legend.
    """
    published_columns = () if published is None else published.columns
    if paper:
        metrics = [m for m in metrics if m.in_paper or m.name in published_columns]
    types = {str(np.dtype(c.dtype)) for c in candidates if c.dtype is not None} or {"float32"}
    columns = [*cost_columns(size, paper, " and ".join(sorted(types))), *map(_column, metrics)]
    names = [column.name for column in columns]
    columns += [
        Column(name, "as published; not computed here", 3)
        for name in published_columns
        if name not in names
    ]
    rows = [
        (c.label, [_cell(column.name, c.label, summary, costs) for column in columns])
        for c in candidates
    ]
    rows += [(name, [_cell(c.name, name, summary, costs) for c in columns]) for name in absent]
    if absent:
        notes = [
            *notes,
            f"{', '.join(absent)}: no weights ship, so that there are no scores; give --weights "
            "NAME=FILE",
        ]
    if published is not None:
        for method, row in published.rows.items():
            values = dict(zip(published.columns, row, strict=True))
            rows.append((f"{method} (published)", [Cell(values.get(c.name)) for c in columns]))
        notes = [
            *notes,
            f"(published): on the whole test set of {published.dataset}, in the words "
            f"and definitions of their source: {published.source}",
        ]
    origins = [f"{c.label}: {c.origin}" for c in candidates if c.origin is not None]
    return Table(
        title,
        columns,
        rows,
        [_INTERVAL, *origins, *_shortfalls(candidates, metrics, summary), *notes],
    )


_INTERVAL = (
    "After ±: half of the 95 % confidence interval of the mean over the images, Student's t. "
    "Images are clipped to [0, 1] before they are measured"
)


def cost_columns(size: tuple[int, int], paper: bool, dtype: str) -> list[Column]:
    """Returns the columns of costs.

    Args:
        size: rows and columns of the image that they are for.
        paper: whether they are those of STIR's table.
        dtype: of the networks' activations.
    """
    device = jax.devices()[0].device_kind
    at = f"of one image of {size[0]}x{size[1]} from its window (tfstp: of 41 readouts), {dtype}"
    macs = "MACs T" if paper else "MACs G"
    columns = [
        Column("parameters M", "millions that training changes; spikejax.metrics.parameters", 2),
        Column(
            "memory G",
            f"GB {at}: arguments, results and temporaries of the program that XLA makes for "
            f"{device}; spikejax.metrics.peak_memory",
            3,
        ),
        Column(
            macs,
            f"multiply-adds of convolutions and matrix products {at}, {'T' if paper else 'G'} for "
            f"10^{12 if paper else 9}; spikejax.metrics.multiply_adds",
            2,
        ),
    ]
    if not paper:
        legend = f"latency {at}, median of synchronised calls"
        columns.append(Column("ms", f"{legend} on {device}; spikejax.metrics.latency", 1))
    return columns


def _column(metric: Metric) -> Column:
    legend = metric.legend + ("; higher is better" if metric.higher else "; lower is better")
    return Column(metric.name, legend, metric.digits)


def _cell(column: str, label: str, summary: Summary, costs: Mapping[str, Cost]) -> Cell:
    if column not in _UNITS:
        estimate = summary.estimate(label, column)
        if estimate is None:
            return Cell()
        return Cell(estimate.mean, (estimate.high - estimate.low) / 2)
    cost = costs.get(label)
    if cost is None:
        return Cell()
    value = {
        "parameters M": cost.parameters,
        "memory G": cost.memory_bytes,
        "MACs T": cost.multiply_adds,
        "MACs G": cost.multiply_adds,
        "ms": cost.latency_s,
    }[column]
    return Cell(None if value is None else value * _UNITS[column])


def _shortfalls(
    candidates: Sequence[Candidate], metrics: Sequence[Metric], summary: Summary
) -> list[str]:
    """Explains scores that are missing, or that are means over fewer images than others."""
    notes = []
    for metric in metrics:
        if metric.missing is not None:
            notes.append(f"{metric.name} is -, because {metric.missing}".rstrip("."))
            continue
        estimates = [summary.estimate(c.label, metric.name) for c in candidates]
        least = min(0 if estimate is None else estimate.count for estimate in estimates)
        most = max(summary.images(c.label) for c in candidates)
        if least < most:
            shorter, longer = metric.smallest
            notes.append(
                f"{metric.name} is of {least} of {most} images: the others are smaller than "
                f"{shorter}x{longer} or have no structure to measure"
            )
    return notes
