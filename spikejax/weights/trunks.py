"""Trained trunks of VGG16, VGG19 and AlexNet, from torchvision's files, converted and cached.

They are not bundled, because they are large (VGG16's file has 528 MB, its trunk 59 MB) and have
their own terms. A file is given by its path or by an environment variable, or taken from PyTorch's
folder of downloads. This module downloads nothing.
"""

import dataclasses
import functools
import hashlib
import os
import pathlib
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import safetensors
import safetensors.numpy

from spikejax.formats import replacing
from spikejax.models import trunks
from spikejax.weights import checks
from spikejax.weights.errors import WeightsError
from spikejax.weights.torch_file import read_torch

Params = dict[str, dict[str, Any]]

_FORMAT = "spikejax-trunk-1"


@dataclasses.dataclass(frozen=True)
class TrunkFile:
    """The file of a trunk.

    Attributes:
        file: name of torchvision's file; it ends in the first digits of the file's SHA-256.
        variable: environment variable with the path of the file.
        weights: torchvision's name of the weights.
    """

    file: str
    variable: str
    weights: str

    @property
    def digest(self) -> str:
        """First hexadecimal digits of the file's SHA-256."""
        return pathlib.Path(self.file).stem.rpartition("-")[2]


TRUNK_FILES: Mapping[str, TrunkFile] = {
    "vgg16": TrunkFile("vgg16-397923af.pth", "SPIKEJAX_VGG16", "VGG16_Weights.IMAGENET1K_V1"),
    "vgg19": TrunkFile("vgg19-dcbb9e9d.pth", "SPIKEJAX_VGG19", "VGG19_Weights.IMAGENET1K_V1"),
    "alexnet": TrunkFile(
        "alexnet-owt-7be5be79.pth", "SPIKEJAX_ALEXNET", "AlexNet_Weights.IMAGENET1K_V1"
    ),
}


def trunk(name: str, path: str | pathlib.Path | None = None) -> Params:
    """Loads the trained parameters of a trunk, for `models.trunks.apply` and metrics over it.

    A PyTorch file is converted at its first use. The result is cached in `$SPIKEJAX_CACHE`, else in
    `$XDG_CACHE_HOME/spikejax` or `~/.cache/spikejax`, and converted again when the file changes.
    Without a writable folder, the file is converted once per process.

    Args:
        name: 'vgg16', 'vgg19' or 'alexnet'.
        path: torchvision's .pth file or a file written by `save_trunk`; None for the file that the
            environment variable (SPIKEJAX_VGG16, SPIKEJAX_VGG19, SPIKEJAX_ALEXNET) names, else the
            one among PyTorch's downloads.

    Returns:
        {'features0': {'kernel' (kh, kw, in, out), 'bias' (out,)}, ...}, float32.

    Raises:
        ValueError: if there is no such trunk, or its file is missing, damaged or that of another
            trunk.
    """
    path = _find(name, path)
    try:
        status = path.stat()
    except OSError as error:
        raise WeightsError(f"{path}: {error.strerror or error}. {_how_to_get(name)}") from None
    return _load(name, path.resolve(), status.st_size, status.st_mtime_ns)


def save_trunk(path: str | pathlib.Path, name: str, params: Mapping[str, Any]) -> None:
    """Writes the parameters of a trunk to a .safetensors file, which `trunk` reads.

    Args:
        path: path of the file; an older one is replaced atomically.
        name: name of the trunk.
        params: parameters, see `trunk`.

    Raises:
        ValueError: if the parameters are not those of the trunk, or the file cannot be written.
    """
    arrays = {p: np.asarray(array) for p, array in checks.flatten(params).items()}
    data = safetensors.numpy.save(_checked(name, arrays), {"format": _FORMAT, "trunk": name})
    try:
        with replacing(path) as temporary:
            temporary.write_bytes(data)
    except OSError as error:
        raise WeightsError(f"{path}: {error.strerror or error}") from None


