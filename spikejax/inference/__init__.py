"""Recordings to images: the plan, the methods, the drivers over time, tiles over space."""

from spikejax.inference.classical_methods import CLASSICAL
from spikejax.inference.export import export_network, load_exported, save_exported
from spikejax.inference.method import Method
from spikejax.inference.methods import (
    available_methods,
    create_method,
    default_method,
    describe,
    is_classical,
    method_names,
    network_names,
)
from spikejax.inference.plan import Images, Plan, plan
from spikejax.inference.reconstruction import reconstruct

__all__ = [
    "CLASSICAL",
    "Images",
    "Method",
    "Plan",
    "available_methods",
    "create_method",
    "default_method",
    "describe",
    "export_network",
    "is_classical",
    "load_exported",
    "method_names",
    "network_names",
    "plan",
    "reconstruct",
    "save_exported",
]
