"""How the published weights of each network are named: one file a network."""

from collections.abc import Mapping

from spikejax.weights.tables import bsn, edsr, ldn, lrn, stir
from spikejax.weights.tables.table import Entry, Table, counters, entries

TABLES: Mapping[str, Table] = {
    "bsn": bsn.TABLE,
    "edsr": edsr.TABLE,
    "ldn": ldn.TABLE,
    "lrn": lrn.TABLE,
    "stir": stir.TABLE,
}

__all__ = ["TABLES", "Entry", "Table", "counters", "entries"]
