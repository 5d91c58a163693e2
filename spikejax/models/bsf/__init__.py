"""BSF: the network, its intervals, and the names of its published weights."""

from spikejax.models.bsf.intervals import (
    Convention,
    IntervalSums,
    interval_sums,
    spike_intervals,
)
from spikejax.models.bsf.network import (
    BLOCK,
    BSF,
    MULTIPLE,
    WINDOW,
    apply_to_intervals,
    create,
    split_blocks,
)

__all__ = [
    "BLOCK",
    "BSF",
    "MULTIPLE",
    "WINDOW",
    "Convention",
    "IntervalSums",
    "apply_to_intervals",
    "create",
    "interval_sums",
    "spike_intervals",
    "split_blocks",
]
