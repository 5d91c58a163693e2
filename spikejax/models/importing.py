"""Networks of one's own: Python files that register them."""

import importlib.util
import sys
from pathlib import Path

from spikejax.models import model


def import_file(path: str | Path) -> None:
    """Runs a Python file that registers networks; the command line's `--import`.

    The folder of the file is added to `sys.path`, as for a script, so that it can import its
    neighbours.

    Args:
        path: of the file. It is run as it is: import only files that you trust.

    Raises:
        ValueError: if it is not a Python file, fails, or registers no network.
        OSError: if there is no such file.
    """
    if not str(path):
        raise ValueError("import: expected a Python file, got nothing")
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(f"{path}: is a folder; expected a Python file")
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; expected a Python file")
    if path.suffix != ".py":
        raise ValueError(f"{path}: expected a Python file, NAME.py")
    name = f"spikejax_import_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path.resolve())
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    folder = str(path.resolve().parent)
    if folder not in sys.path:
        sys.path.append(folder)
    before = model.registered()
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise ValueError(f"{path}: {type(error).__name__}: {error}") from error
    if model.registered() == before:
        raise ValueError(f"{path}: registers no network; expected @spikejax.models.register(NAME)")
