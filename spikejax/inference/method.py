"""`Method`: one way to make images from spikes."""

import dataclasses
from collections.abc import Callable
from typing import Any, Protocol

import jax
import numpy as np

from spikejax.inference.source import Source
from spikejax.inference.windows import Pairs


class Driver(Protocol):
    """Makes the images of ascending centres."""

    def __call__(
        self, source: Source, centres: np.ndarray, batch_size: int, *, gain: float
    ) -> Pairs:
        """Yields each centre with its image (H, W) float32, intensity at this gain."""


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Method:
    """One way to make images from spikes.

    Attributes:
        name: 'tfp', 'stir', ...
        label: name in pictures and tables.
        caption: the label with what has to be said about the method below a picture.
        window: readouts around the centre that an image needs; it decides the default centres.
        reach: how far, in pixels, an input pixel can change the image; None if everywhere.
        stateful: whether images depend on those before them, so that an image cannot be made in
            tiles that forget the state.
        batch_size: images per batch by default.
        images: (source, ascending centres (K,), batch size, gain=...) -> pairs of centre and image.
        call: (variables, spikes (B, window, H, W)) -> images of whole windows, to measure its cost.
        variables: of a network; None for a classical method.
    """

    name: str
    label: str
    caption: str
    window: int
    reach: int | None
    stateful: bool
    batch_size: int
    images: Driver
    call: Callable[[Any, jax.Array], jax.Array]
    variables: Any = None
