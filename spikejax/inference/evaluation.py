"""How good methods are on samples whose truth is known, one image at a time."""

import dataclasses
import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from spikejax.formats import Recording
from spikejax.inference.evaluation_measures import Measure
from spikejax.inference.methods import CLASSICAL, Method, create_method, load_weights, method_names


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
    """

    def __init__(
        self, name: str, *, label: str | None = None, weights: Any = None, window: int | None = None
    ) -> None:
        """Loads the weights and checks that the options fit the method.

        Args:
            name: the method.
            label: None for its name.
            weights: of a network: variables, a file, or None for those that ship.
            window: of 'tfp' and 'tfi'.

        Raises:
            ValueError: if there is no such method, or weights or window do not fit it.
        """
        self.name, self.label, self.window = name, label or name, window
        self.weights, self.origin = weights, None
        if name in method_names() and name not in CLASSICAL:
            self.weights = load_weights(name, weights)
            self.origin = _origin(weights)
        create_method(name, 1.0, weights_or_path=self.weights, window=window)
        self._methods: dict[float, Method] = {}

    def reconstruct(self, recording: Recording, centre: int) -> np.ndarray:
        """Makes the image (H, W) of one readout, intensity, not clipped."""
        gain = recording.gain
        if gain not in self._methods:
            self._methods[gain] = create_method(
                self.name, gain, weights_or_path=self.weights, window=self.window
            )
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
    """

    sample: str
    centre: int
    method: str
    values: dict[str, float]


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
    for sample in samples:
        for candidate in candidates:
            image = candidate.reconstruct(sample.recording, sample.centre)
            image = np.clip(image, 0.0, 1.0)
            values = {
                measure.name: measure(image, sample.truth)
                for measure in measures
                if measure.missing is None
            }
            yield Score(sample.name, sample.centre, candidate.label, values)


class Mean:
    """A running mean with its confidence interval; what is NaN does not count.

    Attributes:
        count: how many values there were.
        mean: of them; NaN for none.
    """

    def __init__(self) -> None:
        self.count = 0
        self.mean = math.nan
        self._squares = 0.0  # of the distances from the mean, summed

    def add(self, value: float) -> None:
        """Takes one value in (Welford's update, which cancels nothing)."""
        if math.isnan(value):
            return
        self.count += 1
        if self.count == 1:
            self.mean = value
            return
        difference = value - self.mean
        self.mean = self.mean + difference / self.count if math.isfinite(difference) else math.inf
        self._squares += difference * (value - self.mean)

    def interval(self, confidence: float = 0.95) -> float:
        """Half the width of the interval in which the true mean lies, by Student's t.

        It takes the images for independent and their scores for about normal. NaN for fewer than
        two values, or if one is infinite.
        """
        from scipy.special import stdtrit  # JAX needs scipy too

        if self.count < 2 or not math.isfinite(self.mean):
            return math.nan
        quantile = float(stdtrit(self.count - 1, (1 + confidence) / 2))
        return quantile * math.sqrt(self._squares / (self.count - 1) / self.count)


class Summary:
    """Means by method and measure, gathered as scores come."""

    def __init__(self) -> None:
        self._means: dict[tuple[str, str], Mean] = {}
        self._images: dict[str, int] = {}

    def add(self, score: Score) -> None:
        """Takes the values of one score in."""
        self._images[score.method] = self.images(score.method) + 1
        for name, value in score.values.items():
            self._means.setdefault((score.method, name), Mean()).add(value)

    def mean(self, method: str, measure: str) -> Mean:
        """The mean of a measure over the images of a method; an empty one if there are none."""
        return self._means.get((method, measure), Mean())

    def images(self, method: str) -> int:
        """How many images of a method were scored."""
        return self._images.get(method, 0)
