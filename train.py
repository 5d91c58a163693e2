"""Trains a task: `python train.py --config configs/stir.py --workdir runs/stir`.

Every field of the configuration can be given: `--config.batch_size=8 --config.optimiser.name=sgd`.
The same command goes on where an earlier one ended.
"""

import sys
from typing import NoReturn

from absl import app, flags, logging
from ml_collections import config_flags

_CONFIG = config_flags.DEFINE_config_file("config", lock_config=True)
_WORKDIR = flags.DEFINE_string("workdir", None, "Folder for checkpoints, tables and TensorBoard.")
flags.mark_flags_as_required(["config", "workdir"])


def main(_: list[str]) -> None:
    """Runs the loop; what is wrong with the arguments is one line."""
    from spikejax import training

    logging.set_verbosity(logging.WARNING)
    try:
        training.train(_CONFIG.value, _WORKDIR.value)
    except (ValueError, OSError) as error:
        end(2, error)
    except training.NotFiniteError as error:
        end(3, error)
    except training.Interrupted as error:
        end(128 + error.signal, error)


def end(status: int, error: Exception) -> NoReturn:
    """Leaves with one line that says why."""
    print(f"train.py: {error}", file=sys.stderr)
    sys.exit(status)


if __name__ == "__main__":
    app.run(main)
