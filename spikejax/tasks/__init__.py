"""What can be trained, by name: `create(config)` gives a `Task` of pure functions."""

from spikejax.tasks import bsn, ldn, lrn, sr, stir
from spikejax.tasks.task import Batch, Scalars, Task, Variables, create, names, register

__all__ = [
    "Batch",
    "Scalars",
    "Task",
    "Variables",
    "bsn",
    "create",
    "ldn",
    "lrn",
    "names",
    "register",
    "sr",
    "stir",
]
