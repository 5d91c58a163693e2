"""Networks as pure functions: `create(name)` returns a `Model` with `init` and `apply`.

One file (or folder) per network. The file registers it; a line here imports the file.
"""

from spikejax.models import bsf as bsf
from spikejax.models import bsn as bsn
from spikejax.models import edsr as edsr
from spikejax.models import etnet as etnet
from spikejax.models import hypere2vid as hypere2vid
from spikejax.models import ldn as ldn
from spikejax.models import lrn as lrn
from spikejax.models import spk2imgnet as spk2imgnet
from spikejax.models import ssir as ssir
from spikejax.models import stir as stir
from spikejax.models import wgse as wgse
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
    "create",
    "create_with_dtype",
    "import_file",
    "names",
    "register",
]
