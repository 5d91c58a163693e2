"""Storages and tensors of PyTorch checkpoints.

The pickle of a checkpoint holds no values. It describes each tensor by shape, strides, storage and
offset. These descriptions are checked when they are read, and become arrays only on request, so
that the state of an optimiser in the same file costs nothing.
"""

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Any

import ml_dtypes
import numpy as np

from spikejax.weights.errors import WeightsError, quoted
from spikejax.weights.inert_pickle import Global, Opaque

DTYPES: Mapping[str, np.dtype] = {
    f"torch.{name}Storage": np.dtype(dtype)
    for name, dtype in {
        "Float": "<f4",
        "Double": "<f8",
        "Half": "<f2",
        "BFloat16": ml_dtypes.bfloat16,
        "Long": "<i8",
        "Int": "<i4",
        "Short": "<i2",
        "Char": "<i1",
        "Byte": "<u1",
        "Bool": "?",
    }.items()
}
NAMES = frozenset(DTYPES)

_MAX_DIMENSIONS = 8
# Other contents of training checkpoints, such as scores, schedules and options. Their values are
# not needed, and no such object is created.
_IGNORED = (
    "_codecs.encode",
    "argparse.Namespace",
    "collections.Counter",
    "numpy.core.multiarray.scalar",
    "numpy._core.multiarray.scalar",
    "numpy.dtype",
    "torch.device",
)


@dataclasses.dataclass(frozen=True, eq=False, slots=True)
class Storage:
    """A stored array.

    Attributes:
        key: name in the file.
        dtype: dtype of the elements.
        size: number of elements.
    """

    key: str
    dtype: np.dtype
    size: int

    @property
    def nbytes(self) -> int:
        """Length in bytes."""
        return self.size * self.dtype.itemsize


@dataclasses.dataclass(frozen=True, eq=False, slots=True)
class Tensor:
    """A strided view of a storage; offset and strides are in elements."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def array(self, data: bytes) -> np.ndarray:
        """Returns the values, a read-only view of the bytes of the storage."""
        dtype = self.storage.dtype
        if 0 in self.shape:
            return np.zeros(self.shape, dtype)
        strides = tuple(stride * dtype.itemsize for stride in self.strides)
        return np.ndarray(self.shape, dtype, data, self.offset * dtype.itemsize, strides)


def storage(identifier: Any) -> Storage:
    """Reads a persistent identifier ('storage', type, key, location, elements[, None])."""
    if not isinstance(identifier, tuple) or len(identifier) not in (5, 6):
        raise WeightsError(
            f"it refers to a storage by {quoted(identifier)}, expected five or six entries"
        )
    tag, kind, key, _, size, *view = identifier
    if tag != "storage" or not isinstance(key, str) or view not in ([], [None]):
        raise WeightsError("it refers to a storage in an unknown way")
    if not isinstance(kind, Global) or kind.name not in DTYPES:
        raise WeightsError(f"storage {quoted(key)} is of unknown type {quoted(kind)}")
    if not _is_count(size):
        raise WeightsError(f"storage {quoted(key)}: its length is not a count of elements")
    return Storage(key, DTYPES[kind.name], size)


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value < 2**48


def _tensor(base: Any, offset: Any, shape: Any, strides: Any, *_: Any) -> Tensor:
    """Replaces `torch._utils._rebuild_tensor_v2`; gradients and hooks are dropped."""
    if not isinstance(base, Storage):
        raise WeightsError(f"a tensor has {quoted(base)}, expected a storage")
    where = f"a tensor in storage {quoted(base.key)}"
    if not isinstance(shape, tuple) or not isinstance(strides, tuple):
        raise WeightsError(f"{where} has no shape")
    if len(shape) != len(strides) or len(shape) > _MAX_DIMENSIONS:
        raise WeightsError(f"{where} has {len(shape)} dimensions and {len(strides)} strides")
    if not all(map(_is_count, (offset, *shape, *strides))):
        raise WeightsError(f"{where} has a shape, offset or stride that is not a count")
    elements = math.prod(shape)
    if math.prod(n for n in shape if n) >= 2**48:
        raise WeightsError(f"{where} has the impossible shape {shape}")
    reach = sum((n - 1) * stride for n, stride in zip(shape, strides, strict=True))
    # More elements than stored ones imply a stride of 0: a few bytes could expand to gigabytes.
    if elements and (elements > base.size or offset + reach >= base.size):
        raise WeightsError(
            f"{where} of shape {shape}, strides {strides}, offset {offset} does not fit into it: "
            f"it holds {base.size} values"
        )
    return Tensor(base, offset, shape, strides)


def _parameter(data: Any, *_: Any) -> Tensor:
    """Replaces `torch._utils._rebuild_parameter`."""
    if not isinstance(data, Tensor):
        raise WeightsError(f"a parameter is {quoted(data)}, expected a tensor")
    return data


def _dictionary(*arguments: Any) -> dict[str, Any]:
    """Replaces OrderedDict and defaultdict, which pickles fill afterwards.

    Python 2 passed the entries to OrderedDict at once, as a list of lists [name, value].
    """
    if len(arguments) == 1 and isinstance(arguments[0], list):
        pairs = arguments[0]
        if not all(isinstance(p, list) and len(p) == 2 and isinstance(p[0], str) for p in pairs):
            raise WeightsError("the entries of a dictionary are not pairs of a name and a value")
        return {name: value for name, value in pairs}
    if any(not isinstance(argument, Global | Opaque) for argument in arguments):
        raise WeightsError("the arguments of a dictionary are not its entries")
    return {}


def _size(values: Any) -> tuple[Any, ...]:
    """Replaces `torch.Size`."""
    if not isinstance(values, tuple):
        raise WeightsError(f"a shape is {quoted(values)}, expected a tuple")
    return values


def _ignored(name: str) -> Callable[..., Opaque]:
    return lambda *_: Opaque(name)


CALLS: Mapping[str, Callable[..., Any]] = {
    "collections.OrderedDict": _dictionary,
    "torch.Size": _size,
    "torch._utils._rebuild_parameter": _parameter,
    "torch._utils._rebuild_tensor": _tensor,  # before PyTorch 0.4
    "torch._utils._rebuild_tensor_v2": _tensor,
    **{name: _ignored(name) for name in _IGNORED},
}
