"""Evaluation of methods on data, from the description of the data to the table and the page."""

import csv
import dataclasses
import functools
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, get_args

import jax

from spikejax.evaluation.candidates import Candidate, Weights, make_candidates
from spikejax.evaluation.cost import Cost, measure_cost
from spikejax.evaluation.cost_comparison import method_cost
from spikejax.evaluation.data_spec import DataSpec
from spikejax.evaluation.light_levels import level_scores, level_table
from spikejax.evaluation.page import PAGE, Pictures
from spikejax.evaluation.published import PUBLISHED
from spikejax.evaluation.report import PAPER_SIZE, report
from spikejax.evaluation.samples import Sample, Samples
from spikejax.evaluation.scoring import MoreScores, Summary, score_samples
from spikejax.evaluation.table import Layout, Table
from spikejax.formats import replacing
from spikejax.inference import network_names
from spikejax.metrics import Metric, table_metrics

TABLES = ("table.md", "table.csv", "table.tex")
PER_IMAGE = "per_image.csv"
BY_RATE = "by_rate.csv"
FILES = (*TABLES, PER_IMAGE, PAGE)
"""The files that an evaluation writes; the pictures of the page are in a folder beside it."""

Progress = Callable[[Iterable[Any], str, int], Iterator[Any]]
"""(items, label, number of items) -> the items."""

_REPEATS = 5  # timed calls


def _silent(items: Iterable[Any], label: str, total: int) -> Iterator[Any]:
    return iter(items)


def evaluate(
    data: DataSpec | Samples | str | os.PathLike[str],
    methods: Iterable[str | Candidate] | None = None,
    *,
    weights: Weights | None = None,
    table: Layout = "plain",
    published: str | None = None,
    dtype: Any = None,
    out: str | os.PathLike[str] | None = None,
    pictures: int = 16,
    by_rate: bool = False,
    progress: Progress = _silent,
) -> Table:
    """Compares methods on recordings with true images: their scores, and what they cost.

    If JAX has several processes, each one must call this function. They share the samples; the
    first one measures the costs and writes the files.

    Args:
        data: a `DataSpec`; or its first field alone: a folder of recordings with true images, or
            'synthetic'; or `Samples`.
        methods: 'NAME', or 'NAME:WINDOW' such as 'tfp:21', or `Candidate`s; None for the classical
            methods and every network with weights.
        weights: weights of networks: {NAME: file, variables or a list of them}, or a sequence of
            'NAME=FILE'; None for those that ship.
        table: 'plain' for all columns, or 'paper' for the columns of STIR's table, with costs for
            images of 736x1280; without `methods`, networks without weights have costs alone.
        published: a key of `PUBLISHED`, whose results are appended to the table 'paper'; None for
            the key that belongs to the data, if that is known.
        dtype: type of the networks' activations; None for float32.
        out: folder for `FILES`, which is created if it is missing; None writes nothing. All
            processes must see the same folder.
        pictures: number of samples whose images the page shows.
        by_rate: whether the table has a second one, `table.by_rate`: the means and errors of the
            pixels of each level of light. It is also written to `out`, as `BY_RATE`.
        progress: function that reports progress, such as (items, label, total) -> items.

    Returns:
        The table. `table.markdown()` prints it. It has no costs in processes other than the first.

    Raises:
        ValueError: if an argument is wrong, or a sample does not fit; a message about an argument
            or a field of `DataSpec` starts with its name, 'weights: ...'.
        OSError: if a file is missing or cannot be read or written.
    """
    _check(table, published)
    samples = _opened(data)
    if published is not None and samples.identified and samples.published != published:
        raise ValueError(f"published: its numbers are not of {samples.title}")
    if table == "paper" and published is None and samples.published in PUBLISHED:
        published = samples.published
    candidates = make_candidates(methods, weights, dtype)
    if not candidates:
        raise ValueError("methods: expected at least one")
    # The published table has a row for every network, also for one without weights: its costs.
    absent = _without(candidates) if table == "paper" and methods is None else ()
    folder = None if out is None else Path(out)
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    paper = table == "paper"
    more = level_scores if by_rate else None
    return _run(samples, candidates, absent, folder, paper, published, pictures, more, progress)


