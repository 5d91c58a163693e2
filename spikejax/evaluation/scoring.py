"""Scores of methods on samples, computed one image at a time."""

import dataclasses
import math
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from spikejax.evaluation.candidates import Candidate
from spikejax.evaluation.samples import Sample
from spikejax.metrics import Estimate, Metric, Scores


@dataclasses.dataclass(frozen=True)
class Score:
    """The scores of one method's image of one sample.

    Attributes:
        sample: name of the sample.
        centre: the readout.
        method: label of the candidate.
        values: scores by the name of the metric; NaN if the metric is not defined for the image.
        image: (H, W) float32 in [0, 1], the image that was scored.
        truth: (H, W) float32 in [0, 1], the true image.
    """

    sample: str
    centre: int
    method: str
    values: dict[str, float]
    image: np.ndarray = dataclasses.field(repr=False)
    truth: np.ndarray = dataclasses.field(repr=False)

    @property
    def name(self) -> str:
        """Name of the image, unique over the data: 'clip3@150'."""
        return f"{self.sample}@{self.centre}"


MoreScores = Callable[[np.ndarray, np.ndarray, float], dict[str, float]]
"""(image, truth, gain) -> scores by name."""


def score_samples(
    samples: Iterable[Sample],
    candidates: Sequence[Candidate],
    metrics: Sequence[Metric],
    *,
    more: MoreScores | None = None,
) -> Iterator[Score]:
    """Scores every candidate on every sample, in constant memory.

    An image is clipped to [0, 1] before it is scored: true images lie there, and so do files.

    Args:
        samples: taken one after another; a generator can open each one when its turn comes.
        candidates: the methods.
        metrics: those whose weights or model are missing are left out.
        more: function of further scores; None for none.

    Yields:
        One score per sample and candidate, sample by sample.

    Raises:
        ValueError: if two candidates have one label, two samples have one name, or a sample does
            not fit.
    """
    labels = [candidate.label for candidate in candidates]
    for label in labels:
        if labels.count(label) > 1:
            raise ValueError(f"two of the methods are called {label!r}")
    seen = set()
    for sample in samples:
        if (sample.name, sample.centre) in seen:
            raise ValueError(f"two samples are called {sample.name!r}")
        seen.add((sample.name, sample.centre))
        for candidate in candidates:
            image = candidate.reconstruct(sample.recording, sample.centre)
            image = np.clip(image, 0.0, 1.0)
            values = {
                metric.name: metric(image, sample.truth)
                for metric in metrics
                if metric.missing is None
            }
            if more is not None:
                values |= more(image, sample.truth, sample.recording.gain)
            yield Score(sample.name, sample.centre, candidate.label, values, image, sample.truth)


class Summary:
    """The scores of every method over all images; NaN scores do not count.

    Each process, or shard, adds the scores of its samples; `merge` and `gathered` join them.
    """

    def __init__(self, methods: Iterable[str]) -> None:
        """Starts without scores.

        Args:
            methods: the candidates' labels.
        """
        self.scores = {method: Scores() for method in methods}

    def add(self, score: Score) -> None:
        """Adds the scores of one image."""
        numbers = {name: [x] for name, x in score.values.items() if not math.isnan(x)}
        self.scores[score.method].add([score.name], **numbers)

    def merge(self, other: "Summary") -> "Summary":
        """Returns these scores together with those of the same methods on other samples."""
        return self._of({m: scores.merge(other.scores[m]) for m, scores in self.scores.items()})

    def gathered(self) -> "Summary":
        """Returns the scores of all JAX processes; every process must call it."""
        return self._of({m: scores.gathered() for m, scores in self.scores.items()})

    def _of(self, scores: dict[str, Scores]) -> "Summary":
        summary = Summary(())
        summary.scores = scores
        return summary

    def estimate(self, method: str, metric: str) -> Estimate | None:
        """Returns the mean score over the images of a method; None if no image has a score."""
        return self.scores[method].compute().get(metric) if method in self.scores else None

    def images(self, method: str) -> int:
        """Returns the number of images of a method that were scored."""
        return len(self.scores[method].images)

    def rows(self) -> Iterator[tuple[str, str, dict[str, float]]]:
        """Yields the name, method and scores of every image, in the order of the names."""
        images = sorted({image for scores in self.scores.values() for image in scores.images})
        for image in images:
            for method, scores in self.scores.items():
                if (values := scores.values(image)) is not None:
                    yield image, method, values
