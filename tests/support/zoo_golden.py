"""Weights and inputs of the reference numbers in `golden/zoo/`.

The weights are those of `synthetic_weights.fill`, seed 0, times a few factors, so that outputs are
neither dead nor saturated and neurons both fire and stay silent.
"""

import json
from pathlib import Path

import numpy as np
from synthetic_weights import fill

FOLDER = Path(__file__).parents[1] / "golden" / "zoo"
SHAPES = json.loads((FOLDER / "state_dict_shapes.json").read_text())

_NEURON_NORMS = (
    "static_conv.layer.1",
    "enc1.layer.1",
    "eres1.conv1.1",
    "eres1.conv2.1",
    "eres1.conv3.1",
    "dec3.layer.1",
)


def _times(factor):
    return lambda value: value * np.float32(factor)


def _constant(value):
    return lambda array: np.full_like(array, value)


def _ssir(key):
    owner, leaf = key.rsplit(".", 1)
    if owner in _NEURON_NORMS and leaf == "weight":
        return _times(4 if key.startswith(("static_conv", "enc1")) else 16)
    if owner in _NEURON_NORMS and leaf == "bias":
        return lambda value: value + np.float32(0.5)
    return _times(4) if key == "pred3.conv4.weight" else None


def _ssir_train(key):
    if key == "pred3.conv4.weight":
        return lambda value: value * np.float32(4) * np.float32(0.125)
    return _ssir(key)


def _wgse(key):
    if key == "tail.2.weight":
        return _times(0.6)
    if key == "tail.2.bias":
        return _constant(0.5)
    halved = key.startswith("resblocks.") and key.endswith("conv2.weight")
    return _times(0.5) if halved else None


def _spk2imgnet(key):
    if key.startswith("extractor.net.") and key.endswith("conv3.weight"):
        return _times(0.3)
    if key.endswith("conv_offset_mask.weight"):
        return _times(3)
    return {"rec_conv2.weight": _times(0.5), "rec_conv2.bias": _constant(0.3)}.get(key)


def _etnet(key):
    if key.endswith("recurrent_block.Gates.weight"):
        return _times(3)
    if key.startswith("DownsampleConv.") and key.endswith(".conv.conv2d.weight"):
        return _times(2)
    return {"pred.conv2d.weight": _times(0.5), "head.conv2d.weight": _times(2)}.get(key)


def _hypere2vid(key):
    if key.endswith("recurrent_block.Gates.weight"):
        return _times(3)
    if ".encoders." in key and key.endswith(".conv.conv2d.weight"):
        return _times(2)
    return {
        "unetrecurrent.pred.conv2d.weight": _times(0.6),
        "unetrecurrent.pred.conv2d.bias": _constant(0.3),
        "unetrecurrent.head.conv2d.weight": _times(2),
        "unetrecurrent.decoders.0.context_fusion.conv.weight": _times(2),
    }.get(key)


def _bsf(key):
    if key.startswith("encoder.") and key.endswith(".2.weight"):
        return _times(0.5)
    if key.startswith("align."):
        if key.endswith("offset_conv2_1.2.weight"):
            return _times(0.6)
        if key.startswith("align.conv_ds_") and key.endswith(".2.weight"):
            return _times(0.6)
    return {
        "align.kpa.gamma": _constant(0.7),
        "align.kpa.to_q.weight": _times(2),
        "align.kpa.to_k.weight": _times(2),
        "rep.conv1.0.weight": _times(2),
        "align.align_L3.offset_conv_1.2.weight": _times(0.5),
        "recons.4.weight": _times(0.3),
        "recons.4.bias": _constant(0.3),
    }.get(key)


_RULES = {
    "ssir": _ssir,
    "ssir_train": _ssir_train,
    "wgse": _wgse,
    "spk2imgnet": _spk2imgnet,
    "etnet": _etnet,
    "hypere2vid": _hypere2vid,
    "bsf": _bsf,
}
_FIXED = ("wvl.dwt.", "wvl.idwt.")


def state_dict(file):
    """Returns the PyTorch weights of a file of reference numbers, without the fixed tables."""
    adjusted = {}
    for key, shape in SHAPES[file.removesuffix("_train")].items():
        if key.startswith(_FIXED) or key.endswith(".bases"):
            continue
        rule = _RULES[file](key)
        value = fill(key, shape)
        adjusted[key] = value if rule is None else rule(value)
    return adjusted


def read(file):
    """Returns a file of reference numbers as a dictionary."""
    with np.load(FOLDER / f"{file}.npz") as arrays:
        return dict(arrays)


def unpacked(arrays, name="spikes_packed"):
    """Returns the spikes of a file, (B, readouts, H, W) uint8."""
    packed = arrays[name]
    width = int(arrays["width"]) if "width" in arrays else 8 * packed.shape[-1]
    return np.unpackbits(packed, axis=-1, bitorder="little")[..., :width]


def channels_first(x):
    return np.moveaxis(np.asarray(x), -1, 1)
