"""An HTML page that shows the images of all methods side by side, from files in its folder."""

import hashlib
import html
import importlib.resources
import re
import shutil
import string
import types
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from spikejax.evaluation.scoring import Score, Summary
from spikejax.evaluation.table import Table
from spikejax.formats import write_image
from spikejax.metrics import Metric

PAGE = "index.html"
PICTURES = "index_files"
"""The folder beside the page that holds its pictures."""

_TRUTH = "truth"
_PART = ".index_files.part"


class Pictures:
    """The pictures of an evaluation. Each is written when it is added; none are kept in memory.

    Use it in a `with` block. At its end the pictures replace earlier ones; if the block fails, they
    are removed.
    """

    def __init__(self, out: Path | None, samples: int, *, first: bool = True) -> None:
        """Prepares to write the pictures of the first samples.

        Args:
            out: folder of the page; None writes nothing.
            samples: number of samples whose images this process writes.
            first: whether this process moves all pictures to their place.
        """
        self._first = first
        self._out = out if samples else None
        self._left = samples
        self._current: str | None = None

    def __enter__(self) -> "Pictures":
        if self._out is not None:
            if self._first:  # a run that was killed leaves this folder
                shutil.rmtree(self._out / _PART, ignore_errors=True)
            _wait_for_all("old pictures removed")
            (self._out / _PART).mkdir(exist_ok=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: types.TracebackType | None,
    ) -> None:
        if self._out is None:
            return
        part = self._out / _PART
        if kind is not None:
            shutil.rmtree(part, ignore_errors=True)
            return
        if self._first:
            shutil.rmtree(self._out / PICTURES, ignore_errors=True)
            part.rename(self._out / PICTURES)

    def add(self, score: Score) -> None:
        """Writes the image of a method, and before the first one of a sample the true image."""
        if self._out is None:
            return
        if score.name != self._current:
            self._current = score.name
            self._left -= 1
            self._write(score.name, _TRUTH, score.truth)
        self._write(score.name, score.method, score.image)

    def _write(self, image: str, method: str, pixels: object) -> None:
        if self._left >= 0 and self._out is not None:
            write_image(self._out / _PART / file_of(image, method), pixels)

    def page(self, table: Table, summary: Summary, metrics: Sequence[Metric]) -> str:
        """Returns the text of the page, to be written beside the pictures.

        Args:
            table: the means.
            summary: the scores of all processes.
            metrics: the metrics, in the order of the columns.
        """
        template = importlib.resources.files("spikejax.evaluation").joinpath("page.html")
        return string.Template(template.read_text(encoding="utf-8")).substitute(
            title=html.escape(table.title),
            table="\n".join(_table(table)),
            legend="\n".join(f"<li>{html.escape(line)}</li>" for line in table.legend()),
            rows="\n".join(self._rows(summary, metrics)),
        )

    def _rows(self, summary: Summary, metrics: Sequence[Metric]) -> Iterator[str]:
        if self._out is None:
            return
        rows: dict[str, dict[str, dict[str, float]]] = {}
        for image, method, values in summary.rows():
            rows.setdefault(image, {})[method] = values
        for image, methods in rows.items():
            if not (self._out / _PART / file_of(image, _TRUTH)).exists():
                continue
            sample, _, centre = image.rpartition("@")
            heading = f"{html.escape(sample)} <small>readout {centre}</small>"
            yield f"<section class=row><h2>{heading}</h2><div class=images>"
            best = _best(methods, metrics)
            for method, values in methods.items():
                notes = (_note(m, values[m.name], best) for m in metrics if m.name in values)
                yield _figure(image, method, " ".join(notes))
            yield f"{_figure(image, _TRUTH, '')}</div></section>"


def _wait_for_all(point: str) -> None:
    """Waits until all processes reach this point."""
    import jax

    if jax.process_count() > 1:
        from jax.experimental import multihost_utils

        multihost_utils.sync_global_devices(point)


def file_of(image: str, method: str) -> str:
    """Returns the file name of a picture: legible, without special characters, and unique."""
    name = f"{image}_{method}"
    plain = re.sub(r"[^A-Za-z0-9.-]+", "_", name).strip(".")[:80]
    return f"{plain}_{hashlib.sha256(repr((image, method)).encode()).hexdigest()[:8]}.png"


def _figure(image: str, method: str, note: str) -> str:
    label = html.escape(method)
    source = f"{PICTURES}/{file_of(image, method)}"
    return (
        f'<figure data-method="{label}"><div class=view>'
        f'<img src="{source}" alt="{html.escape(image)}, {label}" loading=lazy draggable=false>'
        f"</div><figcaption><b>{label}</b> {note}</figcaption></figure>"
    )


def _best(
    methods: Mapping[str, Mapping[str, float]], metrics: Sequence[Metric]
) -> dict[str, float]:
    """Returns the best score by each metric under which the methods differ."""
    best = {}
    for metric in metrics:
        values = [scores[metric.name] for scores in methods.values() if metric.name in scores]
        if len(set(values)) > 1:
            best[metric.name] = max(values) if metric.higher else min(values)
    return best


def _note(metric: Metric, score: float, best: Mapping[str, float]) -> str:
    mark = " class=best" if best.get(metric.name) == score else ""
    return f"<span{mark}>{html.escape(metric.name)}&nbsp;{score:.{metric.digits}f}</span>"


def _table(table: Table) -> Iterator[str]:
    heads, *rows = ([html.escape(text) for text in line] for line in table.lines())
    yield f"<tr>{''.join(f'<th scope=col>{text}</th>' for text in heads)}</tr>"
    for label, *cells in rows:
        numbers = "".join(f"<td>{text}</td>" for text in cells)
        yield f"<tr><th scope=row>{label}</th>{numbers}</tr>"
