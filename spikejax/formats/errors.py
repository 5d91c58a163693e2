"""What goes wrong with files: one clear line each."""


class FormatError(ValueError):
    """A file, or what was said about it, is not what the reader or the writer expects."""


class ReadoutIndexError(IndexError, FormatError):
    """A readout beyond the end of a recording was asked for."""


def first_line(error: BaseException) -> str:
    """Gives the first line of what a library says about a file, for a message of one line."""
    return (str(error).splitlines() or [type(error).__name__])[0]
