"""Models of NIQE: the Gaussian of the features of pristine photographs."""

import dataclasses
import functools
import os
import zipfile
import zlib
from pathlib import Path

import numpy as np

from spikejax.formats import replacing

FEATURES = 36

# Names of the mean and the covariance in the MATLAB files of the authors, and of others.
_MATLAB_NAMES = (("mu_prisparam", "cov_prisparam"), ("pop_mu", "pop_cov"))
_NUMPY_NAMES = ("mu_pris_param", "cov_pris_param")  # in the copy of basicsr


@dataclasses.dataclass(frozen=True, eq=False)
class NiqeModel:
    """A model of pristine photographs for NIQE.

    Attributes:
        name: shown with the scores, which are comparable only under the same model.
        mean: (36,) float64, mean of the features.
        covariance: (36, 36) float64, covariance of the features, positive definite.
    """

    name: str
    mean: np.ndarray
    covariance: np.ndarray

    def __post_init__(self) -> None:
        for field, shape in (("mean", (FEATURES,)), ("covariance", (FEATURES, FEATURES))):
            array = np.asarray(getattr(self, field), np.float64)
            if array.shape != shape or not np.isfinite(array).all():
                raise ValueError(
                    f"NIQE model {self.name!r}: expected a finite {field} {shape}, got "
                    f"{array.shape}"
                )
            object.__setattr__(self, field, array)
        self.whitening  # noqa: B018 - raises if the covariance is invalid

    @functools.cached_property
    def whitening(self) -> tuple[np.ndarray, np.ndarray]:
        """The mean, and the matrix W with W covariance W' = 1."""
        try:
            factor = np.linalg.cholesky(self.covariance)
        except np.linalg.LinAlgError:
            raise ValueError(
                f"NIQE model {self.name!r}: its covariance is not positive definite"
            ) from None
        return self.mean, np.linalg.inv(factor)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the model to an .npz file, which `load` reads.

        Args:
            path: the file; an existing one is replaced atomically.

        Raises:
            OSError: if the file cannot be written.
        """
        with replacing(Path(path)) as temporary, temporary.open("wb") as file:
            np.savez(file, name=self.name, mean=self.mean, covariance=self.covariance)

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, name: str | None = None) -> "NiqeModel":
        """Reads a model.

        Args:
            path: an .npz file written by `save`, or a MATLAB file such as the authors'
                modelparameters.mat, with mu_prisparam and cov_prisparam; or basicsr's copy of it.
            name: name of the model; None for the name in the .npz file, else the name of the file.

        Returns:
            The model.

        Raises:
            ValueError: if the file is missing, or contains no model.
        """
        path = Path(path)
        try:
            if path.suffix == ".mat":
                mean, covariance = _from_matlab(path)
                return cls(name or path.name, mean, covariance)
            with np.load(path, allow_pickle=False) as file:
                if _NUMPY_NAMES[0] in file:
                    mean, covariance = (file[key] for key in _NUMPY_NAMES)
                    return cls(name or path.name, np.ravel(mean), covariance)
                return cls(name or str(file["name"]), file["mean"], file["covariance"])
        except OSError as error:
            raise ValueError(f"{path}: {error.strerror or error}") from None
        except (KeyError, TypeError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            raise ValueError(f"{path}: no NIQE model: {error}") from None


def _from_matlab(path: Path) -> tuple[np.ndarray, np.ndarray]:
    from scipy import io  # slow to import

    try:
        file = io.loadmat(path)
    except Exception as error:  # a damaged file can raise anything
        raise ValueError(str(error)) from None
    for mean, covariance in _MATLAB_NAMES:
        if mean in file and covariance in file:
            return np.ravel(file[mean]), file[covariance]
    expected = " or ".join(f"{mean} and {covariance}" for mean, covariance in _MATLAB_NAMES)
    raise ValueError(f"expected {expected}, got {', '.join(sorted(file))}")
