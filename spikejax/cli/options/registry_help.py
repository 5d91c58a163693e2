"""Help texts that name what is registered: methods, networks, sensors."""

from collections.abc import Callable
from typing import Any

from typer.core import TyperCommand


class RegistryCommand(TyperCommand):
    """A command whose help fills in `{methods}` and the like.

    The lists are read when help is asked for, so that no other command line pays for importing
    the networks.
    """

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Writes the help text with the lists filled in."""
        for parameter in self.params:
            text = getattr(parameter, "help", None) or ""
            for name, names in _LISTS.items():
                if f"{{{name}}}" in text:
                    text = text.replace(f"{{{name}}}", names())
                    parameter.help = text  # type: ignore[attr-defined]
        super().format_help(ctx, formatter)


def _methods() -> str:
    from spikejax import inference

    return _listed(inference.method_names())


def _default_method() -> str:
    from spikejax import inference

    return inference.default_method()


def _convertible() -> str:
    from spikejax import weights

    return _listed(weights.convertible())


def _sensors() -> str:
    from spikejax.camera import SENSORS

    return _listed(tuple(SENSORS))


def _listed(names: tuple[str, ...]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}"


_LISTS: dict[str, Callable[[], str]] = {
    "methods": _methods,
    "default_method": _default_method,
    "convertible": _convertible,
    "sensors": _sensors,
}
