"""The registry of the metrics that evaluations compute and show in their tables."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from spikejax.registry import Registry


@dataclasses.dataclass(frozen=True)
class Metric:
    """A metric of an image (H, W) in [0, 1], against the true image (H, W) or without one.

    Attributes:
        name: the heading of its column, with the preset if there are several: 'SSIM matlab'.
        legend: the exact definition, and the function that computes it.
        digits: number of decimals to print.
        higher: whether a higher score is better.
        function: (image, truth) -> score.
        order: position among the columns; ascending.
        smallest: shorter and longer side of the smallest image that the metric is defined for.
        missing: what has to be installed or downloaded to compute it; None if nothing is missing.
        in_paper: whether the table in the layout of STIR's paper has a column for it.
    """

    name: str
    legend: str
    digits: int
    higher: bool
    function: Callable[[np.ndarray, np.ndarray], Any]
    order: int = 1000
    smallest: tuple[int, int] = (1, 1)
    missing: str | None = None
    in_paper: bool = True

    def __call__(self, image: np.ndarray, truth: np.ndarray) -> float:
        """Returns the score; NaN for an image that is too small."""
        if min(image.shape) < self.smallest[0] or max(image.shape) < self.smallest[1]:
            return float("nan")
        return float(self.function(image, truth))


_METRICS: Registry[Callable[[], Metric]] = Registry("metric")

register = _METRICS.register
"""Decorator `@register(name)` of a function () -> `Metric`, called when a table is made."""


def table_metrics() -> tuple[Metric, ...]:
    """Returns the registered metrics, in the order of their columns.

    A metric whose weights or model are not installed says in `missing` what to get.
    """
    metrics = [_METRICS[name]() for name in _METRICS.names()]
    return tuple(sorted(metrics, key=lambda metric: metric.order))
