"""Recordings to images: streaming over time, tiling over space."""

from spikejax.inference.methods import CLASSICAL, Method, create_method, method_names
from spikejax.inference.reconstruction import reconstruct

__all__ = ["CLASSICAL", "Method", "create_method", "method_names", "reconstruct"]
