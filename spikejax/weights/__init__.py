"""Weights in and out: published PyTorch checkpoints, safetensors, and those that ship.

Files are not trusted: reading one runs nothing in it, and whatever is wrong with it is one
`WeightsError` that says what and where.
"""

from spikejax.weights.checks import check, trained_gain
from spikejax.weights.convert import from_torch, to_torch
from spikejax.weights.errors import WeightsError
from spikejax.weights.safetensors_file import available, load, load_any, save
from spikejax.weights.torch_file import read_torch
from spikejax.weights.trunks import convert_trunk, save_trunk, trunk

__all__ = [
    "WeightsError",
    "available",
    "check",
    "convert_trunk",
    "from_torch",
    "load",
    "load_any",
    "read_torch",
    "save",
    "save_trunk",
    "to_torch",
    "trained_gain",
    "trunk",
]
