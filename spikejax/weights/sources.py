"""Resolution of weights named by a user, as a name, a file, a folder or variables."""

import pathlib
from collections.abc import Mapping
from typing import Any

from spikejax import models
from spikejax.weights import checks
from spikejax.weights.errors import WeightsError
from spikejax.weights.safetensors_file import available, load, load_any

SHIPPED = "shipped"
"""Name of the bundled weights in configurations."""

OF_RUN = "weights.safetensors"
"""File of the best weights in the folder of a training run."""


def resolve(
    name: str, source: str | pathlib.Path | Mapping[str, Any] | None = None
) -> models.Variables:
    """Returns the variables of a network.

    Args:
        name: name of the network, see `models.create`.
        source: None or 'shipped' for the bundled weights; variables, which are checked; a file,
            .safetensors or a published PyTorch checkpoint; or the folder of a training run, for its
            best weights.

    Returns:
        {'params', 'batch_stats', 'constants'}, for `apply`.

    Raises:
        ValueError: if there are no such weights, or they are not those of the network.
    """
    if source is None or (isinstance(source, str) and source == SHIPPED):
        if name not in available():
            raise WeightsError(_missing(name))
        return load(name, model=name)
    if isinstance(source, str | pathlib.Path):
        path = pathlib.Path(source)
        return load_any(name, _of_run(path) if str(source) and path.is_dir() else path)
    checks.check(name, source)
    return source


def _missing(name: str) -> str:
    checkpoint = models.create(name).checkpoint if name in models.names() else ""
    published = f"the published checkpoint, {checkpoint}; " if checkpoint else "a published .pth, "
    return (
        f"no weights of {name!r} ship with this version; as weights (--weights) give a "
        f".safetensors file, {published}"
        "or the folder of a training run"
    )


def _of_run(folder: pathlib.Path) -> pathlib.Path:
    path = folder / OF_RUN
    if not path.is_file() and not (folder / "checkpoints").is_dir():
        raise WeightsError(f"{folder}: not the folder of a training run: it has no {OF_RUN}")
    if not path.is_file():
        raise WeightsError(
            f"{folder}: has no {OF_RUN}, as the run has not ended; write it with "
            f"train.py --export {path} --workdir {folder}"
        )
    return path
