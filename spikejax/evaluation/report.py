"""From scores and costs to the table that is printed, plain or as in STIR's paper."""

from collections.abc import Mapping, Sequence

import jax
import numpy as np

from spikejax.evaluation.cost import Cost
from spikejax.evaluation.metrics import Measure
from spikejax.evaluation.published import Published
from spikejax.evaluation.scoring import Candidate, Summary
from spikejax.evaluation.table import Cell, Column, Table

PAPER_SIZE = (736, 1280)
"""Rows and columns at which the paper gives the costs."""

_UNITS = {"parameters M": 1e-6, "memory G": 1e-9, "MACs T": 1e-12, "MACs G": 1e-9, "ms": 1e3}


def report(
    title: str,
    candidates: Sequence[Candidate],
    measures: Sequence[Measure],
    summary: Summary,
    costs: Mapping[str, Cost],
    *,
    size: tuple[int, int],
    paper: bool = False,
    published: Published | None = None,
    notes: Sequence[str] = (),
) -> Table:
    """Makes the table of an evaluation.

    Args:
        title: what was measured on which data.
        candidates: the methods, in their order.
        measures: the measures, in their order.
        summary: the scores.
        costs: by the candidates' labels; what has none is shown as '-'.
        size: rows and columns that the costs are for.
        paper: whether the columns are those of STIR's table.
        published: rows to stand beside; None for none.
        notes: what else has to be said.
    """
    beside = () if published is None else published.columns
    if paper:
        measures = [m for m in measures if m.name != "SSIM skimage" or m.name in beside]
    kinds = {str(np.dtype(c.dtype)) for c in candidates if c.dtype is not None} or {"float32"}
    columns = [*_cost_columns(size, paper, " and ".join(sorted(kinds))), *map(_column, measures)]
    named = [column.name for column in columns]
    columns += [
        Column(name, "as published; not computed here", 3) for name in beside if name not in named
    ]
    rows = [
        (c.label, [_cell(column.name, c.label, summary, costs) for column in columns])
        for c in candidates
    ]
    if published is not None:
        for method, values in published.rows.items():
            found = dict(zip(published.columns, values, strict=True))
            rows.append((f"{method} (published)", [Cell(found.get(c.name)) for c in columns]))
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
        [_AFTER, *origins, *_shortfalls(candidates, measures, summary), *notes],
    )


_AFTER = (
    "After ±: half of the 95 % confidence interval of the mean over the images, Student's t. "
    "Images are clipped to [0, 1] before they are measured"
)


def _cost_columns(size: tuple[int, int], paper: bool, dtype: str) -> list[Column]:
    where = jax.devices()[0].device_kind
    at = f"of one image of {size[0]}x{size[1]} from its window (tfstp: of 41 readouts), {dtype}"
    macs = "MACs T" if paper else "MACs G"
    columns = [
        Column("parameters M", "millions that training changes; spikejax.metrics.parameters", 2),
        Column(
            "memory G",
            f"GB {at}: arguments, results and temporaries of the program that XLA makes for "
            f"{where}; spikejax.metrics.peak_memory",
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
        columns.append(Column("ms", f"{legend} on {where}; spikejax.metrics.latency", 1))
    return columns


def _column(measure: Measure) -> Column:
    legend = measure.legend + ("; higher is better" if measure.higher else "; lower is better")
    return Column(measure.name, legend, measure.digits)


def _cell(column: str, label: str, summary: Summary, costs: Mapping[str, Cost]) -> Cell:
    if column not in _UNITS:
        found = summary.estimate(label, column)
        return Cell() if found is None else Cell(found.mean, (found.high - found.low) / 2)
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
    candidates: Sequence[Candidate], measures: Sequence[Measure], summary: Summary
) -> list[str]:
    """Says why numbers are missing, or are of fewer images than others."""
    notes = []
    for measure in measures:
        if measure.missing is not None:
            notes.append(f"{measure.name} is -, because {measure.missing}".rstrip("."))
            continue
        found = [summary.estimate(c.label, measure.name) for c in candidates]
        least = min(0 if estimate is None else estimate.count for estimate in found)
        most = max(summary.images(c.label) for c in candidates)
        if least < most:
            shorter, longer = measure.smallest
            notes.append(
                f"{measure.name} is of {least} of {most} images: the others are smaller than "
                f"{shorter}x{longer} or have no structure to measure"
            )
    return notes
