"""The training step, for any task, on one device or many."""

import dataclasses
from typing import Any

import flax.struct
import jax
import jax.numpy as jnp
import optax
from jax import lax

from spikejax.tasks import Batch, Scalars, Task, Variables
from spikejax.training import schedules
from spikejax.training.schedules import Schedule


@flax.struct.dataclass
class TrainState:
    """Everything that a step changes.

    Attributes:
        step: number of batches seen so far, int32.
        failed: number of the latest batches in a row that were skipped as not finite, int32.
        skipped: number of all batches that were skipped as not finite, int32.
        params: parameters of the network, float32.
        batch_stats: running statistics of the network, {} if it has none.
        opt_state: state of the optimiser.
        average: exponential moving average of the parameters; {} without one.
    """

    step: jax.Array
    failed: jax.Array
    skipped: jax.Array
    params: Any
    batch_stats: Any
    opt_state: Any
    average: Any

    @property
    def variables(self) -> Variables:
        """Variables to evaluate and to export, with averaged parameters if there are any."""
        variables = {"params": self.average or self.params}
        return variables | ({"batch_stats": self.batch_stats} if self.batch_stats else {})


@dataclasses.dataclass(frozen=True)
class TrainStep:
    """The step of a task: gradients, clipping, the optimiser's update, the moving average.

    Attributes:
        task: the task that is trained.
        optimiser: transformation from gradients to directions, see `schedules.optimiser`.
        learning_rate: learning rate by step, see `schedules.learning_rate`.
        average: decay of the moving average per step, 0 for none.
        accumulate: parts into which a device divides its share of the batch to save memory.
    """

    task: Task
    optimiser: optax.GradientTransformation
    learning_rate: Schedule
    average: float = 0.0
    accumulate: int = 1

    def init(self, variables: Variables) -> TrainState:
        """Creates the state before the first step."""
        params = variables["params"]
        # No two of these share memory, since the first step donates all of it.
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
        self, state: TrainState, batch: Batch, key: jax.Array, *, axis_name: str | None = None
    ) -> tuple[TrainState, Scalars]:
        """Takes a step.

        A step whose loss or gradient is not finite changes the counters only.

        Args:
            state: state before the step.
            batch: arrays with a leading axis of examples; on several devices, the share of this
                device.
            key: random key of the run; each step derives its own from it.
            axis_name: mapped axis of the devices, over which gradients are averaged.

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
        with jax.numpy_dtype_promotion("standard"):  # optax raises floats to integer powers
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
        self, state: TrainState, batch: Batch, key: jax.Array
    ) -> tuple[Any, jax.Array, Any, Scalars]:
        """Averages the gradient over the parts of the batch; statistics pass from part to part."""
        differentiate = jax.value_and_grad(self.task.loss, has_aux=True)

        def part(batch_stats: Any, inputs: tuple[Batch, jax.Array]) -> tuple[Any, Any]:
            values, grads = differentiate(state.params, batch_stats, *inputs)
            loss, (batch_stats, scalars) = values
            return batch_stats, (grads, loss, scalars)

        if self.accumulate == 1:
            batch_stats, (grads, loss, scalars) = part(state.batch_stats, (batch, key))
            return grads, loss, batch_stats, scalars

        def cut(x: jax.Array) -> jax.Array:
            # Every n-th example, so that a batch spread over devices is not moved between them.
            x = x.reshape(-1, self.accumulate, *x.shape[1:])
            return jnp.moveaxis(x, 1, 0)

        def add(carry: Any, inputs: tuple[Batch, jax.Array]) -> tuple[Any, None]:
            batch_stats, sums = carry
            batch_stats, terms = part(batch_stats, inputs)
            return (batch_stats, jax.tree.map(jnp.add, sums, terms)), None

        parts = (jax.tree.map(cut, dict(batch)), jax.random.split(key, self.accumulate))
        first = jax.tree.map(lambda x: x[0], parts)
        _, shapes = jax.eval_shape(part, state.batch_stats, first)
        zeros = jax.tree.map(lambda s: jnp.zeros(s.shape, s.dtype), shapes)
        (batch_stats, sums), _ = lax.scan(add, (state.batch_stats, zeros), parts)
        grads, loss, scalars = jax.tree.map(lambda x: x / self.accumulate, sums)
        return grads, loss, batch_stats, scalars

    def _averaged(self, state: TrainState, params: Any) -> Any:
        if not self.average:
            return state.average
        # The decay is smaller at first, so that the initial values are forgotten.
        count = state.step.astype(jnp.float32)
        keep = jnp.minimum(self.average, (1 + count) / (10 + count))
        return jax.tree.map(lambda a, p: keep * a + (1 - keep) * p, state.average, params)


def step_of(config: Any, task: Task) -> TrainStep:
    """Creates the step of a task from a configuration."""
    return TrainStep(
        task,
        schedules.optimiser(config),
        schedules.learning_rate(config),
        average=config.ema,
        accumulate=config.accumulate,
    )


def state_shapes(step: TrainStep) -> Any:
    """Returns the shapes and dtypes of a state without computing one."""
    return jax.eval_shape(lambda key: step.init(step.task.init(key)), jax.random.key(0))
