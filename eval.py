"""Evaluates trained weights: `python eval.py --config configs/stir.py --workdir runs/stir`.

The classical methods, or those of `--methods`, are evaluated beside them. Without `--data` the data
are held-out data of the configuration: other scenes, or the test split of a prepared dataset. All
other flags are those of `spikejax evaluate --help`.
"""

import contextlib
import dataclasses
import types
import typing
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from spikejax.cli.console import scripts
from spikejax.cli.console.platform import require_platform
from spikejax.cli.options.data import naming_options
from spikejax.evaluation.data_spec import SYNTHETIC, DataSpec
from spikejax.evaluation.table import Layout

PROGRAM = "eval.py"

try:
    from absl import app, flags, logging
    from ml_collections import config_flags
except ModuleNotFoundError as error:
    scripts.lacks(PROGRAM, error)


_CONFIG = config_flags.DEFINE_config_file("config", lock_config=True)
_WORKDIR = flags.DEFINE_string("workdir", None, "Folder of a run, whose best checkpoint is used.")
_WEIGHTS = flags.DEFINE_string("weights", None, "In place of a run: .safetensors, or .pth.")
_METHODS = flags.DEFINE_list(
    "methods", None, "Further methods: tfp:21, stir, ...; default: the classical ones."
)
_OTHERS = flags.DEFINE_multi_string("other_weights", [], "NAME=FILE, for networks in --methods.")
_TABLE = flags.DEFINE_enum("table", "plain", typing.get_args(Layout), "Columns of the table.")
_PUBLISHED = flags.DEFINE_string("published", None, "The published dataset that the data are.")
_OUT = flags.DEFINE_string("out", None, "Folder for tables, scores and the page of images.")
_PICTURES = flags.DEFINE_integer("pictures", 16, "Number of samples whose images the page shows.")
_IMPORT = flags.DEFINE_multi_string("import", [], "A Python file that registers a network.")


def _define(field: "dataclasses.Field[Any]") -> None:
    """Defines the flag of a field of `DataSpec`."""
    text, options = field.metadata["help"], {}
    kind = field.type
    if isinstance(kind, types.UnionType):
        kind = next(part for part in typing.get_args(kind) if part is not types.NoneType)
    if kind is int:
        options = {"lower_bound": field.metadata.get("min")}
        flags.DEFINE_integer(field.name, None, text, **options)
    elif kind is float:
        flags.DEFINE_float(field.name, None, text)
    elif kind is bool:
        flags.DEFINE_bool(field.name, field.default, text)
    elif typing.get_origin(kind) is typing.Literal:
        flags.DEFINE_enum(field.name, None, typing.get_args(kind), text)
    else:
        flags.DEFINE_string(field.name, None, text)


for _field in dataclasses.fields(DataSpec):
    _define(_field)


def main(_: list[str]) -> None:
    """Evaluates; exits with one line if an argument is wrong."""
    from spikejax import models, training
    from spikejax.cli.console.errors import explain

    logging.set_verbosity(logging.WARNING)
    try:
        training.join_processes()  # before anything computes, a file of one's own included
        require_platform()
        for file in _IMPORT.value:
            models.import_file(file)
        evaluate(
            _CONFIG.value,
            {field.name: flags.FLAGS[field.name].value for field in dataclasses.fields(DataSpec)},
            workdir=_WORKDIR.value,
            weights=_WEIGHTS.value,
            methods=_METHODS.value,
            other_weights=_OTHERS.value,
            out=None if _OUT.value is None else Path(_OUT.value),
            table=_TABLE.value,
            published=_PUBLISHED.value,
            pictures=_PICTURES.value,
        )
    except Exception as error:
        message = explain(error)
        if message is None:
            raise
        scripts.end(PROGRAM, 2, message)


def evaluate(
    config: Any,
    data: dict[str, Any],
    *,
    workdir: str | None = None,
    weights: str | None = None,
    methods: Sequence[str] | None = None,
    other_weights: Sequence[str] = (),
    out: Path | None = None,
    **options: Any,
) -> None:
    """Evaluates one network's weights beside other methods and prints the table.

    Args:
        config: the configuration of the training run.
        data: fields of `DataSpec`; None for those that the configuration decides.
        workdir: folder of the run; None if `weights` is given.
        weights: a file of weights; None if `workdir` is given.
        methods: other methods; None for the classical ones.
        other_weights: 'NAME=FILE', weights of the other methods.
        out: folder for tables, scores and the page; None for none.
        **options: further arguments of `spikejax.evaluate`.
    """
    from spikejax import evaluation, inference, training
    from spikejax.cli.commands.evaluate import print_table
    from spikejax.cli.console.output import folder_for_results
    from spikejax.cli.console.progress import track

    if config is None or (workdir is None) == (weights is None):
        raise ValueError("expected --config FILE, and either --workdir DIR or --weights FILE")
    network = _network(config)
    names = {field.name: f"--{field.name}" for field in dataclasses.fields(DataSpec)}
    names |= {
        "methods": "--methods",
        "method": "--methods",
        "weights": "--other_weights",
        "published": "--published",
    }
    with naming_options(names):
        samples = _data(config, data).open()
    trained = evaluation.Candidate(
        network,
        label=f"{network} ({Path(workdir or weights or '').name})",
        weights=Path(weights) if weights else training.best_variables(workdir or ""),
        dtype=config.dtype,
        origin=None if weights else f"the best checkpoint of {workdir}",
    )
    with naming_options(names):
        methods = inference.CLASSICAL if methods is None else methods
        with contextlib.nullcontext() if out is None else folder_for_results(out):
            table = evaluation.evaluate(
                samples,
                [*methods, trained],
                weights=other_weights,
                dtype=config.dtype,
                out=out,
                progress=track,
                **options,
            )
    print_table(table, out)


def _network(config: Any) -> str:
    """Returns the network that a configuration trains to reconstruct recordings."""
    from spikejax import inference, tasks

    network = tasks.model_of(config)
    if network not in inference.network_names():
        raise ValueError(
            f"the network {network!r} makes no images of recordings; "
            f"{', '.join(inference.network_names())} do"
        )
    return network


def _data(config: Any, fields: dict[str, Any]) -> DataSpec:
    """Returns the data of the flags, else those of the configuration."""
    if fields["data"] is not None:
        return DataSpec(**fields)
    source, folder = config.data.source, config.data.folder
    if source == SYNTHETIC:
        size = fields["size"] or str(config.data.size)
        return DataSpec(**{**fields, "data": SYNTHETIC, "size": size})
    if source == "photographs":
        raise ValueError("the configuration trains on photographs, not recordings; pass --data")
    if source == "recordings" and not (Path(folder) / source / "index.json").is_file():
        base = Path(folder)
        if base.is_dir() and ((base / "spike").is_dir() or not (base / "test" / "spike").is_dir()):
            raise ValueError(f"{folder}: the configuration trains on all of it; pass --data")
        return DataSpec(**{**fields, "data": folder})
    return DataSpec(**{**fields, "data": source, "folder": Path(fields["folder"] or folder)})


if __name__ == "__main__":
    app.run(main, flags_parser=partial(scripts.parse, PROGRAM))
