"""Datasets: procedural scenes, published recordings and the training input pipeline."""

from spikejax.datasets.batch import Batch, spikes_of
from spikejax.datasets.defaults import data_defaults, is_drawn
from spikejax.datasets.loading.batches import Batches, batches
from spikejax.datasets.procedural.demo_scene import demo_scene
from spikejax.datasets.procedural.moving_photograph import (
    MovingFrames,
    expose_and_spike,
    moving_photograph,
)
from spikejax.datasets.procedural.synthetic import SyntheticBatches, synthetic_batch
from spikejax.datasets.procedural.synthetic_options import SyntheticOptions
from spikejax.datasets.published.blur_pairs import BlurPair, find_blur_pairs
from spikejax.datasets.published.preparation import prepare_dataset

__all__ = [
    "Batch",
    "Batches",
    "BlurPair",
    "MovingFrames",
    "SyntheticBatches",
    "SyntheticOptions",
    "batches",
    "data_defaults",
    "demo_scene",
    "expose_and_spike",
    "find_blur_pairs",
    "is_drawn",
    "moving_photograph",
    "prepare_dataset",
    "spikes_of",
    "synthetic_batch",
]
