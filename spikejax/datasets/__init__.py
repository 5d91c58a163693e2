"""Scenes and recordings to train on and to try things out with."""

from spikejax.datasets.batch import Batch, spikes_of
from spikejax.datasets.batches import Batches, batches
from spikejax.datasets.demo_scene import demo_scene
from spikejax.datasets.synthetic import SyntheticBatches, SyntheticOptions, synthetic_batch

__all__ = [
    "Batch",
    "Batches",
    "SyntheticBatches",
    "SyntheticOptions",
    "batches",
    "demo_scene",
    "spikes_of",
    "synthetic_batch",
]
