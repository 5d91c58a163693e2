"""The weights that a run arrived at: for evaluation, and as a file."""

from pathlib import Path
from typing import Any, Literal, NamedTuple

import jax
import numpy as np

from spikejax import parallel, tasks, weights
from spikejax.tasks import Task
from spikejax.training import schedules
from spikejax.training.checkpoints import CheckpointError, Checkpoints
from spikejax.training.settings import filled
from spikejax.training.step import TrainState, TrainStep

WEIGHTS = "weights.safetensors"


class Best(NamedTuple):
    """What to keep of a run.

    Attributes:
        step: of the checkpoint.
        state: its state.
        measure: the score that made it the best; None if it is only the newest.
    """

    step: int
    state: TrainState
    measure: float | None


def best_state(checkpoints: Checkpoints, shapes: Any) -> Best:
    """Reads the best checkpoint, or the newest if none was validated or the best is damaged.

    Args:
        checkpoints: of the run.
        shapes: of the state, with shardings.

    Raises:
        ValueError: if there is no sound checkpoint.
    """
    best = checkpoints.best()
    if best is not None and (found := checkpoints.restore(shapes, step=best[0])) is not None:
        return Best(found[0], found[1], best[1])
    if (found := checkpoints.restore(shapes)) is None:
        raise CheckpointError(f"{checkpoints.folder}: there is no checkpoint yet")
    return Best(found[0], found[1], None)


def best_variables(workdir: str | Path) -> dict[str, Any]:
    """Reads the weights of a run's best checkpoint; of its newest, if none was validated.

    They are the averaged ones if the run keeps an average.

    Args:
        workdir: of the run, which may still be going on.

    Returns:
        {'params', 'batch_stats', 'constants': {'trained_gain'}} for `Model.apply`, `reconstruct`
        and `weights.save`.

    Raises:
        ValueError: if there is no sound checkpoint.
    """
    return exported(_read(workdir)[2])


def export(
    workdir: str | Path,
    path: str | Path | None = None,
    *,
    dtype: Literal["float32", "bfloat16", "float16"] = "float32",
) -> Path:
    """Writes the weights of a run's best checkpoint to a .safetensors file.

    Args:
        workdir: of the run, which may still be going on.
        path: of the file; None for `weights.safetensors` in the folder of the run.
        dtype: in which the numbers are stored.

    Returns:
        The path.

    Raises:
        ValueError: if there is no sound checkpoint, the task is no network's that `models` knows,
            or the file cannot be written.
    """
    config, task, best = _read(workdir)
    return write_weights(path or Path(workdir) / WEIGHTS, task, best, config, dtype=dtype)


def write_weights(
    path: str | Path,
    task: Task,
    best: Best,
    config: Any,
    *,
    dtype: Literal["float32", "bfloat16", "float16"] = "float32",
) -> Path:
    """Writes the weights of a state, noting how they were trained."""
    notes = {"task": task.name, "step": str(best.step), "seed": str(config.seed)}
    if best.measure is not None:
        notes[f"validation_{task.metrics[0]}"] = f"{best.measure:.4f}"
    weights.save(path, exported(best), model=task.model, dtype=dtype, metadata=notes)
    return Path(path)


def exported(best: Best) -> dict[str, Any]:
    """Variables with the gain that our tasks train at: they predict spikes a readout."""
    return {**best.state.variables, "constants": {"trained_gain": np.ones((), np.float32)}}


def state_shapes(step: TrainStep) -> Any:
    """Shapes and dtypes of a state, without computing one."""
    return jax.eval_shape(lambda key: step.init(step.task.init(key)), jax.random.key(0))


def step_of(config: Any, task: Task) -> TrainStep:
    """The step of a task that a configuration describes."""
    return TrainStep(
        task,
        schedules.optimiser(config),
        schedules.learning_rate(config),
        average=config.ema,
        accumulate=config.accumulate,
    )


def _read(workdir: str | Path) -> tuple[Any, Task, Best]:
    folder = Path(workdir) / "checkpoints"
    if not folder.is_dir():
        raise CheckpointError(f"{workdir}: no folder of a run: it holds no checkpoints")
    checkpoints = Checkpoints(folder, read_only=True)
    try:
        config = filled(checkpoints.config())
        task = tasks.create(config)
        shapes = state_shapes(step_of(config, task))
        return config, task, best_state(checkpoints, parallel.single().replicated(shapes))
    finally:
        checkpoints.close()
