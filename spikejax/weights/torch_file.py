"""A reader of `torch.save` files that needs no PyTorch and does not trust the files.

Since PyTorch 1.6 such a file is a zip archive of uncompressed entries: PREFIX/data.pkl, a pickle
that describes tensors, and one PREFIX/data/KEY per storage, in the byte order that PREFIX/byteorder
names. Earlier files hold five pickles, followed by the storages, each after its length.
"""

import pathlib
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import IO, Any

import numpy as np

from spikejax.weights import torch_values
from spikejax.weights.errors import WeightsError, quoted, several
from spikejax.weights.inert_pickle import MAX_BYTES, read_pickle
from spikejax.weights.torch_values import Storage, Tensor

ZIP_MAGIC = b"PK\x03\x04"
LEGACY_MAGIC = b"\x80\x02\x8a\n" + (0x1950A86A20F9469CFC6C).to_bytes(10, "little") + b"."

_WRAPPERS = ("state_dict", "model_state_dict", "model", "net", "network")
_MAX_SHORT_ENTRY = 64
_LENGTH = struct.Struct("<q")
# Exceptions of zipfile for damaged archives.
_ZIP_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    IndexError,
    MemoryError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
)


def read_torch(path: str | pathlib.Path) -> dict[str, np.ndarray]:
    """Reads the state dict of a PyTorch checkpoint, without PyTorch and without unpickling.

    The state dict may be the whole checkpoint or lie under one of the usual keys ('state_dict',
    'model', ...). Other contents, such as the state of an optimiser, are not read. A list or tuple
    of tensors is read too, with the names '0', '1', ...

    Args:
        path: a file written by `torch.save`, of any version since 0.4.

    Returns:
        Names, as in the file, -> read-only arrays, in their stored dtype.

    Raises:
        WeightsError: if the file is missing, damaged, not a checkpoint, or holds anything but
            tensors and plain containers.
    """
    path = pathlib.Path(path)
    try:
        with path.open("rb") as file:
            start = file.read(len(LEGACY_MAGIC))
            file.seek(0)
            if start.startswith(ZIP_MAGIC):
                return _read_zip(file)
            if start == LEGACY_MAGIC:
                return _read_legacy(file.read())
        raise WeightsError("it is not a file of torch.save")
    except WeightsError as error:
        raise WeightsError(f"{path}: cannot read this checkpoint: {error}") from None
    except OSError as error:
        raise WeightsError(f"{path}: {error.strerror or error}") from None


def find_state_dict(value: Any) -> dict[str, Any]:
    """Finds the state dict in a checkpoint: the value itself, or an entry under a usual key.

    A list or tuple of tensors is a state dict with the names '0', '1', ...
    """
    if isinstance(value, tuple | list) and value and all(isinstance(x, Tensor) for x in value):
        return {str(place): tensor for place, tensor in enumerate(value)}
    if not isinstance(value, Mapping):
        raise WeightsError(f"it holds {quoted(value)}, expected a state dict")
    for key in _WRAPPERS:
        if isinstance(value.get(key), Mapping):
            value = value[key]
            break
    odd = any(
        isinstance(entry, Mapping | list) or not isinstance(name, str)
        for name, entry in value.items()
    )
    if odd or not value:
        keys = ", ".join(quoted(name, 40) for name in list(value)[:6]) or "nothing"
        raise WeightsError(
            f"it holds no state dict, alone or under one of {', '.join(_WRAPPERS)}; it has {keys}"
        )
    return dict(value)


def _read_zip(file: IO[bytes]) -> dict[str, np.ndarray]:
    try:
        with zipfile.ZipFile(file) as archive:
            entries = _entries(archive)
            prefix = _prefix(entries)
            _check_sizes(entries, file.seek(0, 2))
            order = b"little"
            if f"{prefix}byteorder" in entries:
                order = archive.read(_at_most(entries[f"{prefix}byteorder"], _MAX_SHORT_ENTRY))
            if order not in (b"little", b"big"):
                raise WeightsError(f"its byte order is {quoted(order.decode('latin-1'))}")

            def stored(storage: Storage) -> bytes:
                return archive.read(_storage_entry(entries, prefix, storage))

            def known_storage(identifier: Any) -> Storage:
                storage = torch_values.storage(identifier)
                _storage_entry(entries, prefix, storage)
                return storage

            pickled = archive.read(_at_most(entries[f"{prefix}data.pkl"], MAX_BYTES))
            value, _ = read_pickle(
                pickled,
                names=torch_values.NAMES,
                calls=torch_values.CALLS,
                persistent=known_storage,
            )
            return dict(_arrays(find_state_dict(value), stored, big_endian=order == b"big"))
    except WeightsError:
        raise
    except _ZIP_ERRORS as error:
        raise WeightsError(f"it is a damaged zip archive: {quoted(str(error), 120)}") from None


