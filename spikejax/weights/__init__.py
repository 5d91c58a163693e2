"""Reading and writing of weights: PyTorch checkpoints, safetensors and bundled weights.

Files are not trusted. Reading a file runs no code in it. Any fault in a file raises a
`WeightsError` that names the fault and its place.
"""

from spikejax.weights.checks import check, trained_gain, without_constants
from spikejax.weights.convert import convertible, from_torch, to_torch
from spikejax.weights.errors import WeightsError
from spikejax.weights.safetensors_file import available, load, load_any, save
from spikejax.weights.sources import OF_RUN, SHIPPED, resolve
from spikejax.weights.torch_file import read_torch
from spikejax.weights.trunks import convert_trunk, save_trunk, trunk

__all__ = [
    "OF_RUN",
    "SHIPPED",
    "WeightsError",
    "available",
    "check",
    "convert_trunk",
    "convertible",
    "from_torch",
    "load",
    "load_any",
    "read_torch",
    "resolve",
    "save",
    "save_trunk",
    "to_torch",
    "trained_gain",
    "trunk",
    "without_constants",
]
