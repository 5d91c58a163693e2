"""Scenes and recordings to train on and to try things out with."""

from spikejax.datasets.batch import Batch, spikes_of
from spikejax.datasets.loading.batches import Batches, batches
from spikejax.datasets.procedural.demo_scene import demo_scene
from spikejax.datasets.procedural.moving_photograph import (
    MovingFrames,
    expose_and_spike,
    moving_photograph,
)
from spikejax.datasets.procedural.synthetic import (
    SyntheticBatches,
    SyntheticOptions,
    synthetic_batch,
)
from spikejax.datasets.published.blur_pairs import BlurPair, find_blur_pairs

__all__ = [
    "Batch",
    "Batches",
    "BlurPair",
    "MovingFrames",
    "SyntheticBatches",
    "SyntheticOptions",
    "batches",
    "demo_scene",
    "expose_and_spike",
    "find_blur_pairs",
    "moving_photograph",
    "spikes_of",
    "synthetic_batch",
]
