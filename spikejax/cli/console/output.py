"""Output folders: created when they are needed, removed when the work fails."""

import contextlib
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def folder_for_results(folder: str | Path) -> Iterator[Path]:
    """Creates a folder and its parents; removes those that stay empty if the block fails.

    Args:
        folder: an existing folder, with any files in it, or a new one.

    Yields:
        The folder.

    Raises:
        OSError: if it cannot be created.
    """
    folder = Path(folder)
    created: list[Path] = []
    try:
        for part in reversed([folder, *folder.parents]):
            if not part.exists():
                part.mkdir(exist_ok=True)
                created.append(part)
        if not folder.is_dir():
            raise NotADirectoryError(f"{folder}: is a file; expected the name of a folder")
        yield folder
    except BaseException:
        for part in reversed(created):
            with contextlib.suppress(OSError):
                part.rmdir()  # refuses a folder with files
        raise
