"""Training of any task, on any number of devices, with runs that resume exactly."""

from spikejax.parallel.processes import join_processes
from spikejax.training.exporting import best_variables, export
from spikejax.training.loop import Interrupted, failed_late, train
from spikejax.training.results import NotFiniteError
from spikejax.training.settings import default_config, exposure_config
from spikejax.training.step import TrainState, TrainStep

__all__ = [
    "Interrupted",
    "NotFiniteError",
    "TrainState",
    "TrainStep",
    "best_variables",
    "default_config",
    "export",
    "exposure_config",
    "failed_late",
    "join_processes",
    "train",
]
