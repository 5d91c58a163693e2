"""Files of weights in safetensors, a format for arrays and text that contains no code.

Arrays are named by their paths, 'params/encoder/conv0/kernel'. The metadata hold the name of the
network and the version of this format.
"""

import json
import os
import pathlib
from collections.abc import Mapping
from typing import Any, Literal

import jax.numpy as jnp
import ml_dtypes
import numpy as np
import safetensors
import safetensors.numpy

from spikejax.weights import checks
from spikejax.weights.convert import from_torch
from spikejax.weights.errors import WeightsError, quoted
from spikejax.weights.torch_file import LEGACY_MAGIC, ZIP_MAGIC

SUFFIX = ".safetensors"
BUNDLED = pathlib.Path(__file__).parent / "bundled"

_FORMAT = "spikejax"
_VERSION = 1
_RESERVED = ("format", "format_version", "model", "trained_gain")
_STORED = {"F16": "<f2", "BF16": ml_dtypes.bfloat16, "F32": "<f4", "F64": "<f8"}


def available() -> tuple[str, ...]:
    """Returns the names of the bundled weights, for `load`."""
    return tuple(sorted(path.stem for path in BUNDLED.glob(f"*{SUFFIX}")))


def save(
    path: str | pathlib.Path,
    variables: Mapping[str, Any],
    *,
    model: str,
    dtype: Literal["float32", "bfloat16", "float16"] = "float32",
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Writes weights to a .safetensors file, atomically.

    Args:
        path: path of the file.
        variables: {'params', 'batch_stats', 'constants'}; 'constants' may be absent.
        model: name of the network, which is checked and stored.
        dtype: dtype of the stored parameters and statistics; the trained gain is always float32.
        metadata: more text to store, such as notes on the training.

    Raises:
        ValueError: if the weights are not those of the network, do not fit into `dtype`, or the
            file cannot be written.
    """
    if dtype not in ("float32", "bfloat16", "float16"):
        raise WeightsError(f"dtype is {dtype!r}, expected 'float32', 'bfloat16' or 'float16'")
    checks.check(model, variables)
    gain = np.asarray(checks.trained_gain(variables), np.float32)
    arrays = {
        path: _narrowed(path, np.asarray(array), dtype)
        for path, array in checks.flatten(variables).items()
        if path != checks.GAIN
    }
    text = _checked_metadata(metadata or {}) | {
        "format": _FORMAT,
        "format_version": str(_VERSION),
        "model": model,
        "trained_gain": str(gain),  # for readers of the header; `load` uses the array
    }
    _write(pathlib.Path(path), safetensors.numpy.save(arrays | {checks.GAIN: gain}, text))


def load(name_or_path: str | pathlib.Path, *, model: str | None = None) -> checks.Variables:
    """Loads weights: bundled ones by name, others from a .safetensors file.

    Args:
        name_or_path: one of `available()`, or the path of a file written by `save`.
        model: name of the network; None for the one that the file names.

    Returns:
        {'params', 'batch_stats', 'constants': {'trained_gain'}}, float32, for `apply`.

    Raises:
        ValueError: if there are no such weights, the file is damaged, or an array in it is missing,
            unknown, of another shape, or not finite.
    """
    path = pathlib.Path(name_or_path)
    shipped = available()
    if isinstance(name_or_path, str) and name_or_path in shipped:
        path = BUNDLED / f"{name_or_path}{SUFFIX}"
    elif not path.suffix and len(path.parts) == 1 and not path.exists():
        has = f"these do: {', '.join(shipped)}" if shipped else "none do"
        raise WeightsError(
            f"no weights named {quoted(str(name_or_path))} ship with this package ({has}); pass "
            "the path of a .safetensors file, or convert a PyTorch checkpoint with "
            "weights.from_torch"
        )
    data = _read(path)
    if data.startswith((ZIP_MAGIC, LEGACY_MAGIC)):
        raise WeightsError(f"{path}: a PyTorch checkpoint; read it with weights.from_torch")
    try:
        return _parse(data, model)
    except WeightsError as error:
        raise WeightsError(f"{path}: {error}") from None


def load_any(name: str, path: str | pathlib.Path) -> checks.Variables:
    """Loads weights from a .safetensors file or a PyTorch checkpoint, told apart by content.

    Args:
        name: name of the network.
        path: a file written by `save`, or by `torch.save` with the published names.

    Returns:
        {'params', 'batch_stats', 'constants': {'trained_gain'}}, float32, for `apply`.

    Raises:
        ValueError: as `load` and `from_torch`.
    """
    path = pathlib.Path(path)
    if _read(path, len(LEGACY_MAGIC)).startswith((ZIP_MAGIC, LEGACY_MAGIC)):
        return from_torch(name, path)
    # A path is not looked up among the bundled weights.
    return load(path, model=name)


def _parse(data: bytes, model: str | None) -> checks.Variables:
    try:
        tensors = dict(safetensors.deserialize(data))
    except safetensors.SafetensorError as error:
        what = quoted(str(error).removeprefix("Error while deserializing: "), 120)
        raise WeightsError(f"damaged, or not a .safetensors file: {what}") from None
    metadata = _metadata(data)
    named = metadata.get("model")
    if metadata.get("format") == _FORMAT and metadata.get("format_version") != str(_VERSION):
        version = quoted(metadata.get("format_version", "none"))
        raise WeightsError(f"format version {version}, this spikejax reads {_VERSION}")
    if model is None and named is None:
        raise WeightsError("the file does not name its network; pass `model`")
    if model is not None and named is not None and model != named:
        raise WeightsError(f"weights of {quoted(named)}, expected those of {model!r}")
    name = str(model or named)
    checks.compare(name, {path: tuple(spec["shape"]) for path, spec in tensors.items()})
    arrays = {path: _array(path, spec) for path, spec in tensors.items()}
    gain = arrays.pop(checks.GAIN, np.ones((), np.float32))
    return checks.build(arrays, checks.trained_gain({"constants": {"trained_gain": gain}}))


def _metadata(data: bytes) -> dict[str, str]:
    """Reads the text in a valid header: 8 bytes with its length, then JSON."""
    length = int.from_bytes(data[:8], "little")
    return json.loads(data[8 : 8 + length]).get("__metadata__") or {}


def _array(path: str, spec: Mapping[str, Any]) -> np.ndarray:
    if spec["dtype"] not in _STORED:
        raise WeightsError(f"tensor {quoted(path)} has {spec['dtype']} values, expected float32")
    array = np.frombuffer(spec["data"], _STORED[spec["dtype"]]).reshape(spec["shape"])
    return checks.as_float32(path, array)


def _narrowed(path: str, array: np.ndarray, dtype: str) -> np.ndarray:
    with np.errstate(over="ignore"):
        narrow = checks.as_float32(path, array).astype(jnp.dtype(dtype))
    if not np.isfinite(narrow.astype(np.float32)).all():
        raise WeightsError(f"tensor {quoted(path)} holds values too large for {dtype}")
    return narrow


def _checked_metadata(metadata: Mapping[str, str]) -> dict[str, str]:
    for key, value in metadata.items():
        if not isinstance(key, str) or not isinstance(value, str) or key in _RESERVED:
            raise WeightsError(
                f"metadata: expected names and texts, without {', '.join(_RESERVED)}; got {key!r}"
            )
    return dict(metadata)


def _read(path: pathlib.Path, count: int = -1) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(count)
    except OSError as error:
        raise WeightsError(f"{path}: {error.strerror or error}") from None


def _write(path: pathlib.Path, data: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_bytes(data)
        temporary.replace(path)
    except OSError as error:
        raise WeightsError(f"{path}: {error.strerror or error}") from None
    finally:
        temporary.unlink(missing_ok=True)