def convert_trunk(name: str, state: Mapping[str, np.ndarray]) -> Params:
    """Converts a state dict of torchvision; only its `features.*` are used.

    Args:
        name: name of the trunk.
        state: 'features.0.weight' (out, in, kh, kw) and so on -> arrays.

    Returns:
        The parameters, see `trunk`.

    Raises:
        ValueError: if an array is missing, unknown, of another shape, or not finite.
    """
    arrays = {}
    for key, array in state.items():
        if key.startswith("features."):
            module, _, leaf = key.removeprefix("features.").rpartition(".")
            path = f"features{module}/{'kernel' if leaf == 'weight' else leaf}"
            arrays[path] = np.transpose(array, (2, 3, 1, 0)) if np.ndim(array) == 4 else array
    return _tree(_checked(name, arrays))


@functools.lru_cache(maxsize=len(TRUNK_FILES))
def _load(name: str, path: pathlib.Path, size: int, modified: int) -> Params:
    if path.suffix == ".safetensors":
        return _read(name, path)
    cached = _cache_folder() / f"{name}-{_key(path, size, modified)}.safetensors"
    if cached.is_file():
        try:
            return _read(name, cached)
        except WeightsError:
            pass  # damaged: it is converted again
    params = _convert(name, path)
    try:
        cached.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        save_trunk(cached, name, params)
    except (OSError, WeightsError):
        pass  # without a cache, later processes convert again
    return params


def _convert(name: str, path: pathlib.Path) -> Params:
    source = TRUNK_FILES[name]
    if path.name == source.file:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if not digest.startswith(source.digest):
            raise WeightsError(
                f"{path}: its SHA-256 begins with {digest[:8]}, expected {source.digest}; the "
                "download is damaged or incomplete"
            )
    try:
        return convert_trunk(name, read_torch(path))
    except WeightsError as error:
        text = str(error)
        raise WeightsError(text if text.startswith(str(path)) else f"{path}: {text}") from None


def _read(name: str, path: pathlib.Path) -> Params:
    try:
        with safetensors.safe_open(path, "np") as file:
            metadata = file.metadata() or {}
            arrays = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except (OSError, safetensors.SafetensorError) as error:
        raise WeightsError(f"{path}: not a readable .safetensors file: {error}") from None
    if metadata.get("trunk", name) != name:
        raise WeightsError(f"{path}: a trunk of {metadata['trunk']!r}, expected that of {name!r}")
    try:
        return _tree(_checked(name, arrays))
    except WeightsError as error:
        raise WeightsError(f"{path}: {error}") from None


def _checked(name: str, arrays: Mapping[str, Any]) -> dict[str, np.ndarray]:
    expected = trunks.shapes(name)
    checks.compare_shapes(name, {p: np.shape(a) for p, a in arrays.items()}, expected)
    return {p: checks.as_float32(p, np.asarray(arrays[p])) for p in expected}


def _tree(arrays: Mapping[str, np.ndarray]) -> Params:
    params: Params = {}
    with jax.ensure_compile_time_eval():  # cached arrays must not belong to a trace
        for path, array in arrays.items():
            layer, leaf = path.split("/")
            params.setdefault(layer, {})[leaf] = jnp.array(array)
    return params


def _find(name: str, path: str | pathlib.Path | None) -> pathlib.Path:
    if name not in TRUNK_FILES:
        known = ", ".join(sorted(TRUNK_FILES))
        raise WeightsError(f"there is no trunk {name!r}; there are {known}")
    if path is not None:
        return pathlib.Path(path)
    source = TRUNK_FILES[name]
    if named := os.environ.get(source.variable):
        return pathlib.Path(named).expanduser()
    cache = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    home = os.environ.get("TORCH_HOME") or pathlib.Path(cache) / "torch"
    download = pathlib.Path(home).expanduser() / "hub" / "checkpoints" / source.file
    if download.is_file():
        return download
    raise WeightsError(f"no file with the trained weights of {name!r}. {_how_to_get(name)}")


def _how_to_get(name: str) -> str:
    source = TRUNK_FILES[name]
    return (
        f"Get torchvision's {source.file} ({source.weights}, "
        f"https://download.pytorch.org/models/{source.file}) and pass its path, or set "
        f"{source.variable} to its path"
    )


def _cache_folder() -> pathlib.Path:
    if named := os.environ.get("SPIKEJAX_CACHE"):
        return pathlib.Path(named).expanduser()
    cache = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(cache).expanduser() / "spikejax"


def _key(path: pathlib.Path, size: int, modified: int) -> str:
    text = f"{_FORMAT} {path} {size} {modified}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]
