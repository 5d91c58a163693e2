"""Training: one loop for every task, on any number of devices, that can be ended at any moment."""

from spikejax.training.loop import NotFiniteError, train
from spikejax.training.settings import default_config
from spikejax.training.step import TrainState, TrainStep

__all__ = ["NotFiniteError", "TrainState", "TrainStep", "default_config", "train"]
