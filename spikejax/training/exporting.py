"""Export of the best weights of a run, as variables or as a file."""

from pathlib import Path
from typing import Any, Literal, NamedTuple

from spikejax import parallel, tasks, weights
from spikejax.tasks import Task
from spikejax.training.checkpoints import CheckpointError, Checkpoints
from spikejax.training.settings import filled
from spikejax.training.step import TrainState, state_shapes, step_of


class Best(NamedTuple):
    """The best checkpoint of a run.

    Attributes:
        step: step of the checkpoint.
        state: state of the checkpoint.
        score: its validation score; None if the checkpoint is only the newest.
    """

    step: int
    state: TrainState
    score: float | None


def best_state(checkpoints: Checkpoints, shapes: Any) -> Best:
    """Reads the best checkpoint, or the newest if none was validated or the best is damaged.

    Args:
        checkpoints: checkpoints of the run.
        shapes: shapes of the state, with shardings.

    Returns:
        The checkpoint.

    Raises:
        ValueError: if there is no undamaged checkpoint.
    """
    best = checkpoints.best()
    if best is not None:
        restored = checkpoints.restore(shapes, step=best[0])
        if restored is not None:
            return Best(restored[0], restored[1], best[1])
    restored = checkpoints.restore(shapes)
    if restored is None:
        raise CheckpointError(f"{checkpoints.folder}: there is no checkpoint yet")
    return Best(restored[0], restored[1], None)


def best_variables(workdir: str | Path) -> dict[str, Any]:
    """Reads the weights of the best checkpoint of a run, or of the newest if none was validated.

    They are the averaged weights if the run keeps an average.

    Args:
        workdir: folder of the run, which may still be in progress.

    Returns:
        {'params', 'batch_stats'} for `Model.apply`, `reconstruct` and `weights.save`.

    Raises:
        ValueError: if there is no undamaged checkpoint.
    """
    return dict(_read(workdir)[2].state.variables)


def export(
    workdir: str | Path,
    path: str | Path | None = None,
    *,
    dtype: Literal["float32", "bfloat16", "float16"] = "float32",
) -> Path:
    """Writes the weights of the best checkpoint of a run to a .safetensors file.

    Args:
        workdir: folder of the run, which may still be in progress.
        path: path of the file; None for `weights.safetensors` in the folder of the run.
        dtype: dtype of the stored numbers.

    Returns:
        The path.

    Raises:
        ValueError: if there is no undamaged checkpoint, if `models` does not know the network of
            the task, or if the file cannot be written.
    """
    config, task, best = _read(workdir)
    return write_weights(path or Path(workdir) / weights.OF_RUN, task, best, config, dtype=dtype)


def write_weights(
    path: str | Path,
    task: Task,
    best: Best,
    config: Any,
    *,
    dtype: Literal["float32", "bfloat16", "float16"] = "float32",
) -> Path:
    """Writes the weights of a state, with notes on their training as metadata."""
    notes = {"task": task.name, "step": str(best.step), "seed": str(config.seed)}
    if best.score is not None:
        notes[f"validation_{task.metrics[0]}"] = f"{best.score:.4f}"
    weights.save(path, best.state.variables, model=task.model, dtype=dtype, metadata=notes)
    return Path(path)


def _read(workdir: str | Path) -> tuple[Any, Task, Best]:
    folder = Path(workdir) / "checkpoints"
    if not folder.is_dir():
        raise CheckpointError(f"{workdir}: not the folder of a run: it holds no checkpoints")
    checkpoints = Checkpoints(folder, read_only=True)
    try:
        config = filled(checkpoints.config())
        task = tasks.create(config)
        shapes = state_shapes(step_of(config, task))
        return config, task, best_state(checkpoints, parallel.single().replicated(shapes))
    finally:
        checkpoints.close()
