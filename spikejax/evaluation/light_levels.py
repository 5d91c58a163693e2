"""Scores by the light of the pixels: whether an image is right where spikes are few."""

import itertools
import math
from collections.abc import Sequence

import numpy as np

from spikejax.evaluation.scoring import Summary
from spikejax.evaluation.table import Cell, Column, Table

EDGES = (0.0, 0.01, 0.03, 0.1, 0.3, math.inf)
"""Bounds of the levels, spikes per readout."""

_FEWEST = 64  # pixels of a level in an image, below which it has no scores there


def level_scores(image: np.ndarray, truth: np.ndarray, gain: float) -> dict[str, float]:
    """Scores an image on the pixels of each level of light.

    Args:
        image: (H, W) intensity.
        truth: (H, W) true intensity.
        gain: spikes per readout at intensity 1.

    Returns:
        By `names_of` each level: the mean of the image over that of the truth, and the root of the
        mean squared error over the mean of the truth. NaN for levels of fewer than 64 pixels.
    """
    rate = truth * gain
    result = {}
    for low, high in itertools.pairwise(EDGES):
        pixels = (low <= rate) & (rate < high)
        mean, error = names_of(low, high)
        light = float(truth[pixels].mean(dtype=np.float64)) if pixels.sum() >= _FEWEST else 0.0
        result[mean] = result[error] = math.nan
        if light > 0:
            squared = np.square(image[pixels] - truth[pixels], dtype=np.float64)
            result[mean] = float(image[pixels].mean(dtype=np.float64)) / light
            result[error] = math.sqrt(float(squared.mean())) / light
    return result


def names_of(low: float, high: float) -> tuple[str, str]:
    """Returns the names of the two scores of a level: its mean, and its error."""
    level = f"{low:g}-{high:g}" if high < math.inf else f">{low:g}"
    return f"mean {level}", f"error {level}"


def level_table(title: str, methods: Sequence[str], summary: Summary) -> Table:
    """Returns the table of the scores by level of light.

    Args:
        title: title, which names the data.
        methods: labels of the candidates, in the order of the rows.
        summary: scores that hold those of `level_scores`.
    """
    names = [names_of(*bounds) for bounds in itertools.pairwise(EDGES)]
    columns = [
        Column(name, legend, 3)
        for (low, high), (mean, error) in zip(itertools.pairwise(EDGES), names, strict=True)
        for name, legend in (
            (mean, f"mean of the image over that of the truth where {_where(low, high)}"),
            (
                error,
                f"root mean squared error over the mean of the truth where {_where(low, high)}",
            ),
        )
    ]
    rows = [(m, [_cell(summary, m, column.name) for column in columns]) for m in methods]
    return Table(f"By level of light: {title}", columns, rows)


def _where(low: float, high: float) -> str:
    if high == math.inf:
        return f"the true rate is above {low:g} spikes per readout"
    return f"the true rate is from {low:g} to {high:g} spikes per readout"


def _cell(summary: Summary, method: str, name: str) -> Cell:
    estimate = summary.estimate(method, name)
    if estimate is None:
        return Cell()
    return Cell(estimate.mean, (estimate.high - estimate.low) / 2)
