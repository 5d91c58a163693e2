"""STIR: the network, its encoder and decoder, and the names of its published weights."""

from spikejax.models.stir.network import (
    BLOCK,
    MULTIPLE,
    STIR,
    WINDOW,
    STIROutput,
    apply_with_pyramid,
    create,
    split_blocks,
)

__all__ = [
    "BLOCK",
    "MULTIPLE",
    "STIR",
    "WINDOW",
    "STIROutput",
    "apply_with_pyramid",
    "create",
    "split_blocks",
]
