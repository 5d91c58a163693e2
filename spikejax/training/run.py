"""The parts of a run, created from its configuration."""

import dataclasses
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
from jax.experimental import multihost_utils

from spikejax import datasets, models, parallel, tasks, weights
from spikejax.parallel import Parallel
from spikejax.training.checkpoints import CheckpointError, Checkpoints
from spikejax.training.exporting import best_state, write_weights
from spikejax.training.journal import Journal
from spikejax.training.prefetch import Prefetch
from spikejax.training.results import Results
from spikejax.training.settings import check, notes
from spikejax.training.step import TrainState, state_shapes, step_of
from spikejax.training.summary import write_summary
from spikejax.training.validation import Validation

OpenBatches = Callable[..., Any]
"""A function with the arguments of `datasets.batches`."""


@dataclasses.dataclass
class Run:
    """A run between two steps: everything that the loop uses.

    Attributes:
        config: see `settings.default_config`.
        workdir: folder of the run.
        parallel: distribution over devices.
        task: the task that is trained.
        begin: step that the run begins at, or resumes from.
        state: current state.
        take_step: (state, batch, key) -> (state, scalars), compiled.
        key: random key of the run.
        inputs: batches from the current step on.
        validation: fixed examples; None without validation.
        checkpoints: checkpoints of the run.
        journal: log of the run.
        results: results of the steps in flight.
        taken: number of steps taken since `begin`.
    """

    config: Any
    workdir: Path
    parallel: Parallel
    task: tasks.Task
    begin: int
    state: TrainState
    take_step: Callable[..., Any]
    key: jax.Array
    inputs: Prefetch
    validation: Validation | None
    checkpoints: Checkpoints
    journal: Journal
    results: Results
    taken: int = 0

    def __post_init__(self) -> None:
        self._saved, self._saved_at = self.begin, time.monotonic()

    def due(self, step: int, interval: int) -> bool:
        """Returns whether something that is done every `interval` steps and at the end is due."""
        last = step == self.config.steps
        return step > self.begin and interval > 0 and (step % interval == 0 or last)

    def save_is_due(self, step: int) -> bool:
        """Returns whether a checkpoint is due, by steps or by the clock."""
        if step == self._saved:
            return False
        if self.due(step, self.config.checkpoint.steps):
            return True
        minutes = (time.monotonic() - self._saved_at) / 60
        late = 0 < self.config.checkpoint.minutes < minutes
        if jax.process_count() == 1:
            return late
        # All processes use the clock of the first one, which they synchronise at logged steps.
        synchronised = self.due(step, self.config.log.steps)
        return synchronised and bool(multihost_utils.broadcast_one_to_all(late))

    def save(self, step: int, *, best: float | None = None) -> None:
        """Writes a checkpoint in the background, unless this step already has one."""
        if step == self._saved:
            return
        self.results.wait()
        self.checkpoints.save(
            step,
            self.parallel.snapshot(self.state),
            config=self.config.to_dict(),
            position=self.inputs.get_state(),
            best=best,
        )
        self._saved, self._saved_at = step, time.monotonic()

    def validate(self, step: int) -> float:
        """Scores the network on the fixed examples; returns the score of the first metric."""
        assert self.validation is not None
        self.results.wait()
        began = time.perf_counter()
        scores = self.validation.scores(self.state.variables)
        picture = self.validation.picture(self.state.variables)
        self.journal.validation(step, scores, picture, seconds=time.perf_counter() - began)
        return scores[self.task.metrics[0]]

    def finish(self) -> None:
        """Writes the best weights and the summary."""
        self.checkpoints.wait()
        best = best_state(self.checkpoints, self.parallel.replicated(self.state))
        if jax.process_index() != 0:
            return
        if self.task.model in models.names():
            write_weights(self.workdir / weights.OF_RUN, self.task, best, self.config)
        scored = None if best.score is None else (best.step, best.score)
        self.journal.say(f"{write_summary(self.workdir, self.config, best=scored)}")

    def close(self) -> None:
        """Stops the input thread and waits until everything is written."""
        self.inputs.close()
        self.checkpoints.close()
        self.journal.close()


def start(config: Any, workdir: Path, open_batches: OpenBatches | None = None) -> Run:
    """Creates a run, from its newest checkpoint if there is one.

    Args:
        config: see `settings.default_config`.
        workdir: folder of the run; created if it is missing.
        open_batches: function to use in place of `datasets.batches`; None for that one.

    Returns:
        The run, before its first step.

    Raises:
        ValueError: if the configuration is invalid or does not fit the checkpoints.
    """
    check(config)
    spread = parallel.create(
        config.parallel, batch_size=config.batch_size, accumulate=config.accumulate
    )
    task = tasks.create(config, axis_name=spread.axis_name)
    step = step_of(config, task)
    examples = _batches(config, task, config.seed, open_batches)
    workdir.mkdir(parents=True, exist_ok=True)
    checkpoints = Checkpoints(workdir / "checkpoints", keep=config.checkpoint.keep)
    # Shapes suffice: a resumed run needs no initial values.
    shapes = spread.replicated(state_shapes(step))
    restored = checkpoints.restore(shapes, config=config.to_dict())
    if restored is None:
        begin, state = 0, step.init(tasks.initial_variables(task, config))
    else:
        begin, state, position = restored
        if begin > config.steps:
            raise CheckpointError(
                f"{checkpoints.folder}: the newest checkpoint is of step {begin}, beyond "
                f"steps = {config.steps}; use --config.steps={begin} or more, or another --workdir"
            )
        examples.set_state(position)
    journal = Journal(workdir, steps=config.steps, begin=begin, active=jax.process_index() == 0)
    journal.say(f"{task.model}: from step {begin} to {config.steps} on {spread.describe()}")
    for note in (*task.notes, *notes(config)):
        journal.say(note)
    validation = None
    if config.validation.steps:
        of_split = {"split": config.validation.split or config.data.split}
        fixed = _batches(config, task, config.validation.seed, open_batches, **of_split)
        count = -(-config.validation.examples // config.batch_size)
        validation = Validation(task, spread, fixed, batches=count)
    return Run(
        config=config,
        workdir=workdir,
        parallel=spread,
        task=task,
        begin=begin,
        state=spread.replicate(state),
        take_step=spread.step(step),
        key=spread.key(config.seed),
        inputs=Prefetch(examples, place=spread.spread, ahead=0 if spread.alone else 2),
        validation=validation,
        checkpoints=checkpoints,
        journal=journal,
        results=Results(journal, failures=config.failures, folder=workdir, gather=spread.gather),
    )


def _batches(
    config: Any, task: tasks.Task, seed: int, open_batches: OpenBatches | None, **changes: Any
) -> Any:
    """Opens the share of this process of the batches of a seed."""
    options = {name: value for name, value in config.data.items() if value != ""} | changes
    return (open_batches or datasets.batches)(
        options,
        batch_size=config.batch_size,
        window=task.window,
        windows=options.pop("windows"),
        seed=seed,
        process_index=jax.process_index(),
        process_count=jax.process_count(),
    )
