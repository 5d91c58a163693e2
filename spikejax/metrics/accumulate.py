"""Means over images, gathered piece by piece: over batches, shards of a dataset, and processes.

Every image's number is kept, so that the result does not depend, in any bit, on how the images were
spread, and so that it can say how certain the mean is. `moments` has what keeps three numbers only.
"""

import dataclasses
import json
import math
from collections.abc import Iterable, Mapping
from typing import Any, Literal

import jax
import numpy as np

_ROUNDING = 1e-4  # by how much, relatively, an image's score may depend on its batch


@dataclasses.dataclass(frozen=True)
class Estimate:
    """A mean over images, and how far it may be from that over all images of the kind.

    Attributes:
        mean: over the images.
        deviation: of the images around it (N - 1); NaN for one image.
        count: how many images.
        low: the lower end of the confidence interval; NaN for one image.
        high: its upper end.
    """

    mean: float
    deviation: float
    count: int
    low: float
    high: float


class Scores:
    """One number an image and measure, by the image's name.

    Every process, or shard, adds the scores of its images; `merge` joins two of them, `gathered`
    those of all JAX processes. The same image may come more than once, as it does where the last
    batch is filled up: it counts once, with the lower of scores that differ by rounding.
    """

    def __init__(self, values: Mapping[str, Mapping[str, float]] | None = None) -> None:
        """Takes {image: {measure: score}}, or nothing."""
        self._values: dict[str, dict[str, float]] = {}
        for image, scores in (values or {}).items():
            self._put(str(image), scores)

    def add(self, images: Iterable[str], **scores: Any) -> None:
        """Adds a batch.

        Args:
            images: B names, unique over the dataset, such as 'clip3/0041'.
            **scores: for each measure its name and B numbers; JAX arrays are brought to the host.

        Raises:
            ValueError: if there are not B numbers, or an image already has another score.
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
            other: of other images, of other measures, or the same again.

        Returns:
            All of them.

        Raises:
            ValueError: if an image has two different scores.
        """
        joined = Scores(self._values)
        for image, scores in other._values.items():
            joined._put(image, scores)
        return joined

    def _put(self, image: str, scores: Mapping[str, Any]) -> None:
        known = self._values.setdefault(image, {})
        for measure, score in ((str(name), float(value)) for name, value in scores.items()):
            before = known.get(measure, score)
            if not np.isclose(before, score, rtol=_ROUNDING, atol=_ROUNDING, equal_nan=True):
                raise ValueError(
                    f"Scores: image {image!r} has two values of {measure!r}, {before} and {score}"
                )
            known[measure] = min(before, score)

    def gathered(self) -> "Scores":
        """Joins the scores of all JAX processes; every process must call it, and gets them all.

        Returns:
            All of them; these, if there is one process.

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
        """Writes the scores as text, exactly; `from_json` reads them."""
        return json.dumps(self._values, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "Scores":
        """Reads what `to_json` wrote.

        Args:
            text: {image: {measure: score}} in JSON.

        Returns:
            The scores.

        Raises:
            ValueError: if it is anything else.
        """
        try:
            return cls(json.loads(text))
        except (AttributeError, TypeError, ValueError) as error:
            raise ValueError(f"Scores.from_json: not the scores of images: {error}") from None

    @property
    def images(self) -> tuple[str, ...]:
        """The images' names, sorted."""
        return tuple(sorted(self._values))

    @property
    def measures(self) -> tuple[str, ...]:
        """The measures' names, sorted."""
        return tuple(sorted({name for scores in self._values.values() for name in scores}))

    def values(self, image: str) -> dict[str, float] | None:
        """The scores of one image by measure; None if there is no such image."""
        found = self._values.get(image)
        return None if found is None else dict(found)

    def of(self, measure: str) -> np.ndarray:
        """The scores by one measure, in the order of the images' names, float64.

        Raises:
            ValueError: if there are none.
        """
        rows = (self._values[image] for image in self.images)
        found = np.array([scores[measure] for scores in rows if measure in scores])
        if not found.size:
            raise ValueError(
                f"Scores: no image has {measure!r}; there are {', '.join(self.measures) or 'none'}"
            )
        return found

    def compute(
        self,
        *,
        confidence: float = 0.95,
        method: Literal["student", "bootstrap"] = "student",
        resamples: int = 10_000,
    ) -> dict[str, Estimate]:
        """Averages each measure over the images, with confidence intervals.

        Both intervals take the images for independent draws: frames of one clip are alike, so that
        over few clips the truth is less certain than they say.

        Args:
            confidence: how often such intervals hold the true mean, between 0 and 1.
            method: 'student', mean +- t s / sqrt(N) with Student's t of N - 1 degrees of freedom,
                for scores that are about normal; 'bootstrap', the percentiles of the means of
                resampled images (B. Efron, 1979), for others, from a few dozen images on. It is
                seeded: the same scores give the same interval.
            resamples: how many of them 'bootstrap' draws.

        Returns:
            An `Estimate` for each measure, by name. Where a score is infinite, as the PSNR of an
            exact reconstruction, so is the mean, and the interval is NaN.

        Raises:
            ValueError: if the confidence or the method do not fit.
        """
        if not 0 < confidence < 1:
            raise ValueError(f"Scores.compute: confidence is between 0 and 1, got {confidence}")
        if method not in ("student", "bootstrap"):
            raise ValueError(f"Scores.compute: method is 'student' or 'bootstrap', got {method!r}")
        if resamples < 1:
            raise ValueError(f"Scores.compute: resamples is at least 1, got {resamples}")
        return {
            name: _estimate(self.of(name), confidence, None if method == "student" else resamples)
            for name in self.measures
        }


def _estimate(values: np.ndarray, confidence: float, resamples: int | None) -> Estimate:
    count, mean = len(values), math.fsum(values) / len(values)
    if count == 1 or not math.isfinite(mean):
        return Estimate(mean, math.nan, count, math.nan, math.nan)
    deviation = math.sqrt(math.fsum((values - mean) ** 2) / (count - 1))
    if resamples is None:
        from scipy import special  # JAX needs scipy too; it is slow to import

        reach = special.stdtrit(count - 1, (1 + confidence) / 2) * deviation / math.sqrt(count)
        return Estimate(mean, deviation, count, mean - reach, mean + reach)
    generator = np.random.default_rng(0)
    means = np.array([generator.choice(values, count).mean() for _ in range(resamples)])
    low, high = np.quantile(means, ((1 - confidence) / 2, (1 + confidence) / 2))
    return Estimate(mean, deviation, count, float(low), float(high))
