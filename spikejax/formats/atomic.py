"""Files appear whole or not at all: written under a temporary name, then renamed."""

import contextlib
import secrets
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Gives a temporary path beside `path` that takes its place if the block succeeds.

    If the block fails or is interrupted, whatever was written is removed and an older file at
    `path` stays as it was. The rename is atomic against the end of this program, not against a
    power failure.

    Args:
        path: the file to make or to replace; links are followed.

    Yields:
        A path in the same folder, at which nothing exists yet.

    Raises:
        FileNotFoundError: if the folder does not exist.
        OSError: if something other than a regular file stands at `path`.
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
    except BaseException as error:  # Ctrl-C and generators that are closed early too
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and str(error.filename) == str(temporary):
            error.filename = str(path)  # the name that its user knows
        raise


def require_regular_file(path: str | Path, expected: str) -> Path:
    """Checks that there is a regular file to read, before any library gives a vaguer answer.

    Args:
        path: the file to be read.
        expected: what it should be, for the message: "a .dat recording".

    Returns:
        The path.

    Raises:
        FileNotFoundError: if there is nothing at `path`.
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
