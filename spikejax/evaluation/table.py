"""Tables of numbers with confidence intervals and a legend, as Markdown, CSV and LaTeX."""

import csv
import dataclasses
import io
import math
from collections.abc import Sequence
from typing import Literal

Layout = Literal["plain", "paper"]
"""All columns, or those of the table of STIR's paper."""

_LATEX = str.maketrans(
    {
        **{letter: f"\\{letter}" for letter in "&%$#_{}"},
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
    }
)


@dataclasses.dataclass(frozen=True)
class Cell:
    """A number with its confidence interval, or nothing.

    Attributes:
        value: None and NaN are shown as '-'.
        half: half the width of the confidence interval; None or NaN if there is none.
    """

    value: float | None = None
    half: float | None = None

    def text(self, digits: int, joint: str) -> str:
        """Returns the text to print: '25.35 ± 0.12'."""
        if self.value is None or math.isnan(self.value):
            return "-"
        number = f"{self.value:.{digits}f}"
        if self.half is None or math.isnan(self.half):
            return number
        return f"{number}{joint}{self.half:.{digits}f}"


@dataclasses.dataclass(frozen=True)
class Column:
    """A column of numbers.

    Attributes:
        name: heading.
        legend: definition of the numbers, and what computes them.
        digits: number of decimals to print.
    """

    name: str
    legend: str
    digits: int


@dataclasses.dataclass(frozen=True)
class Table:
    """Numbers of methods.

    Attributes:
        title: title, which names the data.
        columns: the columns.
        rows: methods with their cells, one per column.
        notes: remarks below the legend.
        by_rate: the same methods by level of light; None if that was not asked for.
    """

    title: str
    columns: Sequence[Column]
    rows: Sequence[tuple[str, Sequence[Cell]]]
    notes: Sequence[str] = ()
    by_rate: "Table | None" = None

    def legend(self) -> list[str]:
        """Returns one line per column, then the notes."""
        return [*(f"{c.name}: {c.legend}." for c in self.columns), *(f"{n}." for n in self.notes)]

    def lines(self) -> list[list[str]]:
        """Returns the heading and the rows as they are printed."""
        return [["method", *(c.name for c in self.columns)], *self._texts(" ± ")]

    def markdown(self) -> str:
        """Returns title, table and legend in Markdown, aligned so that a terminal shows it well."""
        lines = [[text.replace("|", r"\|") for text in line] for line in self.lines()]
        widths = [max(map(len, texts)) for texts in zip(*lines, strict=True)]
        ruler = ["-" * widths[0], *("-" * (w - 1) + ":" for w in widths[1:])]
        lines.insert(1, ruler)
        rows = [_line(line, widths) for line in lines]
        text = "\n".join([self.title, "", *rows, "", *(f"* {x}" for x in self.legend()), ""])
        return text if self.by_rate is None else f"{text}\n{self.by_rate.markdown()}"

    def csv(self) -> str:
        """Returns one row per method: each number in full, then half the width of its interval."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        names = [name for c in self.columns for name in (c.name, f"{c.name} +-")]
        writer.writerow(["method", *names])
        for label, cells in self.rows:
            numbers = [number for cell in cells for number in (cell.value, cell.half)]
            writer.writerow([label, *(_exact(number) for number in numbers)])
        return out.getvalue()

    def latex(self) -> str:
        """Returns a table environment, which needs the package booktabs."""
        rows = [
            " & ".join([text.translate(_LATEX).replace("+-", r"$\pm$") for text in line]) + r" \\"
            for line in self._texts(" +- ")
        ]
        heads = [c.name.translate(_LATEX) for c in self.columns]
        return "\n".join(
            [
                r"\begin{table}",
                r"\centering",
                rf"\caption{{{self.title.translate(_LATEX)}}}",
                rf"\begin{{tabular}}{{l{'r' * len(heads)}}}",
                r"\toprule",
                " & ".join(["method", *heads]) + r" \\",
                r"\midrule",
                *rows,
                r"\bottomrule",
                r"\end{tabular}",
                r"\par\footnotesize",
                *(line.translate(_LATEX) + r"\par" for line in self.legend()),
                r"\end{table}",
                "",
            ]
        )

    def _texts(self, joint: str) -> list[list[str]]:
        return [
            [label, *(x.text(c.digits, joint) for x, c in zip(cells, self.columns, strict=True))]
            for label, cells in self.rows
        ]


def _line(texts: Sequence[str], widths: Sequence[int]) -> str:
    first, *rest = (
        text.ljust(width) if n == 0 else text.rjust(width)
        for n, (text, width) in enumerate(zip(texts, widths, strict=True))
    )
    return "| " + " | ".join([first, *rest]) + " |"


def _exact(number: float | None) -> str:
    return "" if number is None or math.isnan(number) else repr(float(number))
