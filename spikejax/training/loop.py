"""The training loop: evaluate, save, take the next batch, take a step."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from spikejax.training.interruption import Interruption
from spikejax.training.run import start
from spikejax.training.step import TrainState


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
        Interrupted: after SIGTERM or Ctrl-C, when everything is saved.
    """
    run = start(config, Path(workdir), batches)
    with contextlib.closing(run), Interruption() as interruption:
        for step in range(run.begin, config.steps + 1):
            # Evaluation comes first, so that a checkpoint knows how good it is.
            best = None
            if run.validation is not None and run.due(step, config.validation.steps):
                best = run.validate(step)
            # A checkpoint holds the state before its step, and the place of the batch of its step.
            ending = interruption.asked(step) or step == config.steps
            if ending or best is not None or run.save_is_due(step):
                run.save(step, best=best)
            if ending:
                break
            batch = next(run.inputs)
            run.state, scalars = run.take_step(run.state, batch, run.key)
            run.results.add(batch, scalars)
            # What is written of a step counts it as done.
            if run.due(step + 1, config.log.steps):
                run.results.wait()
                run.journal.progress(step + 1, images=config.batch_size, waited=run.inputs.waited)
        if interruption.signal:
            raise Interrupted(interruption.signal, step)
        run.finish()
    return run.state
