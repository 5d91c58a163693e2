"""Synthetic weights for a PyTorch state dict, reproducible from names and shapes only.

The reference numbers in `golden/` come from these weights, with seed 0.
"""

import json
import zlib
from pathlib import Path

import numpy as np

SHAPES = json.loads((Path(__file__).parents[1] / "golden" / "state_dict_shapes.json").read_text())


def fill(name, shape, seed=0):
    r = np.random.RandomState((zlib.crc32(name.encode()) + 7919 * seed) % 2**32)
    leaf = name.rsplit(".", 1)[-1]
    shape = tuple(shape)
    if leaf == "num_batches_tracked":
        return np.zeros(shape, np.int64)
    if leaf == "running_var":
        return r.uniform(0.5, 1.5, shape).astype(np.float32)
    if leaf == "running_mean":
        return r.normal(0, 0.1, shape).astype(np.float32)
    if leaf.startswith("temperature"):
        return r.uniform(0.5, 2.0, shape).astype(np.float32)
    if leaf == "bias":
        return r.normal(0, 0.05, shape).astype(np.float32)
    if len(shape) <= 1:
        return r.uniform(0.1, 0.9, shape).astype(np.float32)
    fan_in = int(np.prod(shape[1:]))
    return (r.normal(0, 1, shape) * np.sqrt(1.6 / fan_in)).astype(np.float32)


def state_dict(spec, seed=0):
    out = {k: fill(k, s, seed) for k, s in spec.items()}
    for name, value in out.items():
        if "predict_img" in name:  # the last output channel is an image, kept near [0, 1]
            value[-1] = value[-1] * 0.08 if value.ndim > 1 else 0.5
    return out
