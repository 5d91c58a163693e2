"""Files like those of `torch.save`, from Python's pickler with fake PyTorch names."""

import collections
import io
import itertools
import pickle
import struct
import sys
import types
import zipfile

import ml_dtypes
import numpy as np
import pytest

STORAGES = {
    "f4": "FloatStorage",
    "f8": "DoubleStorage",
    "f2": "HalfStorage",
    "bfloat16": "BFloat16Storage",
    "i8": "LongStorage",
    "i4": "IntStorage",
    "i2": "ShortStorage",
    "i1": "CharStorage",
    "u1": "ByteStorage",
    "bool": "BoolStorage",
}


def rebuild_tensor(*_):
    raise AssertionError("something in the file was run")


def rebuild_parameter(*_):
    raise AssertionError("something in the file was run")


def fake_torch():
    """Returns modules with the names in a checkpoint, so that the pickler finds them."""
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")
    for function, name in (
        (rebuild_tensor, "_rebuild_tensor_v2"),
        (rebuild_parameter, "_rebuild_parameter"),
    ):
        function.__module__, function.__qualname__, function.__name__ = utils.__name__, name, name
        setattr(utils, name, function)
    for name in STORAGES.values():
        setattr(torch, name, type(name, (), {"__module__": "torch"}))
    torch._utils = utils
    return torch


TORCH = fake_torch()
FAKES = {"torch": TORCH, "torch._utils": TORCH._utils}


class Stored:
    """A tensor to write, a view of a flat array."""

    def __init__(self, base, shape=None, strides=None, offset=0, *, parameter=False):
        self.base = base
        self.shape = base.shape if shape is None else shape
        dense = np.empty(self.shape, np.int8).strides
        self.strides = dense if strides is None else strides
        self.offset = offset
        self.parameter = parameter

    def __reduce__(self):
        arguments = (Reference(self.base), self.offset, self.shape, self.strides)
        rest = (False, collections.OrderedDict())
        if self.parameter:
            plain = Stored(self.base, self.shape, self.strides, self.offset)
            return rebuild_parameter, (plain, True, collections.OrderedDict())
        return rebuild_tensor, arguments + rest


class Reference:
    def __init__(self, base):
        self.base = base


class CheckpointPickler(pickle.Pickler):
    """A pickler that replaces arrays by references to storages, and collects the storages."""

    def __init__(self, file, *, legacy):
        super().__init__(file, protocol=2)
        self.legacy = legacy
        self.storages = {}

    def persistent_id(self, value):
        if not isinstance(value, Reference):
            return None
        base = value.base
        known = {id(b): key for key, b in self.storages.items()}
        key = known.get(id(base), str(len(self.storages)))
        self.storages[key] = base
        kind = "bfloat16" if base.dtype == ml_dtypes.bfloat16 else base.dtype.str[1:]
        storage = getattr(TORCH, STORAGES.get(kind, STORAGES.get(base.dtype.name)))
        return ("storage", storage, key, "cpu", base.size) + ((None,) if self.legacy else ())


def pickled(value, *, legacy=False):
    """Returns (the bytes of the pickle, {key: stored array}); arrays in `value` are tensors."""
    file = io.BytesIO()
    pickler = CheckpointPickler(file, legacy=legacy)
    before = {name: sys.modules.get(name) for name in FAKES}
    sys.modules.update(FAKES)
    try:
        pickler.dump(as_stored(value))
    finally:
        for name, module in before.items():
            sys.modules.pop(name)
            if module is not None:
                sys.modules[name] = module
    return file.getvalue(), pickler.storages


def as_stored(value):
    if isinstance(value, np.ndarray):
        return Stored(np.ascontiguousarray(value).reshape(value.shape))
    if type(value) in (dict, collections.OrderedDict):
        return type(value)((k, as_stored(v)) for k, v in value.items())
    if type(value) in (tuple, list):
        return type(value)(as_stored(v) for v in value)
    return value


def zipped(pickle_bytes, storages, *, prefix="model/", byteorder=None, more=None):
    """Returns the bytes of an archive as written by torch.save."""
    entries = {"data.pkl": pickle_bytes, "version": b"3\n"}
    if byteorder is not None:
        entries["byteorder"] = byteorder.encode()
    for key, base in storages.items():
        swapped = base.byteswap() if byteorder == "big" else base
        entries[f"data/{key}"] = swapped.tobytes()
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in entries.items():
            archive.writestr(prefix + name, data)
        for name, data in (more or {}).items():
            archive.writestr(name, data)
    return file.getvalue()


def legacy(value):
    """Returns the bytes of a file as written by torch.save before 1.6."""
    machine = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"int": 4}}
    body, storages = pickled(value, legacy=True)
    parts = [pickle.dumps(v, 2) for v in (0x1950A86A20F9469CFC6C, 1001, machine)]
    parts += [body, pickle.dumps(list(storages), 2)]
    for base in storages.values():
        parts += [struct.pack("<q", base.size), base.tobytes()]
    return b"".join(parts)


@pytest.fixture
def checkpoint(tmp_path):
    """Returns a function that writes a checkpoint, with arrays as tensors, and returns its path."""

    def write(value, *, name="model.pth", **options):
        path = tmp_path / name
        path.write_bytes(zipped(*pickled(value), **options))
        return path

    return write


@pytest.fixture(scope="session")
def formats():
    """Returns the functions above, for tests that modify their results."""
    return types.SimpleNamespace(pickled=pickled, zipped=zipped, legacy=legacy, Stored=Stored)


@pytest.fixture
def lrn_state(rng):
    """Returns a state dict of LRN with the names of a Sequential."""
    widths = (41, 64, 128, 64, 16, 1)
    state = {}
    for i, (a, b) in enumerate(itertools.pairwise(widths)):
        state[f"{2 * i}.weight"] = rng.normal(0, 0.1, (b, a, 3, 3)).astype(np.float32)
        state[f"{2 * i}.bias"] = rng.normal(0, 0.1, b).astype(np.float32)
    return state
