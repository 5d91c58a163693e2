"""Models of BRISQUE: support vector machines, read from the text files of LIBSVM."""

import dataclasses
import functools
import importlib.resources
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from spikejax import weights

FEATURES = 36
MODEL_FILE, RANGE_FILE = "allmodel", "allrange"

_PUBLISHED_RHO = -153.591  # from the authors' allmodel, as gamma 0.05 below


@dataclasses.dataclass(frozen=True, eq=False)
class BrisqueModel:
    """A support vector machine for BRISQUE: sum_i coefficient_i exp(-gamma |x - vector_i|^2) - rho.

    Attributes:
        lower: (36,), the value of each feature that is scaled to -1.
        upper: (36,), the value of each feature that is scaled to 1.
        vectors: (N, 36), the support vectors, in scaled features.
        coefficients: (N,), the coefficients of the support vectors.
        gamma: parameter of the kernel, positive.
        rho: constant that is subtracted.
    """

    lower: np.ndarray
    upper: np.ndarray
    vectors: np.ndarray
    coefficients: np.ndarray
    gamma: float
    rho: float

    def __post_init__(self) -> None:
        count = len(np.atleast_1d(self.coefficients))
        shapes = {
            "lower": (FEATURES,),
            "upper": (FEATURES,),
            "vectors": (count, FEATURES),
            "coefficients": (count,),
            "gamma": (),
            "rho": (),
        }
        for field, shape in shapes.items():
            array = np.asarray(getattr(self, field), np.float64)
            if array.shape != shape or not np.isfinite(array).all():
                raise ValueError(
                    f"BRISQUE model: expected a finite {field} {shape}, got {array.shape}"
                )
            object.__setattr__(self, field, array)
        if not (self.gamma > 0 and np.all(self.upper > self.lower)):
            raise ValueError("BRISQUE model: gamma and the features' ranges must be positive")

    @functools.cached_property
    def arrays(self) -> dict[str, np.ndarray]:
        """All values by name, as a pytree."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "BrisqueModel":
        """Reads the authors' model: `allmodel`, of svm-train, and `allrange`, of svm-scale.

        Args:
            path: the folder with the two files; or `allmodel` alone, or its copy in the PyTorch
                file of piq and pyiqa, for which the published ranges that ship are used.

        Returns:
            The model.

        Raises:
            ValueError: if a file is missing or malformed.
        """
        path = Path(path)
        if path.suffix in (".pt", ".pth"):
            return cls(**_torch_machine(path), **_published_limits())
        if path.is_file():
            return cls(**_read(path, _machine), **_published_limits())
        machine = _read(path / MODEL_FILE, _machine)
        limits = _read(path / RANGE_FILE, _limits)
        return cls(**machine, **limits)


def _torch_machine(path: Path) -> dict[str, Any]:
    """Reads a file of coefficients (N,) and support vectors (N, 36), without gamma and rho."""
    arrays = weights.read_torch(path)
    if set(arrays) != {"0", "1"}:
        raise ValueError(f"{path}: expected two tensors, got {', '.join(sorted(arrays))}")
    coefficients, vectors = np.ravel(arrays["0"]), arrays["1"]
    return {"vectors": vectors, "coefficients": coefficients, "gamma": 0.05, "rho": _PUBLISHED_RHO}


def _published_limits() -> dict[str, Any]:
    file = importlib.resources.files("spikejax.metrics").joinpath("data", "brisque_allrange.txt")
    return _limits(file.read_text(encoding="ascii").splitlines())


def _read(path: Path, parse: Callable[[list[str]], dict[str, Any]]) -> dict[str, Any]:
    try:
        return parse(path.read_text(encoding="ascii").splitlines())
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror or error}") from None
    except (ValueError, IndexError, KeyError) as error:
        raise ValueError(f"{path}: not the file of LIBSVM that was expected: {error}") from None


def _machine(lines: list[str]) -> dict[str, Any]:
    start = lines.index("SV")
    header: Mapping[str, str] = dict(line.split(maxsplit=1) for line in lines[:start])
    kind, kernel = header["svm_type"], header["kernel_type"]
    if kind not in ("epsilon_svr", "nu_svr") or kernel != "rbf":
        raise ValueError(f"expected regression with kernel rbf, got {kind} with {kernel}")
    rows = [line.split() for line in lines[start + 1 :] if line.strip()]
    if len(rows) != int(header["total_sv"]):
        raise ValueError(f"{header['total_sv']} support vectors announced, {len(rows)} there")
    vectors = np.zeros((len(rows), FEATURES))
    for vector, row in zip(vectors, rows, strict=True):
        for index, value in (entry.split(":") for entry in row[1:]):
            vector[_feature(index)] = float(value)
    return {
        "vectors": vectors,
        "coefficients": np.array([float(row[0]) for row in rows]),
        "gamma": float(header["gamma"]),
        "rho": float(header["rho"]),
    }


def _limits(lines: list[str]) -> dict[str, Any]:
    if lines[0].strip() != "x" or [float(v) for v in lines[1].split()] != [-1, 1]:
        raise ValueError("expected features scaled to -1 and 1")
    ranges = {}
    for line in lines[2:]:
        if line.strip():
            index, low, high = line.split()
            ranges[_feature(index)] = (float(low), float(high))
    limits = np.array([ranges[index] for index in range(FEATURES)])
    return {"lower": limits[:, 0], "upper": limits[:, 1]}


def _feature(index: str) -> int:
    number = int(index)
    if not 1 <= number <= FEATURES:
        raise ValueError(f"feature {number}, expected 1 to {FEATURES}")
    return number - 1
