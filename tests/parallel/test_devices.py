import ast
import contextlib
import socket
import threading

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import toy_training

from spikejax import parallel, training
from spikejax.training.journal import read_table
from spikejax.training.run import start


def output_of(process):
    output, _ = process.communicate(timeout=200)
    assert process.returncode == 0, output
    return output


def test_eight_devices_give_the_numbers_of_one(worker):
    """Uses SGD: Adam's steps would hide a gradient that is wrong by a factor."""
    output = output_of(worker("devices", devices=8))
    distances = ast.literal_eval(output.splitlines()[-1])
    assert set(distances) == {"pmap", "jit"}
    assert max(distances.values()) < 1e-6, output


@pytest.mark.parametrize("mode", ["pmap", pytest.param("jit", marks=pytest.mark.slow)])
def test_what_two_processes_began_one_ends_as_if_it_had_been_alone(tmp_path, worker, mode):
    changes = {
        "checkpoint__steps": 2,
        "optimiser__name": "sgd",
        "optimiser__learning_rate": 0.1,
        "parallel": mode,
        "schedule__name": "constant",
        "validation__steps": 3,
    }
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    arguments = ["steps=4", *(f"{name}={value!r}" for name, value in changes.items())]
    together = tmp_path / "together"
    processes = [
        worker(together, *arguments, devices=2, TOY_PROCESS=f"{index}:{port}") for index in (0, 1)
    ]
    config = toy_training.config(steps=5, **changes)
    alone = training.train(config, tmp_path / "alone", batches=toy_training.Batches)
    for process in processes:
        output_of(process)
    state = training.train(config, together, batches=toy_training.Batches)
    for a, b in zip(jax.tree.leaves(state), jax.tree.leaves(alone), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)
    tables = [read_table(w / "validation.csv") for w in (together, tmp_path / "alone")]
    assert list(tables[0]["step"]) == [3, 4, 5]
    np.testing.assert_allclose(tables[0]["psnr"][::2], tables[1]["psnr"], rtol=1e-5)


@pytest.mark.parametrize("mode", ["pmap", "jit"])
def test_a_batch_comes_back_from_its_devices_as_it_was(mode, rng):
    over = parallel.create(mode, batch_size=4)
    batch = {"a": rng.random((4, 3, 2)), "b": rng.random(4)}
    back = over.gather(over.spread(jax.tree.map(np.float32, batch)))
    for name, array in batch.items():
        np.testing.assert_array_equal(back[name], np.float32(array))


@pytest.mark.parametrize("mode", ["pmap", "jit"])
def test_means_are_over_all_devices(mode, rng):
    over = parallel.create(mode, batch_size=4)
    x = np.float32(rng.random(4))
    means = over.means(lambda variables, batch: {"m": batch["x"] * variables["k"]})
    got = means(over.replicate({"k": np.float32(3)}), over.spread({"x": x}))
    assert float(got["m"]) == pytest.approx(3 * x.mean(), rel=1e-6)


@pytest.mark.parametrize("mode", ["pmap", "jit"])
def test_cpus_compute_nothing_else_during_a_step(mode, tmp_path):
    """Another program could take the threads that the step needs, which is a deadlock."""
    others = set(threading.enumerate())
    run = start(toy_training.config(parallel=mode), tmp_path, toy_training.Batches)
    with contextlib.closing(run):
        assert run.parallel.alone
        assert "prefetch" not in {thread.name for thread in set(threading.enumerate()) - others}
        state, _ = run.take_step(run.state, next(run.inputs), run.key)
        assert all(x.is_ready() for x in jax.tree.leaves(state))
        copied = run.parallel.snapshot(state)
        assert all(x.is_ready() for x in jax.tree.leaves(copied))


@pytest.mark.parametrize("mode", ["pmap", "jit"])
def test_means_are_waited_for_as_steps_are(mode):
    def slow(_, batch):
        return {"m": jax.lax.fori_loop(0, 500, lambda _, x: jnp.sin(x), batch["x"])}

    over = parallel.create(mode, batch_size=2)
    means, batch = over.means(slow), over.spread({"x": np.ones((2, 50_000), np.float32)})
    means({}, batch)  # compiled
    assert means({}, batch)["m"].is_ready()


def test_one_device_need_not_be_left_alone():
    assert not parallel.single().alone


def test_what_does_not_divide_is_refused():
    with pytest.raises(ValueError, match=r"batch_size is 6, expected a multiple of 4: 2 devices"):
        parallel.create("pmap", batch_size=6, accumulate=2)
    with pytest.raises(ValueError, match="parallel is 'gspmd', expected 'pmap' or 'jit'"):
        parallel.create("gspmd", batch_size=6)
