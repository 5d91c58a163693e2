"""Networks as pure functions: `create(name)` returns a `Model` with `init` and `apply`.

One file (or folder) per network; a new one is its file and its name in the next line.
"""

from spikejax.models import bsn, edsr, ldn, lrn, stir
from spikejax.models.importing import import_file
from spikejax.models.model import (
    Blocks,
    Model,
    Stream,
    TrainOutput,
    Variables,
    create,
    create_with_dtype,
    names,
    register,
)
from spikejax.models.name_table import NameTable

__all__ = [
    "Blocks",
    "Model",
    "NameTable",
    "Stream",
    "TrainOutput",
    "Variables",
    "bsn",
    "create",
    "create_with_dtype",
    "edsr",
    "import_file",
    "ldn",
    "lrn",
    "names",
    "register",
    "stir",
]
