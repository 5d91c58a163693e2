"""Recordings to images: streaming over time, tiling over space."""

from spikejax.inference.export import export_network, load_exported, save_exported
from spikejax.inference.methods import CLASSICAL, Method, create_method, method_names
from spikejax.inference.reconstruction import reconstruct

__all__ = [
    "CLASSICAL",
    "Method",
    "create_method",
    "export_network",
    "load_exported",
    "method_names",
    "reconstruct",
    "save_exported",
]
