"""Trains a task: `python train.py --config configs/stir.py --workdir runs/stir`.

Every field of the configuration can be set: `--config.batch_size=8 --config.optimiser.name=sgd`.
The same command resumes an earlier run. `--export FILE` does not train, but writes the best weights
of a run so far, which may still be in progress.
"""

from functools import partial

from spikejax.cli.console import scripts
from spikejax.cli.console.platform import require_platform

PROGRAM = "train.py"

try:
    from absl import app, flags, logging
    from ml_collections import config_flags
except ModuleNotFoundError as error:
    scripts.lacks(PROGRAM, error)

_CONFIG = config_flags.DEFINE_config_file("config", lock_config=True)
_WORKDIR = flags.DEFINE_string("workdir", None, "Folder for checkpoints, tables and TensorBoard.")
_EXPORT = flags.DEFINE_string("export", None, "Write the best weights to this file instead.")
_COORDINATOR = flags.DEFINE_string("coordinator", None, "HOST:PORT of the first process, or auto.")
_PROCESSES = flags.DEFINE_integer("processes", None, "Number of processes that train together.")
_PROCESS = flags.DEFINE_integer("process", None, "Index of this process, from 0.")
_IMPORT = flags.DEFINE_multi_string("import", [], "A Python file that registers a network.")


def main(_: list[str]) -> None:
    """Trains; exits with one line if an argument is wrong, and with a traceback on later errors."""
    scripts.speed_up_gradients()
    from spikejax import models, training

    logging.set_verbosity(logging.ERROR)
    if _WORKDIR.value is None or (_CONFIG.value is None and _EXPORT.value is None):
        scripts.end(
            PROGRAM,
            2,
            "expected --config FILE and --workdir DIR, or --export FILE and --workdir DIR",
        )
    try:
        if _EXPORT.value is None:  # before anything computes, a file of one's own included
            training.join_processes(_COORDINATOR.value, _PROCESSES.value, _PROCESS.value)
        require_platform()
        for file in _IMPORT.value:
            models.import_file(file)
        if _EXPORT.value is not None:
            print(training.export(_WORKDIR.value, _EXPORT.value))
            return
        training.train(_CONFIG.value, _WORKDIR.value)
    except (ValueError, OSError) as error:
        if training.failed_late(error):  # not an error of the arguments
            raise
        scripts.end(PROGRAM, 2, error)
    except training.NotFiniteError as error:
        scripts.end(PROGRAM, 3, error)
    except training.Interrupted as reason:
        scripts.end(PROGRAM, 128 + reason.signal, reason)


if __name__ == "__main__":
    app.run(main, flags_parser=partial(scripts.parse, PROGRAM))
