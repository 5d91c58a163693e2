"""The training loop: evaluate, save, take the next batch, take a step."""

import collections
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np

from spikejax import datasets, tasks
from spikejax.training import parallel as devices
from spikejax.training import schedules
from spikejax.training.checkpoints import Checkpoints
from spikejax.training.interruption import Interruption
from spikejax.training.journal import Journal
from spikejax.training.prefetch import Prefetch
from spikejax.training.starting import initial_variables
from spikejax.training.step import TrainState, TrainStep
from spikejax.training.validation import Validation

_BEHIND = 2  # steps that the device may be behind: results are looked at once they are there


class NotFiniteError(RuntimeError):
    """Too many steps in a row had a loss that is not finite."""


def train(
    config: Any, workdir: str | Path, *, batches: Callable[..., Any] | None = None
) -> TrainState:
    """Trains until the last step, from the newest checkpoint if there is one.

    Args:
        config: as `settings.default_config` says.
        workdir: the folder for checkpoints, tables and TensorBoard; made if need be.
        batches: what to take in place of `datasets.batches`.

    Returns:
        The state after the last step, or after the one at which the run was asked to end.

    Raises:
        ValueError: if the configuration makes no sense or does not fit the checkpoints.
        NotFiniteError: if the loss was not finite for `config.failures` steps in a row.
    """
    workdir = Path(workdir)
    workdir.mkdir(parents=True, exist_ok=True)
    parallel = devices.create(
        config.parallel, batch_size=config.batch_size, accumulate=config.accumulate
    )
    task = tasks.create(config, axis_name=parallel.axis_name)
    step_of = TrainStep(
        task,
        schedules.optimiser(config),
        schedules.learning_rate(config),
        average=config.ema,
        accumulate=config.accumulate,
    )

    def source(seed: int) -> Any:
        return (batches or datasets.batches)(
            config.data,
            batch_size=config.batch_size,
            window=task.window,
            windows=config.data.windows,
            seed=seed,
            process_index=jax.process_index(),
            process_count=jax.process_count(),
        )

    checkpoints = Checkpoints(workdir / "checkpoints", keep=config.checkpoint.keep)
    examples = source(config.seed)
    # Shapes first: a run that goes on needs no initial values.
    abstract = jax.eval_shape(lambda k: step_of.init(task.init(k)), jax.random.key(0))
    found = checkpoints.restore(parallel.replicated(abstract), config=config.to_dict())
    if found is None:
        state = parallel.replicate(step_of.init(initial_variables(task, config)))
        begin = 0
    else:
        begin, state, position = found
        examples.set_state(position)
    key = parallel.replicate(jax.random.key(config.seed))
    take_step = parallel.step(step_of)
    journal = Journal(workdir, steps=config.steps, begin=begin, active=jax.process_index() == 0)
    for note in task.notes:
        journal.say(note)
    journal.say(f"{task.name}: step {begin} of {config.steps}, {parallel.describe()}")

    validation = None
    if config.validation.steps:
        validation = Validation(
            task,
            parallel,
            source(config.validation.seed),
            batches=-(-config.validation.examples // config.batch_size),
        )
    pending: collections.deque[tuple[Any, Any]] = collections.deque()

    def look(most: int) -> None:
        """Looks at the results of all steps but the last `most`, waiting for them if need be."""
        while len(pending) > most:
            batch, scalars = pending.popleft()
            scalars = {name: float(value) for name, value in jax.device_get(scalars).items()}
            journal.add(scalars)
            if scalars["failed"] >= config.failures:
                path = save_batch(workdir, batch)
                raise NotFiniteError(
                    f"the loss was not finite in {config.failures} steps in a row; "
                    f"the last of their batches is in {path}"
                )

    def due(step: int, interval: int) -> bool:
        last = step == config.steps
        return step > begin and bool(interval) and (step % interval == 0 or last)

    saved, saved_at = begin, time.monotonic()
    inputs = Prefetch(examples, place=parallel.spread)
    with Interruption() as interruption:
        try:
            for step in range(begin, config.steps + 1):
                # Evaluation comes before saving, so that the checkpoint knows how good it is.
                best = None
                if validation is not None and due(step, config.validation.steps):
                    look(0)
                    scores = validation.scores(state.variables)
                    best = scores[task.metrics[0]]
                    journal.validation(step, scores)
                    journal.picture(
                        step, "input, output, target", validation.picture(state.variables)
                    )
                    journal.resume()
                ending = interruption.asked(step) or step == config.steps
                minutes = (time.monotonic() - saved_at) / 60
                timely = bool(config.checkpoint.minutes) and minutes > config.checkpoint.minutes
                if step > saved and (
                    ending or best is not None or timely or due(step, config.checkpoint.steps)
                ):
                    look(0)
                    checkpoints.save(
                        step,
                        state,
                        config=config.to_dict(),
                        position=inputs.get_state(),
                        best=best,
                    )
                    saved, saved_at = step, time.monotonic()
                if ending:
                    break
                batch = next(inputs)
                state, scalars = take_step(state, batch, key)
                pending.append((batch, scalars))
                look(_BEHIND)
                if due(step + 1, config.log.steps):
                    look(0)
                    journal.progress(step + 1, images=config.batch_size, waited=inputs.waited)
        finally:
            inputs.close()
            checkpoints.close()
            journal.close()
    return state


def save_batch(workdir: Path, batch: Any) -> Path:
    """Writes this process's part of a batch to an .npz file and returns its path."""
    path = workdir / f"not_finite_{jax.process_index()}.npz"
    arrays = {
        name: np.concatenate([np.asarray(s.data) for s in x.addressable_shards])
        for name, x in batch.items()
    }
    np.savez_compressed(path, **arrays)
    return path
