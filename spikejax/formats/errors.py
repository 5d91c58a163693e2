"""Exceptions for malformed files, each with a message of one line."""


class FormatError(ValueError):
    """A file, or an argument that describes it, does not match the format."""


class ReadoutIndexError(IndexError, FormatError):
    """An index of a readout is outside the recording."""


def first_line(error: BaseException) -> str:
    """Returns the first line of an exception's message, or its type if there is no message."""
    return (str(error).splitlines() or [type(error).__name__])[0]
