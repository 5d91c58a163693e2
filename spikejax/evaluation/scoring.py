"""How good methods are on samples whose truth is known, one image at a time."""

import dataclasses
import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from spikejax.evaluation.metrics import Measure
from spikejax.formats import Recording
from spikejax.inference.methods import CLASSICAL, Method, create_method, load_weights, method_names
from spikejax.metrics import Estimate, Scores


@dataclasses.dataclass(frozen=True, eq=False)
class Sample:
    """A recording, and the true image of one of its readouts.

    Attributes:
        name: shown in tables.
        recording: spikes (T, H, W) and their gain.
        centre: the readout.
        truth: (H, W) float, intensity in [0, 1].
    """

    name: str
    recording: Recording
    centre: int
    truth: np.ndarray

    def __post_init__(self) -> None:
        readouts, *size = self.recording.shape
        if tuple(self.truth.shape) != tuple(size):
            found = "x".join(map(str, self.truth.shape))
            raise ValueError(
                f"{self.name}: the true image is {found}, the recording {size[0]}x{size[1]}"
            )
        if not 0 <= self.centre < readouts:
            raise ValueError(
                f"{self.name}: the true image is of readout {self.centre}, and the recording has "
                f"readouts 0 to {readouts - 1}"
            )


class Candidate:
    """A method that is compared, its weights loaded once.

    Attributes:
        name: the method, as `method_names` lists it.
        label: shown in tables.
        window: as for `reconstruct`, or None.
        weights: a network's variables; None for a classical method.
        origin: in words, where its weights are from; None for a classical method.
        dtype: of a network's activations, or None.
    """

    def __init__(
        self,
        name: str,
        *,
        label: str | None = None,
        weights: Any = None,
        window: int | None = None,
        dtype: Any = None,
        origin: str | None = None,
    ) -> None:
        """Loads the weights and checks that the options fit the method.

        Args:
            name: the method.
            label: None for its name.
            weights: of a network: variables, a file, or None for those that ship.
            window: of 'tfp' and 'tfi'.
            dtype: of a network's activations; None for float32.
            origin: in words, where its weights are from; None to tell by `weights`.

        Raises:
            ValueError: if there is no such method, or weights or window do not fit it.
        """
        self.name, self.label, self.window, self.dtype = name, label or name, window, dtype
        self.weights, self.origin = weights, None
        if name in method_names() and name not in CLASSICAL:
            self.weights = load_weights(name, weights)
            self.origin = origin or _origin(weights)
        self._method(1.0)
        self._methods: dict[float, Method] = {}

    def _method(self, gain: float) -> Method:
        return create_method(
            self.name,
            gain,
            weights_or_path=self.weights,
            window=self.window,
            dtype=self.dtype,
        )

    def reconstruct(self, recording: Recording, centre: int) -> np.ndarray:
        """Makes the image (H, W) of one readout, intensity, not clipped."""
        gain = recording.gain
        if gain not in self._methods:
            self._methods[gain] = self._method(gain)
        method = self._methods[gain]
        [(_, image)] = method.images(recording, np.array([centre]), 1)
        return image


def _origin(weights: Any) -> str:
    if weights is None:
        return "the weights that ship with spikejax"
    return f"weights {weights}" if isinstance(weights, str | Path) else "weights given as variables"


@dataclasses.dataclass(frozen=True)
class Score:
    """What one method's image of one sample is worth.

    Attributes:
        sample: the sample's name.
        centre: the readout.
        method: the candidate's label.
        values: by the measure's name; NaN where an image is too small for one, or has none.
        image: (H, W) float32 in [0, 1], what was scored.
        truth: (H, W) float32 in [0, 1], what it was held against.
    """

    sample: str
    centre: int
    method: str
    values: dict[str, float]
    image: np.ndarray = dataclasses.field(repr=False)
    truth: np.ndarray = dataclasses.field(repr=False)

    @property
    def name(self) -> str:
        """Of the image, unique over the data: 'clip3@150'."""
        return f"{self.sample}@{self.centre}"


def evaluate(
    samples: Iterable[Sample], candidates: Sequence[Candidate], measures: Sequence[Measure]
) -> Iterator[Score]:
    """Scores every candidate on every sample, in constant memory.

    An image is clipped to [0, 1] before it is scored: a truth lies there, and so does a file.

    Args:
        samples: taken one after another; a generator may open each when it is asked for.
        candidates: the methods.
        measures: what is measured; those that are not at hand are left out.

    Yields:
        A score a sample and candidate, sample by sample.

    Raises:
        ValueError: if two candidates have one label, or a sample does not fit.
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
                measure.name: measure(image, sample.truth)
                for measure in measures
                if measure.missing is None
            }
            yield Score(sample.name, sample.centre, candidate.label, values, image, sample.truth)


class Summary:
    """The scores of every method, gathered as they come; what is NaN does not count.

    A process, or a shard, adds the scores of its samples; `merge` and `gathered` join them.
    """

    def __init__(self, methods: Iterable[str]) -> None:
        """Takes the candidates' labels."""
        self.scores = {method: Scores() for method in methods}

    def add(self, score: Score) -> None:
        """Takes the values of one score in."""
        numbers = {name: [x] for name, x in score.values.items() if not math.isnan(x)}
        self.scores[score.method].add([score.name], **numbers)

    def merge(self, other: "Summary") -> "Summary":
        """Joins the scores of the same methods on other samples into a new summary."""
        return self._of({m: scores.merge(other.scores[m]) for m, scores in self.scores.items()})

    def gathered(self) -> "Summary":
        """Joins those of all JAX processes; every process must call it, and gets them all."""
        return self._of({m: scores.gathered() for m, scores in self.scores.items()})

    def _of(self, scores: dict[str, Scores]) -> "Summary":
        summary = Summary(())
        summary.scores = scores
        return summary

    def estimate(self, method: str, measure: str) -> Estimate | None:
        """The mean of a measure over the images of a method; None if none has it."""
        return self.scores[method].compute().get(measure)

    def images(self, method: str) -> int:
        """How many images of a method were scored."""
        return len(self.scores[method].images)

    def rows(self) -> Iterator[tuple[str, str, dict[str, float]]]:
        """Every image's name, method and values, by the image's name."""
        images = sorted({image for scores in self.scores.values() for image in scores.images})
        for image in images:
            for method, scores in self.scores.items():
                if (values := scores.values(image)) is not None:
                    yield image, method, values
