"""Evaluates trained weights: `python eval.py --config configs/stir.py --workdir runs/stir`.

Beside them stand the classical methods, and whatever else `--methods` names. The data are, unless
`--data` says otherwise, those that the configuration trains on, held-out ones: other scenes, or the
test split of a prepared dataset. Everything else is as `spikejax evaluate --help` says.
"""

import contextlib
import dataclasses
from functools import partial
from pathlib import Path
from typing import Any

from spikejax.cli.console import scripts
from spikejax.cli.options.data import SYNTHETIC, DataOptions, Dataset
from spikejax.cli.options.recording import BitOrder

PROGRAM = "eval.py"

try:
    from absl import app, flags, logging
    from ml_collections import config_flags
except ModuleNotFoundError as error:
    scripts.lacks(PROGRAM, error)


METHODS = ["tfp", "tfi", "tfstp"]

_CONFIG = config_flags.DEFINE_config_file("config", lock_config=True)
_WORKDIR = flags.DEFINE_string("workdir", None, "Folder of a run; its best checkpoint is taken.")
_WEIGHTS = flags.DEFINE_string("weights", None, "In place of a run: .safetensors, or .pth.")
_METHODS = flags.DEFINE_list("methods", METHODS, "What stands beside: tfp:21, stir, ...")
_OTHERS = flags.DEFINE_multi_string("other_weights", [], "NAME=FILE, for networks in --methods.")
_TABLE = flags.DEFINE_enum("table", "plain", ["plain", "paper"], "Which columns.")
_PUBLISHED = flags.DEFINE_string("published", None, "The published dataset that the data are.")
_OUT = flags.DEFINE_string("out", None, "Folder for tables, scores and the page of images.")
_PICTURES = flags.DEFINE_integer("pictures", 16, "Of how many samples the page shows the images.")
_TEXTS = ("data", "folder", "split", "size", "bit_order")
_NUMBERS = ("height", "width", "stored_width", "centre", "scenes", "seed")
for _name in _TEXTS:
    flags.DEFINE_string(_name, None, f"As `spikejax evaluate` takes {_name!r}.")
for _name in _NUMBERS:
    flags.DEFINE_integer(_name, None, f"As `spikejax evaluate` takes {_name!r}.")
flags.DEFINE_float("gain", None, "Spikes a readout at intensity 1.")
flags.DEFINE_bool("no_flip", False, "The top row of a .dat is stored first.")


def main(_: list[str]) -> None:
    """Evaluates; what is wrong with the arguments is one line."""
    from spikejax.cli.console.errors import explain

    logging.set_verbosity(logging.WARNING)
    names = [field.name for field in dataclasses.fields(DataOptions)]
    try:
        evaluate(
            _CONFIG.value,
            {name: flags.FLAGS[name].value for name in names},
            workdir=_WORKDIR.value,
            weights=_WEIGHTS.value,
            methods=_METHODS.value,
            other_weights=_OTHERS.value,
            out=None if _OUT.value is None else Path(_OUT.value),
            paper=_TABLE.value == "paper",
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
    methods: list[str],
    other_weights: list[str],
    out: Path | None,
    **options: Any,
) -> None:
    """Evaluates one network's weights beside other methods and prints the table."""
    from spikejax import inference, training
    from spikejax.cli.commands.evaluate import make_candidates, print_evaluation
    from spikejax.cli.console.output import folder_for_results
    from spikejax.cli.options.method import ActivationType
    from spikejax.evaluation.scoring import Candidate

    training.join_processes()
    if config is None or (workdir is None) == (weights is None):
        raise ValueError("expected --config FILE, and either --workdir DIR or --weights FILE")
    if options.get("published") not in (None, *Dataset):
        raise ValueError(f"--published: there are {', '.join(Dataset)}")
    networks = [n for n in inference.method_names() if n not in inference.CLASSICAL]
    if config.task not in networks:
        raise ValueError(
            f"the task {config.task!r} makes no images of recordings; {', '.join(networks)} do"
        )
    dtype = ActivationType(config.dtype)
    samples = _data(config, data).open()
    trained = Candidate(
        config.task,
        label=f"{config.task} ({Path(workdir or weights or '').name})",
        weights=Path(weights) if weights else training.best_variables(workdir or ""),
        dtype=dtype.value,
        origin=None if weights else f"the best checkpoint of {workdir}",
    )
    candidates = make_candidates(methods, other_weights, dtype) if methods else []
    with contextlib.nullcontext() if out is None else folder_for_results(out):
        print_evaluation(samples, [*candidates, trained], out=out, **options)


def _data(config: Any, given: dict[str, Any]) -> DataOptions:
    """What the flags name, else what the configuration does."""
    if given["bit_order"] is not None:
        given = {**given, "bit_order": BitOrder(given["bit_order"])}
    if given["data"] is not None:
        return DataOptions(**given)
    source, folder = config.data.source, config.data.folder
    if source == SYNTHETIC:
        size = given["size"] or str(config.data.size)
        return DataOptions(**{**given, "data": SYNTHETIC, "size": size})
    if source == "photographs":
        raise ValueError("the configuration trains on photographs, not recordings; pass --data")
    if source == "recordings" and not (Path(folder) / source / "index.json").is_file():
        base = Path(folder)
        if base.is_dir() and ((base / "spike").is_dir() or not (base / "test" / "spike").is_dir()):
            raise ValueError(f"{folder}: the configuration trains on all of it; pass --data")
        return DataOptions(**{**given, "data": folder})
    return DataOptions(**{**given, "data": source, "folder": Path(given["folder"] or folder)})


if __name__ == "__main__":
    app.run(main, flags_parser=partial(scripts.parse, PROGRAM))
