"""Distribution of computations over devices and processes."""

from spikejax.parallel.devices import AXIS, Parallel, create, single
from spikejax.parallel.processes import join_processes

__all__ = ["AXIS", "Parallel", "create", "join_processes", "single"]
