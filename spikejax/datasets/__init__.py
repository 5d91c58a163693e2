"""Scenes and recordings to train on and to try things out with."""

from spikejax.datasets.batch import Batch, spikes_of
from spikejax.datasets.batches import Batches, batches
from spikejax.datasets.blur_pairs import BlurPair, find_blur_pairs
from spikejax.datasets.demo_scene import demo_scene
from spikejax.datasets.moving_photograph import (
    MovingFrames,
    expose_and_spike,
    moving_photograph,
)
from spikejax.datasets.synthetic import SyntheticBatches, SyntheticOptions, synthetic_batch

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
