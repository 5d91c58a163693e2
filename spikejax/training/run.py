"""What a run is made of, put together from its configuration."""

import dataclasses
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
from jax.experimental import multihost_utils

from spikejax import datasets, models, parallel, tasks
from spikejax.parallel import Parallel
from spikejax.training.checkpoints import CheckpointError, Checkpoints
from spikejax.training.exporting import WEIGHTS, best_state, state_shapes, step_of, write_weights
from spikejax.training.journal import Journal
from spikejax.training.prefetch import Prefetch
from spikejax.training.results import Results
from spikejax.training.settings import check, notes
from spikejax.training.starting import initial_variables
from spikejax.training.step import TrainState
from spikejax.training.summary import write_summary
from spikejax.training.validation import Validation

Source = Callable[..., Any]


@dataclasses.dataclass
class Run:
    """A run between two steps: everything that the loop moves.

    Attributes:
        config: as `settings.default_config` says.
        workdir: its folder.
        parallel: how steps are spread.
        task: what is trained.
        begin: the step that the run begins at, or goes on from.
        state: the current one.
        take_step: (state, batch, key) -> (state, scalars), compiled.
        key: random, of the run.
        inputs: the batches from this step on.
        validation: the fixed examples, if there are any.
        checkpoints: where states are kept.
        journal: what is written for people.
        results: of the steps under way.
        taken: how many steps this run has taken.
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
        """Whether something that is done every so many steps, and at the end, is due."""
        last = step == self.config.steps
        return step > self.begin and interval > 0 and (step % interval == 0 or last)

    def save_is_due(self, step: int) -> bool:
        """Whether it is time for a checkpoint, by steps or by the clock."""
        if step == self._saved:
            return False
        if self.due(step, self.config.checkpoint.steps):
            return True
        minutes = (time.monotonic() - self._saved_at) / 60
        late = 0 < self.config.checkpoint.minutes < minutes
        if jax.process_count() == 1:
            return late
        # All processes go by the clock of the first, which they ask now and then.
        asking = self.due(step, self.config.log.steps)
        return asking and bool(multihost_utils.broadcast_one_to_all(late))

    def save(self, step: int, *, best: float | None = None) -> None:
        """Writes a checkpoint in the background, unless this step has one."""
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
        """Scores the network on the fixed examples and returns the score that decides."""
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
            write_weights(self.workdir / WEIGHTS, self.task, best, self.config)
        scored = None if best.measure is None else (best.step, best.measure)
        self.journal.say(f"{write_summary(self.workdir, self.config, best=scored)}")

    def close(self) -> None:
        """Waits for what is still being written."""
        self.inputs.close()
        self.checkpoints.close()
        self.journal.close()


def start(config: Any, workdir: Path, source: Source | None = None) -> Run:
    """Puts a run together, from its newest checkpoint if there is one.

    Args:
        config: as `settings.default_config` says.
        workdir: the folder of the run; made if need be.
        source: what to take in place of `datasets.batches`.

    Returns:
        The run, before its first step.

    Raises:
        ValueError: if the configuration makes no sense or does not fit the checkpoints.
    """
    check(config)
    spread = parallel.create(
        config.parallel, batch_size=config.batch_size, accumulate=config.accumulate
    )
    task = tasks.create(config, axis_name=spread.axis_name)
    step = step_of(config, task)
    examples = _batches(config, task, config.seed, source)
    workdir.mkdir(parents=True, exist_ok=True)
    checkpoints = Checkpoints(workdir / "checkpoints", keep=config.checkpoint.keep)
    # Shapes do: a run that goes on needs no initial values.
    shapes = spread.replicated(state_shapes(step))
    found = checkpoints.restore(shapes, config=config.to_dict())
    if found is None:
        begin, state = 0, step.init(initial_variables(task, config))
    else:
        begin, state, position = found
        if begin > config.steps:
            raise CheckpointError(
                f"{checkpoints.folder}: the newest checkpoint is of step {begin}, beyond "
                f"steps = {config.steps}; give --config.steps={begin} or more, or another --workdir"
            )
        examples.set_state(position)
    journal = Journal(workdir, steps=config.steps, begin=begin, active=jax.process_index() == 0)
    journal.say(f"{task.name}: from step {begin} to {config.steps} on {spread.describe()}")
    for note in (*task.notes, *notes(config)):
        journal.say(note)
    validation = None
    if config.validation.steps:
        of_split = {"split": config.validation.split or config.data.split}
        fixed = _batches(config, task, config.validation.seed, source, **of_split)
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
    config: Any, task: tasks.Task, seed: int, source: Source | None, **changes: Any
) -> Any:
    """This process's share of the batches of a seed."""
    options = {name: value for name, value in config.data.items() if value != ""} | changes
    return (source or datasets.batches)(
        options,
        batch_size=config.batch_size,
        window=task.window,
        windows=options.pop("windows"),
        seed=seed,
        process_index=jax.process_index(),
        process_count=jax.process_count(),
    )
