"""One evaluation from samples and methods to its table, its files and its page."""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import jax

from spikejax.evaluation.cost import measure_cost
from spikejax.evaluation.metrics import Measure, measures
from spikejax.evaluation.page import PAGE, Pictures
from spikejax.evaluation.published import PUBLISHED
from spikejax.evaluation.report import PAPER_SIZE, report
from spikejax.evaluation.samples import Samples
from spikejax.evaluation.scoring import Candidate, Sample, Summary, evaluate
from spikejax.evaluation.table import Table
from spikejax.formats import replacing

TABLES = ("table.md", "table.csv", "table.tex")
PER_IMAGE = "per_image.csv"
FILES = (*TABLES, PER_IMAGE, PAGE)
"""What an evaluation leaves in its folder, the pictures of the page in a folder beside it."""

Progress = Callable[[Iterable[Any], str, int], Iterator[Any]]

_REPEATS = 5  # calls that are timed


def run(
    samples: Samples,
    candidates: Sequence[Candidate],
    *,
    out: Path | None = None,
    paper: bool = False,
    published: str | None = None,
    pictures: int = 0,
    progress: Progress = lambda items, *_: iter(items),
) -> Table:
    """Scores methods on samples, and measures what they cost.

    Several JAX processes share the samples; every one of them must call it. The first measures the
    costs and writes the files.

    Args:
        samples: what is evaluated on.
        candidates: the methods.
        out: an existing folder for `FILES`; None writes nothing. All processes must see the same.
        paper: whether the table has the columns of STIR's.
        published: a key of `PUBLISHED`, to stand beside; None for none.
        pictures: of how many samples the page shows the images.
        progress: (items, what is done with them, how many) -> the items.

    Returns:
        The table; in all processes but the first, without costs.

    Raises:
        ValueError: if a sample does not fit, or two methods have one label.
    """
    found = measures()
    summary = Summary(candidate.label for candidate in candidates)
    index, processes = jax.process_index(), jax.process_count()
    numbers = range(index, samples.count, processes)
    size = (0, 0)

    def noting_size() -> Iterator[Sample]:
        nonlocal size
        for sample in samples.take(numbers):
            size = size if any(size) else sample.truth.shape
            yield sample

    with Pictures(out, -(-pictures // processes), first=index == 0) as shown:
        scores = evaluate(noting_size(), candidates, found)
        for score in progress(scores, "evaluating", len(numbers) * len(candidates)):
            summary.add(score)
            shown.add(score)
        summary = summary.gathered()
        first = index == 0
        at = PAPER_SIZE if paper else size
        costs = {
            candidate.label: measure_cost(candidate, *at, repeats=0 if paper else _REPEATS)
            for candidate in progress(candidates, "measuring costs", len(candidates))
            if first
        }
        table = report(
            samples.title,
            candidates,
            found,
            summary,
            costs,
            size=at,
            paper=paper,
            published=None if published is None else PUBLISHED[published],
        )
        if out is not None and first:
            texts = (table.markdown(), table.csv(), table.latex())
            for name, text in zip(TABLES, texts, strict=True):
                _write(out / name, text)
            _write_scores(out / PER_IMAGE, summary, found)
            _write(out / PAGE, shown.page(table, summary, found))
    return table


def _write(path: Path, text: str) -> None:
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _write_scores(path: Path, summary: Summary, found: Sequence[Measure]) -> None:
    """A row an image and method."""
    names = [measure.name for measure in found]
    with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["image", "centre", "method", *names])
        for image, method, values in summary.rows():
            sample, _, centre = image.rpartition("@")
            shown = [repr(values[name]) if name in values else "" for name in names]
            writer.writerow([sample, centre, method, *shown])
