"""A table of numbers with their intervals and legend, as Markdown, CSV and LaTeX."""

import csv
import dataclasses
import io
import math
from collections.abc import Sequence

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
    """A number, or none.

    Attributes:
        value: None or NaN is shown as '-'.
        half: half the width of its confidence interval; None or NaN if it has none.
    """

    value: float | None = None
    half: float | None = None

    def text(self, digits: int, joint: str) -> str:
        """As it is printed: '25.35 ± 0.12'."""
        if self.value is None or math.isnan(self.value):
            return "-"
        shown = f"{self.value:.{digits}f}"
        if self.half is None or math.isnan(self.half):
            return shown
        return f"{shown}{joint}{self.half:.{digits}f}"


@dataclasses.dataclass(frozen=True)
class Column:
    """One kind of number.

    Attributes:
        name: its heading.
        legend: what it is and who computed it.
        digits: after the point.
    """

    name: str
    legend: str
    digits: int


@dataclasses.dataclass(frozen=True)
class Table:
    """Methods and their numbers.

    Attributes:
        title: what was measured on which data.
        columns: the numbers' kinds.
        rows: a method and its cells, one a column.
        notes: what else has to be said.
    """

    title: str
    columns: Sequence[Column]
    rows: Sequence[tuple[str, Sequence[Cell]]]
    notes: Sequence[str] = ()

    def legend(self) -> list[str]:
        """A line a column, then the notes."""
        return [*(f"{c.name}: {c.legend}." for c in self.columns), *(f"{n}." for n in self.notes)]

    def lines(self) -> list[list[str]]:
        """The heading and the rows as they are printed."""
        return [["method", *(c.name for c in self.columns)], *self._texts(" ± ")]

    def markdown(self) -> str:
        """The table, aligned for terminals too, with title and legend."""
        lines = [[text.replace("|", r"\|") for text in line] for line in self.lines()]
        widths = [max(map(len, texts)) for texts in zip(*lines, strict=True)]
        ruler = ["-" * widths[0], *("-" * (w - 1) + ":" for w in widths[1:])]
        lines.insert(1, ruler)
        shown = [_line(line, widths) for line in lines]
        return "\n".join([self.title, "", *shown, "", *(f"* {x}" for x in self.legend()), ""])

    def csv(self) -> str:
        """A row a method: each number in full, then half the width of its interval."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        names = [name for c in self.columns for name in (c.name, f"{c.name} +-")]
        writer.writerow(["method", *names])
        for label, cells in self.rows:
            numbers = [number for cell in cells for number in (cell.value, cell.half)]
            writer.writerow([label, *(_exact(number) for number in numbers)])
        return out.getvalue()

    def latex(self) -> str:
        """A table environment; it needs the package booktabs."""
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
