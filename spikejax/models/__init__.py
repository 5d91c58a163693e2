"""Networks as pure functions: `create(name)` gives `init(key)` and `apply(variables, *inputs)`."""

from spikejax.models import bsn, edsr, ldn, lrn, stir
from spikejax.models.model import Model, Variables, create, names

__all__ = ["Model", "Variables", "bsn", "create", "edsr", "ldn", "lrn", "names", "stir"]
