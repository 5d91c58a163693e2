"""Training tasks by name: `create(config)` returns a `Task` of pure functions."""

from spikejax.tasks import bsn as bsn
from spikejax.tasks import edsr as edsr
from spikejax.tasks import ldn as ldn
from spikejax.tasks import reconstruction as reconstruction
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
    "create",
    "exposure_defaults",
    "initial_variables",
    "model_of",
    "names",
    "register",
    "task_of",
    "upgrade",
]
