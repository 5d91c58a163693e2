"""The one error of this package, and how names from a file are shown in it."""


class WeightsError(ValueError):
    """A file or a tree of weights is not what it should be; the message says what and where."""


def shown(name: object, limit: int = 80) -> str:
    """A name that came from a file, on one line and not too long, quoted."""
    name = getattr(name, "name", name)  # of a pickle's `Global`
    text = name if isinstance(name, str) else f"a {type(name).__name__}"
    return repr(text if len(text) <= limit else text[:limit] + "...")


def several(names: list[str]) -> str:
    """The first of some names, and how many more there are: "'a' (and 2 more)"."""
    more = f" (and {len(names) - 1} more)" if len(names) > 1 else ""
    return shown(names[0]) + more
