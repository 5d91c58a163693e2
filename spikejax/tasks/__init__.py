"""Training tasks by name: `create(config)` returns a `Task` of pure functions."""

from spikejax.tasks import bsn, edsr, ldn, reconstruction
from spikejax.tasks.exposures import defaults as exposure_defaults
from spikejax.tasks.names import BEFORE, model_of, task_of, upgrade
from spikejax.tasks.starting import initial_variables
from spikejax.tasks.task import Batch, Scalars, Task, Variables, create, names, register

__all__ = [
    "BEFORE",
    "Batch",
    "Scalars",
    "Task",
    "Variables",
    "bsn",
    "create",
    "edsr",
    "exposure_defaults",
    "initial_variables",
    "ldn",
    "model_of",
    "names",
    "reconstruction",
    "register",
    "task_of",
    "upgrade",
]
