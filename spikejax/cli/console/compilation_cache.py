"""The cache of compiled programs in the user's cache folder."""

import os
from pathlib import Path


def keep_compiled_programs() -> None:
    """Turns on JAX's cache of compiled programs, unless the user has set its folder."""
    if "JAX_COMPILATION_CACHE_DIR" in os.environ:
        return
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = home / "spikejax" / "compiled"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return  # the home folder is not writable: every run compiles
    os.environ["JAX_COMPILATION_CACHE_DIR"] = str(folder)
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.5")
