"""Trunks with the names and shapes of torchvision and weights from `synthetic_weights`."""

import functools

from synthetic_weights import fill

from spikejax import weights
from spikejax.models import trunks


def state_dict(name, classifier=False):
    """Returns a state dict like torchvision's; `classifier` adds an array from after the trunk."""
    state = {}
    for index, layer in enumerate(trunks.LAYERS[name]):
        if isinstance(layer, trunks.Conv):
            shape = (layer.features, layer.inputs, layer.size, layer.size)
            for key, size in (("weight", shape), ("bias", shape[:1])):
                full = f"features.{index}.{key}"
                state[full] = fill(full, size)
    if classifier:
        state["classifier.0.weight"] = fill("classifier.0.weight", (5, 7))
    return state


@functools.cache
def params(name):
    return weights.convert_trunk(name, state_dict(name))
