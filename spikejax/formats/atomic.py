"""Atomic writing of files: write under a temporary name, then rename."""

import contextlib
import secrets
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yields a temporary path beside `path`, which is renamed to `path` if the block succeeds.

    If the block fails or is interrupted, the temporary file is removed and an existing file at
    `path` is not changed. The rename protects against the end of this program, not against a power
    failure.

    Args:
        path: the file to create or to replace; links are followed.

    Yields:
        A path in the same folder where no file exists.

    Raises:
        FileNotFoundError: if the folder does not exist.
        OSError: if `path` exists and is not a regular file.
    """
    target = Path(path).resolve()
    if not target.parent.is_dir():
        raise FileNotFoundError(f"{path}: the folder {target.parent} does not exist")
    if target.is_dir():
        raise IsADirectoryError(f"{path}: is a directory; expected the name of a file")
    if target.exists() and not target.is_file():
        raise OSError(f"{path}: is a device or a pipe; expected the name of a regular file")
    temporary = target.parent / f".{secrets.token_hex(6)}.part"
    try:
        yield temporary
        temporary.replace(target)
    except BaseException as error:  # also Ctrl-C and generators that are closed early
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and str(error.filename) == str(temporary):
            error.filename = str(path)  # the user does not know the temporary name
        raise


def require_regular_file(path: str | Path, expected: str) -> Path:
    """Checks that a path is a regular file, for clearer messages than those of libraries.

    Args:
        path: the file to be read.
        expected: the expected content for the message, for example "a .dat recording".

    Returns:
        The path.

    Raises:
        FileNotFoundError: if the path does not exist.
        IsADirectoryError: if it is a directory.
        OSError: if it is a device or a pipe, which cannot be mapped or read twice.
    """
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(f"{path}: is a directory; expected {expected}")
    if not path.is_file():
        if path.exists():
            raise OSError(f"{path}: is a device or a pipe; expected {expected}")
        raise FileNotFoundError(f"{path}: no such file; expected {expected}")
    return path