def _without(candidates: Sequence[Candidate]) -> tuple[str, ...]:
    present = {candidate.name for candidate in candidates}
    return tuple(name for name in network_names() if name not in present)


def _check(table: str, published: str | None) -> None:
    if table not in get_args(Layout):
        raise ValueError(f"table: expected {' or '.join(get_args(Layout))}, got {table!r}")
    if published is None:
        return
    if published not in PUBLISHED:
        raise ValueError(f"published: there are {', '.join(PUBLISHED)}, got {published!r}")
    if table != "paper":
        raise ValueError("published: goes with the table 'paper' and the published dataset itself")


def _opened(data: DataSpec | Samples | str | os.PathLike[str]) -> Samples:
    if isinstance(data, Samples):
        return data
    return (data if isinstance(data, DataSpec) else DataSpec(os.fspath(data))).open()


def _run(
    samples: Samples,
    candidates: Sequence[Candidate],
    absent: Sequence[str],
    folder: Path | None,
    paper: bool,
    published: str | None,
    pictures: int,
    more: MoreScores | None,
    progress: Progress,
) -> Table:
    metrics = table_metrics()
    summary = Summary(candidate.label for candidate in candidates)
    index, processes = jax.process_index(), jax.process_count()
    numbers = range(index, samples.count, processes)
    size = (0, 0)

    def noting_size() -> Iterator[Sample]:
        nonlocal size
        for sample in samples.take(numbers):
            size = size if any(size) else sample.truth.shape
            yield sample

    first = index == 0
    with Pictures(folder, -(-pictures // processes), first=first) as images:
        scores = score_samples(noting_size(), candidates, metrics, more=more)
        for score in progress(scores, "evaluating", len(numbers) * len(candidates)):
            summary.add(score)
            images.add(score)
        summary = summary.gathered()
        cost_size = PAPER_SIZE if paper else size
        measurements: dict[str, Callable[[], Cost]] = {
            c.label: functools.partial(
                measure_cost, c, *cost_size, repeats=0 if paper else _REPEATS
            )
            for c in candidates
        }
        measurements |= {
            name: functools.partial(method_cost, name, size=cost_size) for name in absent
        }
        costs = {
            label: measurements[label]()
            for label in progress(measurements, "measuring costs", len(measurements))
            if first
        }
        table = report(
            samples.title,
            candidates,
            metrics,
            summary,
            costs,
            size=cost_size,
            paper=paper,
            published=None if published is None else PUBLISHED[published],
            absent=absent,
        )
        if more is not None:
            levels = level_table(samples.title, [c.label for c in candidates], summary)
            table = dataclasses.replace(table, by_rate=levels)
        if folder is not None and first:
            texts = (table.markdown(), table.csv(), table.latex())
            for name, text in zip(TABLES, texts, strict=True):
                _write(folder / name, text)
            if table.by_rate is not None:
                _write(folder / BY_RATE, table.by_rate.csv())
            _write_scores(folder / PER_IMAGE, summary, metrics)
            _write(folder / PAGE, images.page(table, summary, metrics))
    return table


def _write(path: Path, text: str) -> None:
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _write_scores(path: Path, summary: Summary, metrics: Sequence[Metric]) -> None:
    """Writes one row per image and method."""
    names = [metric.name for metric in metrics]
    with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["image", "centre", "method", *names])
        for image, method, scores in summary.rows():
            sample, _, centre = image.rpartition("@")
            numbers = [repr(scores[name]) if name in scores else "" for name in names]
            writer.writerow([sample, centre, method, *numbers])
