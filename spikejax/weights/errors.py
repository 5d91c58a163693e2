"""The error of this package, and the quoting of names from files in its messages."""


class WeightsError(ValueError):
    """A file or a tree of weights is invalid; the message names the fault and its place."""


def quoted(name: object, limit: int = 80) -> str:
    """Quotes a name from a file, on one line and shortened to `limit` characters."""
    name = getattr(name, "name", name)  # of a pickle's `Global`
    text = name if isinstance(name, str) else f"a {type(name).__name__}"
    return repr(text if len(text) <= limit else text[:limit] + "...")


def several(names: list[str]) -> str:
    """Quotes the first of some names and counts the others: "'a' (and 2 more)"."""
    more = f" (and {len(names) - 1} more)" if len(names) > 1 else ""
    return quoted(names[0]) + more
