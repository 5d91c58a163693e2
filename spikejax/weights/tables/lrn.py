"""LRN ("base" in Spike-Zoo): five convolutions in a chain, ReLU between them."""

from spikejax.weights.tables.table import Table

# Implementations name the layers differently, and nest them differently; a chain leaves no doubt
# which is which, so they are taken in their order. The names here are those of a plain Sequential
# of convolutions and ReLUs, and are what an export uses.
TABLE = Table(
    rows=tuple((str(2 * index), "conv", f"conv{index + 1}") for index in range(5)),
    any_names=True,
)
