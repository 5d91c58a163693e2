"""Where results go: folders are made when they are needed, and go again if nothing came of it."""

import contextlib
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def folder_for_results(folder: str | Path) -> Iterator[Path]:
    """Makes a folder and the ones above it; if the block fails, those that stayed empty go again.

    Args:
        folder: it may exist, with other files in it.

    Yields:
        The folder.

    Raises:
        OSError: if it cannot be made.
    """
    folder = Path(folder)
    made: list[Path] = []
    try:
        for part in reversed([folder, *folder.parents]):
            if not part.exists():
                part.mkdir(exist_ok=True)
                made.append(part)
        if not folder.is_dir():
            raise NotADirectoryError(f"{folder}: is a file; expected the name of a folder")
        yield folder
    except BaseException:
        for part in reversed(made):
            with contextlib.suppress(OSError):
                part.rmdir()  # refuses what is not empty
        raise
