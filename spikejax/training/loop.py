"""The training loop: validate, save, take the next batch, take a step."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from spikejax.training.interruption import Interruption
from spikejax.training.run import Run, start
from spikejax.training.step import TrainState

_LATE = "Training failed after"


class Interrupted(Exception):  # noqa: N818 - it is no error
    """A signal ended the run after a checkpoint was saved.

    Attributes:
        signal: number of the signal.
    """

    def __init__(self, signal: int, step: int) -> None:
        super().__init__(f"stopped by a signal at step {step}; the same command resumes from there")
        self.signal = signal


def train(
    config: Any, workdir: str | Path, *, batches: Callable[..., Any] | None = None
) -> TrainState:
    """Trains until the last step, from the newest checkpoint if there is one.

    Args:
        config: see `default_config`.
        workdir: folder for checkpoints, tables and TensorBoard; created if it is missing.
        batches: function to use in place of `datasets.batches`; None for that one.

    Returns:
        The state after the last step.

    Raises:
        ValueError: if the configuration is invalid or does not fit the checkpoints.
        NotFiniteError: if the loss was not finite for `config.failures` steps in a row.
        Interrupted: after SIGTERM, or Ctrl-C with a single process, when everything is saved.
    """
    run = start(config, Path(workdir), batches)
    # The run closes before signals act again, so that the last checkpoint is written completely.
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
    """Returns whether `train` raised a ValueError or OSError after its first step.

    A wrong configuration fails before the first step. A later failure is one of the data, the disk
    or the program.
    """
    return any(note.startswith(_LATE) for note in getattr(error, "__notes__", []))


def _take_steps(run: Run, interruption: Interruption) -> int:
    """Takes steps until the last one or until a signal; returns the step reached."""
    config = run.config
    for step in range(run.begin, config.steps + 1):
        asked, last = interruption.asked(step), step == config.steps
        # Validation comes first, so that a checkpoint holds its score. After a signal there may
        # be no time for it, except at the last step, whose weights no later validation covers.
        best = None
        if run.validation is not None and run.due(step, config.validation.steps):
            best = run.validate(step) if last or not asked else None
        # A checkpoint holds the state before its step, and the position of the batch of its step.
        if asked or last or best is not None or run.save_is_due(step):
            run.save(step, best=best)
        if asked or last:
            break
        batch = next(run.inputs)
        run.state, scalars = run.take_step(run.state, batch, run.key)
        run.taken += 1
        run.results.add(batch, scalars)
        # The journal counts steps done, the loop counts from 0.
        if run.due(step + 1, config.log.steps):
            run.results.wait()
            run.journal.progress(step + 1, images=config.batch_size, waited=run.inputs.waited)
    return step
