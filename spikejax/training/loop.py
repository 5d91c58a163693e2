"""The training loop: evaluate, save, take the next batch, take a step."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from spikejax.training.interruption import Interruption
from spikejax.training.run import Run, start
from spikejax.training.step import TrainState

_LATE = "Training failed after"


class Interrupted(Exception):  # noqa: N818 - it is no error
    """The run was asked to end, and has saved where it was.

    Attributes:
        signal: the number of the signal that asked.
    """

    def __init__(self, signal: int, step: int) -> None:
        super().__init__(f"ended on request at step {step}; the same command goes on from there")
        self.signal = signal


def train(
    config: Any, workdir: str | Path, *, batches: Callable[..., Any] | None = None
) -> TrainState:
    """Trains until the last step, from the newest checkpoint if there is one.

    Args:
        config: as `default_config` says.
        workdir: the folder for checkpoints, tables and TensorBoard; made if need be.
        batches: what to take in place of `datasets.batches`.

    Returns:
        The state after the last step.

    Raises:
        ValueError: if the configuration makes no sense or does not fit the checkpoints.
        NotFiniteError: if the loss was not finite for `config.failures` steps in a row.
        Interrupted: after SIGTERM, or Ctrl-C with a single process, when everything is saved.
    """
    run = start(config, Path(workdir), batches)
    # The run is closed first: no signal ends the process while the last checkpoint is written.
    with Interruption() as interruption, contextlib.closing(run):
        try:
            step = _take_steps(run, interruption)
            if interruption.signal:
                raise Interrupted(interruption.signal, step)
            run.finish()
        except (ValueError, OSError) as error:
            if run.taken:
                error.add_note(f"{_LATE} {run.taken} steps from step {run.begin} on")
            raise
    return run.state


def failed_late(error: BaseException) -> bool:
    """Whether `train` raised a ValueError or OSError after its first step.

    What is wrong with the configuration shows before; later it is the data, the disk, or a mistake
    of the program.
    """
    return any(note.startswith(_LATE) for note in getattr(error, "__notes__", []))


def _take_steps(run: Run, interruption: Interruption) -> int:
    """Goes on to the last step, or to that before which the run is asked to end; returns it."""
    config = run.config
    for step in range(run.begin, config.steps + 1):
        asked, last = interruption.asked(step), step == config.steps
        # Evaluation comes first, so that a checkpoint knows how good it is. Whoever asks to end
        # may not wait for it; the last weights are worth it, as no later ones stand for them.
        best = None
        if run.validation is not None and run.due(step, config.validation.steps):
            best = run.validate(step) if last or not asked else None
        # A checkpoint holds the state before its step, and the place of the batch of its step.
        if asked or last or best is not None or run.save_is_due(step):
            run.save(step, best=best)
        if asked or last:
            break
        batch = next(run.inputs)
        run.state, scalars = run.take_step(run.state, batch, run.key)
        run.taken += 1
        run.results.add(batch, scalars)
        # What is written of a step counts it as done.
        if run.due(step + 1, config.log.steps):
            run.results.wait()
            run.journal.progress(step + 1, images=config.batch_size, waited=run.inputs.waited)
    return step
