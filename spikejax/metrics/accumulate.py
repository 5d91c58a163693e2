"""Mean scores over images, accumulated over batches, shards of a dataset, and processes.

The score of every image is kept. The result therefore does not depend, in any bit, on how the
images are distributed, and has a confidence interval. `moments` keeps only three numbers.
"""

import dataclasses
import json
import math
from collections.abc import Iterable, Mapping
from typing import Any, Literal

import jax
import numpy as np

_ROUNDING = 1e-4  # relative difference of an image's scores that its batches may cause


@dataclasses.dataclass(frozen=True)
class Estimate:
    """A mean score over images, with its confidence interval.

    Attributes:
        mean: mean over the images.
        deviation: standard deviation of the images (N - 1); NaN for one image.
        count: number of images.
        low: lower end of the confidence interval of the mean; NaN for one image.
        high: upper end of the confidence interval.
    """

    mean: float
    deviation: float
    count: int
    low: float
    high: float


class Scores:
    """One score per image and metric, by the name of the image.

    Each process, or shard, adds the scores of its images. `merge` joins two of them, `gathered`
    those of all JAX processes. An image may be added more than once, for example if the last batch
    is filled up. It counts once, with the lower of scores that differ by rounding.
    """

    def __init__(self, values: Mapping[str, Mapping[str, float]] | None = None) -> None:
        """Starts with {image: {metric: score}}, or without scores."""
        self._values: dict[str, dict[str, float]] = {}
        for image, scores in (values or {}).items():
            self._put(str(image), scores)

    def add(self, images: Iterable[str], **scores: Any) -> None:
        """Adds the scores of a batch.

        Args:
            images: B names, unique over the dataset, such as 'clip3/0041'.
            **scores: B scores by the name of the metric; JAX arrays are copied to the host.

        Raises:
            ValueError: if the number of scores is not B, or an image already has another score.
        """
        images = list(images)
        columns = {name: np.asarray(column) for name, column in scores.items()}
        for name, column in columns.items():
            if column.shape != (len(images),):
                raise ValueError(
                    f"Scores.add: expected {len(images)} numbers of {name!r}, got {column.shape}"
                )
        for index, image in enumerate(images):
            self._put(image, {name: column[index] for name, column in columns.items()})

    def merge(self, other: "Scores") -> "Scores":
        """Joins two sets of scores into a new one.

        Args:
            other: scores of other images, of other metrics, or the same scores.

        Returns:
            All scores.

        Raises:
            ValueError: if an image has two different scores.
        """
        joined = Scores(self._values)
        for image, scores in other._values.items():
            joined._put(image, scores)
        return joined

    def _put(self, image: str, scores: Mapping[str, Any]) -> None:
        known = self._values.setdefault(image, {})
        for metric, score in ((str(name), float(value)) for name, value in scores.items()):
            before = known.get(metric, score)
            if not np.isclose(before, score, rtol=_ROUNDING, atol=_ROUNDING, equal_nan=True):
                raise ValueError(
                    f"Scores: image {image!r} has two values of {metric!r}, {before} and {score}"
                )
            known[metric] = min(before, score)

    def gathered(self) -> "Scores":
        """Joins the scores of all JAX processes; every process must call it.

        Returns:
            The scores of all processes; these scores if there is one process.

        Raises:
            ValueError: if an image has two different scores.
        """
        if jax.process_count() == 1:
            return self
        from jax.experimental import multihost_utils

        own = np.frombuffer(self.to_json().encode(), np.uint8)
        lengths = np.ravel(multihost_utils.process_allgather(np.asarray(own.size, np.int32)))
        padded = np.zeros(lengths.max(), np.uint8)
        padded[: own.size] = own
        everything = np.reshape(multihost_utils.process_allgather(padded), (len(lengths), -1))
        joined = Scores()
        for row, length in zip(everything, lengths, strict=True):
            joined = joined.merge(Scores.from_json(row[:length].tobytes().decode()))
        return joined

    def to_json(self) -> str:
        """Returns the scores as text without loss; `from_json` reads it."""
        return json.dumps(self._values, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "Scores":
        """Reads the text of `to_json`.

        Args:
            text: {image: {metric: score}} in JSON.

        Returns:
            The scores.

        Raises:
            ValueError: if the text is anything else.
        """
        try:
            return cls(json.loads(text))
        except (AttributeError, TypeError, ValueError) as error:
            raise ValueError(f"Scores.from_json: not the scores of images: {error}") from None

    @property
    def images(self) -> tuple[str, ...]:
        """Names of the images, sorted."""
        return tuple(sorted(self._values))

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of the metrics, sorted."""
        return tuple(sorted({name for scores in self._values.values() for name in scores}))

    def values(self, image: str) -> dict[str, float] | None:
        """Returns the scores of one image by metric; None if there is no such image."""
        scores = self._values.get(image)
        return None if scores is None else dict(scores)

    def of(self, metric: str) -> np.ndarray:
        """Returns the scores by one metric, in the order of the images' names, float64.

        Raises:
            ValueError: if there are none.
        """
        rows = (self._values[image] for image in self.images)
        scores = np.array([row[metric] for row in rows if metric in row])
        if not scores.size:
            raise ValueError(
                f"Scores: no image has {metric!r}; there are {', '.join(self.metrics) or 'none'}"
            )
        return scores

    def compute(
        self,
        *,
        confidence: float = 0.95,
        method: Literal["student", "bootstrap"] = "student",
        resamples: int = 10_000,
    ) -> dict[str, Estimate]:
        """Averages the scores by each metric over the images, with confidence intervals.

        Both kinds of interval assume that the images are independent. Frames of one clip are
        similar, so the intervals are too narrow for data of few clips.

        Args:
            confidence: probability that such an interval contains the true mean, between 0 and 1.
            method: 'student', mean +- t s / sqrt(N) with Student's t of N - 1 degrees of freedom,
                for scores that are about normal; 'bootstrap', the percentiles of the means of
                resampled images (B. Efron, 1979), for other scores of at least a few dozen images.
                It is seeded: the same scores give the same interval.
            resamples: number of draws of 'bootstrap'.

        Returns:
            An `Estimate` for each metric, by name. If a score is infinite, as the PSNR of an exact
            reconstruction, the mean is infinite and the interval NaN.

        Raises:
            ValueError: if the confidence or the method is invalid.
        """
        if not 0 < confidence < 1:
            raise ValueError(f"Scores.compute: confidence is between 0 and 1, got {confidence}")
        if method not in ("student", "bootstrap"):
            raise ValueError(f"Scores.compute: method is 'student' or 'bootstrap', got {method!r}")
        if resamples < 1:
            raise ValueError(f"Scores.compute: resamples is at least 1, got {resamples}")
        return {
            name: _estimate(self.of(name), confidence, None if method == "student" else resamples)
            for name in self.metrics
        }


def _estimate(values: np.ndarray, confidence: float, resamples: int | None) -> Estimate:
    count, mean = len(values), math.fsum(values) / len(values)
    if count == 1 or not math.isfinite(mean):
        return Estimate(mean, math.nan, count, math.nan, math.nan)
    deviation = math.sqrt(math.fsum((values - mean) ** 2) / (count - 1))
    if resamples is None:
        from scipy import special  # slow to import

        reach = special.stdtrit(count - 1, (1 + confidence) / 2) * deviation / math.sqrt(count)
        return Estimate(mean, deviation, count, mean - reach, mean + reach)
    generator = np.random.default_rng(0)
    means = np.array([generator.choice(values, count).mean() for _ in range(resamples)])
    low, high = np.quantile(means, ((1 - confidence) / 2, (1 + confidence) / 2))
    return Estimate(mean, deviation, count, float(low), float(high))
