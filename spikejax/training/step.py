"""One step of training, for any task, written once for one device and for many."""

import dataclasses
from typing import Any

import flax.struct
import jax
import jax.numpy as jnp
import optax
from jax import Array, lax

from spikejax.tasks import Batch, Scalars, Task, Variables
from spikejax.training.schedules import Schedule


@flax.struct.dataclass
class TrainState:
    """Everything that a step changes.

    Attributes:
        step: batches seen so far, int32.
        failed: of these, those in a row, up to now, that were skipped as not finite, int32.
        skipped: of these, all that were skipped, int32.
        params: the network's parameters, float32.
        batch_stats: its running statistics, {} if it has none.
        opt_state: the optimiser's.
        average: the exponential moving average of the parameters; {} without one.
    """

    step: Array
    failed: Array
    skipped: Array
    params: Any
    batch_stats: Any
    opt_state: Any
    average: Any

    @property
    def variables(self) -> Variables:
        """What to evaluate and to export: the averaged parameters if they are kept."""
        variables = {"params": self.average or self.params}
        return variables | ({"batch_stats": self.batch_stats} if self.batch_stats else {})


@dataclasses.dataclass(frozen=True)
class TrainStep:
    """The step of a task: gradients, clipping, the optimiser's rule, the moving average.

    Attributes:
        task: what is trained.
        optimiser: gradients to directions, as from `schedules.optimiser`.
        learning_rate: by step, as from `schedules.learning_rate`.
        average: how much of the moving average remains in a step, 0 for none.
        accumulate: parts into which a device's share of the batch is cut to save memory.
    """

    task: Task
    optimiser: optax.GradientTransformation
    learning_rate: Schedule
    average: float = 0.0
    accumulate: int = 1

    def init(self, variables: Variables) -> TrainState:
        """The state before the first step."""
        params = variables["params"]
        # No two of these share memory, since the first step gives all of it up.
        step, failed, skipped = (jnp.zeros((), jnp.int32) for _ in range(3))
        return TrainState(
            step=step,
            failed=failed,
            skipped=skipped,
            params=params,
            batch_stats=variables.get("batch_stats", {}),
            opt_state=self.optimiser.init(params),
            average=jax.tree.map(jnp.copy, params) if self.average else {},
        )

    def __call__(
        self, state: TrainState, batch: Batch, key: Array, *, axis_name: str | None = None
    ) -> tuple[TrainState, Scalars]:
        """Takes a step; one whose loss or gradient is not finite changes the counters only.

        Args:
            state: before the step.
            batch: arrays with a leading axis of examples, this device's if there are several.
            key: of the run; each step derives its own from it.
            axis_name: the mapped axis of the devices, over which gradients are averaged.

        Returns:
            The state after the step, and the scalars for the log: the loss, its terms, the norm of
            the gradient, the learning rate, and the counts of failed steps: `failed`, those in a
            row, and `skipped`, all of them.
        """
        key = jax.random.fold_in(key, state.step)
        grads, loss, batch_stats, scalars = self._gradients(state, batch, key)
        scalars = {"loss": loss, **scalars}
        if axis_name is not None:
            grads, scalars, batch_stats = lax.pmean((grads, scalars, batch_stats), axis_name)
        norm = optax.tree.norm(grads)
        rate = self.learning_rate(state.step)
        with jax.numpy_dtype_promotion("standard"):  # Optax raises floats to whole numbers
            directions, opt_state = self.optimiser.update(grads, state.opt_state, state.params)
        params = jax.tree.map(lambda p, d: p - rate * d, state.params, directions)
        new = dataclasses.replace(
            state,
            params=params,
            batch_stats=batch_stats,
            opt_state=opt_state,
            average=self._averaged(state, params),
        )
        finite = jnp.isfinite(scalars["loss"]) & jnp.isfinite(norm)
        new = jax.tree.map(lambda a, b: jnp.where(finite, a, b), new, state)
        failed = jnp.where(finite, 0, state.failed + 1)
        skipped = state.skipped + jnp.where(finite, 0, 1)
        new = dataclasses.replace(new, step=state.step + 1, failed=failed, skipped=skipped)
        extra = {
            "gradient_norm": norm,
            "learning_rate": rate,
            "failed": failed,
            "skipped": skipped,
        }
        return new, scalars | extra

    def _gradients(
        self, state: TrainState, batch: Batch, key: Array
    ) -> tuple[Any, Array, Any, Scalars]:
        """The mean gradient over the parts of the batch, their statistics one after another."""
        differentiate = jax.value_and_grad(self.task.loss, has_aux=True)

        def part(batch_stats: Any, given: tuple[Batch, Array]) -> tuple[Any, Any]:
            (loss, (batch_stats, scalars)), grads = differentiate(state.params, batch_stats, *given)
            return batch_stats, (grads, loss, scalars)

        if self.accumulate == 1:
            batch_stats, (grads, loss, scalars) = part(state.batch_stats, (batch, key))
            return grads, loss, batch_stats, scalars

        def cut(x: Array) -> Array:
            # Every n-th example, so that a batch that is spread over devices stays where it is.
            x = x.reshape(-1, self.accumulate, *x.shape[1:])
            return jnp.moveaxis(x, 1, 0)

        def add(carry: Any, given: tuple[Batch, Array]) -> tuple[Any, None]:
            batch_stats, sums = carry
            batch_stats, terms = part(batch_stats, given)
            return (batch_stats, jax.tree.map(jnp.add, sums, terms)), None

        given = (jax.tree.map(cut, dict(batch)), jax.random.split(key, self.accumulate))
        first = jax.tree.map(lambda x: x[0], given)
        _, shapes = jax.eval_shape(part, state.batch_stats, first)
        zeros = jax.tree.map(lambda s: jnp.zeros(s.shape, s.dtype), shapes)
        (batch_stats, sums), _ = lax.scan(add, (state.batch_stats, zeros), given)
        grads, loss, scalars = jax.tree.map(lambda x: x / self.accumulate, sums)
        return grads, loss, batch_stats, scalars

    def _averaged(self, state: TrainState, params: Any) -> Any:
        if not self.average:
            return state.average
        # At first the average follows more closely, or it would remember the initial values.
        count = state.step.astype(jnp.float32)
        keep = jnp.minimum(self.average, (1 + count) / (10 + count))
        return jax.tree.map(lambda a, p: keep * a + (1 - keep) * p, state.average, params)
