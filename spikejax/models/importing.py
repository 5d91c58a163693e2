"""Networks of one's own: Python files that register them."""

import importlib.util
import sys
from pathlib import Path


def import_file(path: str | Path) -> None:
    """Runs a Python file that registers networks; the command line's `--import`.

    Args:
        path: of the file. It is run as it is: import only files that you trust.

    Raises:
        ValueError: if it is not a Python file, or fails.
        OSError: if there is no such file.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; expected a Python file")
    if path.suffix != ".py":
        raise ValueError(f"{path}: expected a Python file, NAME.py")
    spec = importlib.util.spec_from_file_location(path.stem, path.resolve())
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault(path.stem, module)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise ValueError(f"{path}: {type(error).__name__}: {error}") from error
