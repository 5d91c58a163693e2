"""Options of the data of an evaluation, derived from the fields of `DataSpec`."""

import contextlib
import dataclasses
import typing
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from spikejax.evaluation.data_spec import DataSpec

T = TypeVar("T")


def options_of(spec: type[T], panel: str) -> type[T]:
    """Returns a subclass of a dataclass whose fields are annotated as options, for `flattened`.

    Args:
        spec: a dataclass; the metadata of its fields have `help`, and where they apply `metavar`,
            `min`, `max`, and `argument`, for an argument of the command line.
        panel: heading of the options in the help text.
    """
    hints = typing.get_type_hints(spec)
    fields = [
        (
            field.name,
            Annotated[hints[field.name], _option(field, panel)],
            dataclasses.field(default=field.default, metadata=field.metadata),
        )
        for field in dataclasses.fields(spec)  # type: ignore[arg-type]
    ]
    return dataclasses.make_dataclass(f"{spec.__name__}Options", fields, bases=(spec,), frozen=True)


def _option(field: "dataclasses.Field[Any]", panel: str) -> Any:
    details = dict(field.metadata)
    if details.pop("argument", False):
        return typer.Argument(show_default=False, **details)
    names = [option_name(field.name)] if field.type is bool else []  # no --no-... beside it
    return typer.Option(*names, rich_help_panel=panel, show_default=False, **details)


def option_name(field: str) -> str:
    """Returns the option of a field: '--no-flip' for 'no_flip'."""
    return f"--{field.replace('_', '-')}"


@contextlib.contextmanager
def naming_options(options: Mapping[str, str]) -> Iterator[None]:
    """Makes error messages name options: 'split: ...' becomes '--split: ...'.

    Args:
        options: options by the names of the library's arguments.
    """
    try:
        yield
    except ValueError as error:
        argument, colon, reason = str(error).partition(": ")
        if not colon or argument not in options:
            raise
        raise ValueError(f"{options[argument]}: {reason}") from error


if TYPE_CHECKING:
    DataOptions = DataSpec
else:
    DataOptions = options_of(DataSpec, "Data")