def _entries(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    infos = archive.infolist()
    entries = {info.filename: info for info in infos}
    if len(entries) != len(infos):
        raise WeightsError("two entries of the archive have the same name")
    return entries


def _check_sizes(entries: Mapping[str, zipfile.ZipInfo], size: int) -> None:
    """Checks that all entries together hold no more bytes than the file."""
    for info in entries.values():
        if info.compress_type != zipfile.ZIP_STORED or info.compress_size != info.file_size:
            raise WeightsError(
                f"its entry {quoted(info.filename)} is compressed, which torch.save never does; "
                "save the checkpoint again with torch.save"
            )
    if sum(info.file_size for info in entries.values()) > size:
        raise WeightsError("its entries overlap, or are longer than the file")


def _prefix(entries: Mapping[str, zipfile.ZipInfo]) -> str:
    pickles = [name for name in entries if name.count("/") == 1 and name.endswith("/data.pkl")]
    if len(pickles) != 1:
        raise WeightsError("it is a zip archive without PREFIX/data.pkl, so not of torch.save")
    prefix = pickles[0].removesuffix("data.pkl")
    if f"{prefix}constants.pkl" in entries:
        raise WeightsError(
            "it is a TorchScript program; in PyTorch save model.state_dict() with torch.save"
        )
    return prefix


def _at_most(info: zipfile.ZipInfo, limit: int) -> zipfile.ZipInfo:
    if info.file_size > limit:
        raise WeightsError(f"its {quoted(info.filename)} takes {info.file_size} bytes")
    return info


def _storage_entry(
    entries: Mapping[str, zipfile.ZipInfo], prefix: str, storage: Storage
) -> zipfile.ZipInfo:
    info = entries.get(f"{prefix}data/{storage.key}")
    if info is None:
        raise WeightsError(f"storage {quoted(storage.key)} is not in the archive")
    if info.file_size != storage.nbytes:
        raise WeightsError(
            f"storage {quoted(storage.key)} takes {info.file_size} bytes, expected "
            f"{storage.nbytes} for {storage.size} values of {storage.dtype}"
        )
    return info


def _arrays(
    state: Mapping[str, Any], stored: Callable[[Storage], bytes], *, big_endian: bool
) -> Iterator[tuple[str, np.ndarray]]:
    """Yields the values of tensors; a storage that several tensors share is read once."""
    wrong = [name for name, value in state.items() if not isinstance(value, Tensor)]
    if wrong:
        raise WeightsError(f"entry {several(wrong)} is not a tensor")
    read: dict[str, bytes] = {}
    for name, tensor in state.items():
        key = tensor.storage.key
        if key not in read:
            read[key] = stored(tensor.storage)
            if big_endian:
                words = np.frombuffer(read[key], f"<u{tensor.storage.dtype.itemsize}")
                read[key] = words.byteswap().tobytes()
        if len(read[key]) != tensor.storage.nbytes:
            raise WeightsError(f"storage {quoted(key)} is referenced with two lengths")
        yield name, tensor.array(read[key])


def _read_legacy(data: bytes) -> dict[str, np.ndarray]:
    storages: dict[str, Storage] = {}

    def known_storage(identifier: Any) -> Storage:
        storage = torch_values.storage(identifier)
        return storages.setdefault(storage.key, storage)

    position = len(LEGACY_MAGIC)
    values = []
    for _ in range(4):  # the format version, the machine, the tensors, the keys of the storages
        value, position = read_pickle(
            data,
            position,
            names=torch_values.NAMES,
            calls=torch_values.CALLS,
            persistent=known_storage,
        )
        values.append(value)
    version, machine, value, keys = values
    if version != 1001 or not isinstance(machine, dict) or not isinstance(keys, list):
        raise WeightsError("its header is not that of torch.save before 1.6")
    blocks: dict[str, bytes] = {}
    for key in keys:
        storage = storages.get(key) if isinstance(key, str) else None
        if storage is None or key in blocks:
            raise WeightsError(f"storage {quoted(key)} is stored twice, or never referenced")
        start, end = position + _LENGTH.size, position + _LENGTH.size + storage.nbytes
        if end > len(data) or _LENGTH.unpack(data[position:start])[0] != storage.size:
            raise WeightsError(f"storage {quoted(key)} ends too early or has another length")
        blocks[key] = data[start:end]
        position = end

    def stored(storage: Storage) -> bytes:
        if storage.key not in blocks:
            raise WeightsError(f"storage {quoted(storage.key)} is not in the file")
        return blocks[storage.key]

    big_endian = machine.get("little_endian") is False
    return dict(_arrays(find_state_dict(value), stored, big_endian=big_endian))
