"""A tiny task with random batches, and a program that trains on them.

`python toy_training.py WORKDIR name=value ...` trains. `python toy_training.py devices` prints the
distances between the states after steps on all devices and on one.
"""

import ast
import os
import sys
import time

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from spikejax import tasks, training
from spikejax.models import layers

SIZE = 16


class Net(nn.Module):
    axis_name: str | None = None

    @nn.compact
    def __call__(self, x, *, train=False):
        x = layers.Conv(4)(x)
        x = nn.relu(layers.BatchNorm(self.axis_name)(x, train=train))
        return layers.Conv(1)(x)


@tasks.register("toy")
def create(config, *, axis_name=None):
    net = Net(axis_name)

    def loss(params, batch_stats, batch, key):
        output, updated = net.apply(
            {"params": params, "batch_stats": batch_stats},
            batch["input"],
            train=True,
            mutable=["batch_stats"],
        )
        # The loss depends on the key, so that a resumed run needs the right one.
        noise = 1e-3 * jax.random.normal(key, ())
        squares = jnp.mean(jnp.square(output - batch["target"]))
        return squares * (1 + noise), (updated["batch_stats"], {"squares": squares})

    return tasks.Task(
        name="toy",
        model="toy",
        window=1,
        init=lambda key: net.init(key, jnp.zeros((1, SIZE, SIZE, 1))),
        loss=loss,
        predict=lambda variables, batch: jnp.clip(net.apply(variables, batch["input"]), 0.0, 1.0),
        target=lambda batch: batch["target"],
        preview=lambda batch: batch["input"],
    )


class Batches:
    """Random images; example n of step s depends only on the seed, s and n.

    The batches of the steps in `poisoned` are not finite. Each batch takes `pause` seconds.
    """

    poisoned = ()
    pause = 0.0

    def __init__(
        self, options, *, batch_size, window, windows, seed, process_index=0, process_count=1
    ):
        share = batch_size // process_count
        self._places = range(share * process_index, share * (process_index + 1))
        self._seed, self._step = seed, 0

    def __next__(self):
        time.sleep(self.pause)
        rows = [
            np.random.default_rng((self._seed, self._step, n)).random((2, SIZE, SIZE, 1), "f4")
            for n in self._places
        ]
        examples = np.stack(rows)
        if self._step in self.poisoned:
            examples[0] = np.nan
        self._step += 1
        return {"input": examples[:, 0], "target": examples[:, 1]}

    def get_state(self):
        return {"step": self._step}

    def set_state(self, state):
        self._step = state["step"]


def config(**changes):
    """Configures a short run that uses everything; `optimiser__name='sgd'` sets a nested field."""
    config = training.default_config()
    config.task = "toy"
    config.steps = 12
    config.batch_size = 16
    config.ema = 0.9
    config.clip = 1.0
    config.optimiser.weight_decay = 1e-3
    config.log.steps = 2
    config.checkpoint.steps = 2
    config.validation.steps = 4
    config.validation.examples = 16
    for name, value in changes.items():
        config.update_from_flattened_dict({name.replace("__", "."): value})
    return config


def same(a, b):
    """Returns whether two trees are equal to the last bit."""
    pairs = zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True)
    return jax.tree.structure(a) == jax.tree.structure(b) and all(
        np.array_equal(x, y) for x, y in pairs
    )


def distances(modes=("pmap", "jit"), count=8, steps=3):
    """Returns the distance of the state after steps of SGD from that on one device, by mode."""
    from spikejax import parallel
    from spikejax.training.step import step_of

    settings = config(optimiser__name="sgd", optimiser__learning_rate=0.5, accumulate=2)
    states, rates = {}, {}
    for mode in ("one", *modes):
        over = parallel.single() if mode == "one" else parallel.create(mode, batch_size=16 * 2)
        assert over.mesh.size == (1 if mode == "one" else count)
        task = tasks.create(settings, axis_name=over.axis_name)
        step = step_of(settings, task)
        state = over.replicate(step.init(task.init(jax.random.key(0))))
        take_step, key = over.step(step), over.key(0)
        batches = Batches({}, batch_size=32, window=1, windows=1, seed=0)
        placed = [over.spread(next(batches)) for _ in range(steps)]
        losses = []
        for batch in placed:
            began = time.perf_counter()
            state, scalars = take_step(state, batch, key)
            losses.append(float(scalars["loss"]))
        rates[mode] = 32 / (time.perf_counter() - began)
        states[mode] = jax.device_get(state)
        print(f"{mode} on {over.mesh.size}: losses {losses}, {rates[mode]:.0f} images/s")

    def distance(a, b):
        pairs = zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True)
        return max(float(np.abs(x.astype("f8") - y).max()) for x, y in pairs)

    return {mode: distance(states["one"], states[mode]) for mode in modes}


def main(arguments):
    if arguments[0] == "devices":
        print(distances(count=jax.device_count()))
        return
    workdir, *changes = arguments
    Batches.pause = float(os.environ.get("TOY_PAUSE", "0"))
    if "TOY_PROCESS" in os.environ:
        process, port = os.environ["TOY_PROCESS"].split(":")
        training.join_processes(f"127.0.0.1:{port}", 2, int(process))
    values = dict(change.split("=") for change in changes)
    changes = {name: ast.literal_eval(value) for name, value in values.items()}
    try:
        training.train(config(**changes), workdir, batches=Batches)
    except training.Interrupted as reason:
        print(reason)
        sys.exit(128 + reason.signal)


if __name__ == "__main__":
    # The same settings as in conftest.py.
    jax.config.update("jax_numpy_dtype_promotion", "strict")
    jax.config.update("jax_numpy_rank_promotion", "raise")
    main(sys.argv[1:])
