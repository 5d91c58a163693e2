"""The recordings of a page: given ones, or those of a folder, opened when they are looked at."""

import dataclasses
import functools
import os
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from spikejax.formats import Recording, open_recording, read_sidecar, sidecar_path, unmapped

SUFFIXES = (".dat", ".npy", ".npz")
MAX_LISTED = 2000

Opener = Callable[[Path], Recording]


@dataclasses.dataclass(eq=False)
class Entry:
    """A recording of the list.

    Attributes:
        name: what the page calls it.
        path: its file; None for one in memory.
        open: opens it.
        options: the keyword arguments of `open_recording` that repeat the opening; None if they are
            not known.
    """

    name: str
    path: Path | None
    open: Callable[[], Recording]
    options: Mapping[str, Any] | None
    _lock: threading.Lock = dataclasses.field(default_factory=threading.Lock)
    _opened: Recording | None = None
    _identity: tuple[int, ...] | None = None

    @property
    def recording(self) -> Recording:
        """The recording, opened once.

        Raises:
            OSError: if it cannot be read.
            ValueError: if it is damaged or its size is unknown.
        """
        with self._lock:
            if self._opened is None:
                self._opened = unmapped(self.open())
                self._identity = _identity(self.path)
            return self._opened

    @property
    def is_open(self) -> bool:
        """Whether it was looked at."""
        return self._opened is not None

    def warning(self) -> str | None:
        """Says what happened to the file since it was opened, or None."""
        if self.path is None or self._identity is None:
            return None
        now = _identity(self.path)
        if now is None:
            return f"{self.path.name} was deleted; its readouts are still shown"
        if now != self._identity:
            return f"{self.path.name} was changed on disk; reload the page after a restart"
        return None


def list_recordings(path: Path, opener: Opener, options: Mapping[str, Any]) -> list[Entry]:
    """Lists a file, or the recordings of a folder and of the folders in it.

    Args:
        path: the file or folder.
        opener: opens a file.
        options: the keyword arguments of `open_recording` that the opener passes.

    Returns:
        At least one entry; none is opened.

    Raises:
        FileNotFoundError: if there is no such path, or no recording in the folder.
    """
    if not path.is_dir():
        if not path.exists():
            raise FileNotFoundError(f"{path}: no such file or folder; expected a recording")
        return [Entry(path.name, path, functools.partial(opener, path), options)]
    files = []
    for folder, folders, names in os.walk(path):
        folders.sort()
        files += [Path(folder) / name for name in sorted(names) if _is_recording(name)]
        if len(files) > MAX_LISTED:
            raise ValueError(f"{path}: holds more than {MAX_LISTED} recordings; choose a folder")
    if not files:
        raise FileNotFoundError(f"{path}: no {', '.join(SUFFIXES)} in this folder")
    return [
        Entry(str(file.relative_to(path)), file, functools.partial(opener, file), options)
        for file in files
    ]


def entry_of(recording: Recording) -> Entry:
    """Makes an entry of an opened recording."""
    name = "recording in memory" if recording.path is None else recording.path.name
    return Entry(name, recording.path, lambda: recording, _options_of(recording))


def _options_of(recording: Recording) -> dict[str, Any] | None:
    """Returns options that open the same recording again, or None."""
    path = recording.path
    if path is None:
        return None
    beside = read_sidecar(path) if sidecar_path(path).exists() else None
    facts: dict[str, Any] = {"rate_hz": recording.rate_hz, "gain": recording.gain}
    if path.suffix.lower() == ".dat":
        facts = {"height": recording.height, "width": recording.width, **facts}
    defaults = {"rate_hz": 20000.0, "gain": 1.0}
    options = {
        name: value
        for name, value in facts.items()
        if value != (getattr(beside, name, None) or defaults.get(name))
    }
    try:
        again = open_recording(path, **options)
    except (ValueError, OSError):
        return None
    last = len(recording) - 1
    same = again.shape == recording.shape and (again[last] == recording[last]).all()
    return options if same else None


def _is_recording(name: str) -> bool:
    return name.lower().endswith(SUFFIXES) and not name.startswith(".")


def _identity(path: Path | None) -> tuple[int, ...] | None:
    try:
        found = None if path is None else path.stat()
    except OSError:
        return None
    return None if found is None else (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)
