"""Tests that a killed run resumes bit for bit."""

import re
import signal
import time

import numpy as np
import pytest
import toy_training
from jax.tree_util import tree_leaves

from spikejax.training.step import state_shapes, step_of


def finish(process):
    output, _ = process.communicate(timeout=240)
    return output


def final_state(workdir):
    """Reads the last checkpoint."""
    from spikejax import parallel
    from spikejax.training.checkpoints import Checkpoints

    config = toy_training.config()
    step = step_of(config, toy_training.create(config))
    checkpoints = Checkpoints(workdir / "checkpoints", read_only=True)
    shapes = parallel.single().replicated(state_shapes(step))
    restored = checkpoints.restore(shapes)
    checkpoints.close()
    return restored


def first_step(output):
    return int(re.search(r"from step (\d+)", output)[1])


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory, worker):
    """Starts a run that is not killed; returns a function that waits for it."""
    workdir = tmp_path_factory.mktemp("uninterrupted")
    process = worker(workdir)

    def wait():
        if process.poll() is None:
            process.wait(timeout=240)
        assert process.returncode == 0
        return workdir

    return wait


def assert_same_run(workdir, expected):
    expected = expected()
    ours, theirs = final_state(workdir), final_state(expected)
    assert ours[0] == theirs[0] == 12
    assert ours[2] == theirs[2]
    assert all(
        np.array_equal(a, b)
        for a, b in zip(tree_leaves(ours[1]), tree_leaves(theirs[1]), strict=True)
    )
    assert (workdir / "validation.csv").read_text() == (expected / "validation.csv").read_text()
    columns = [toy_training_columns(w / "train.csv") for w in (workdir, expected)]
    assert columns[0] == columns[1]


def toy_training_columns(path):
    """Reads a table without its timings."""
    lines = [line.split(",") for line in path.read_text().splitlines()]
    kept = [i for i, name in enumerate(lines[0]) if name not in ("images_per_second", "data_wait")]
    return [[line[i] for i in kept] for line in lines]


def newest(workdir):
    """Returns the step of the newest complete checkpoint, 0 if there is none."""
    return max((int(p.name) for p in workdir.glob("checkpoints/*") if p.name.isdigit()), default=0)


def kill_during_save(process, workdir, after):
    """Kills a run while it writes a checkpoint, after that of a step >= `after` is complete."""
    while process.poll() is None:
        if newest(workdir) >= after and any(workdir.glob("checkpoints/*tmp*")):
            process.kill()
            break
        time.sleep(0.0005)
    return finish(process)


def test_a_run_killed_during_a_save_goes_on_to_the_bit(tmp_path, worker, uninterrupted):
    output = kill_during_save(worker(tmp_path, TOY_PAUSE="0.1"), tmp_path, after=4)
    assert "step 12/12" not in output
    complete = newest(tmp_path)
    output = finish(worker(tmp_path))
    assert first_step(output) == complete >= 4, output
    assert_same_run(tmp_path, uninterrupted)


def test_sigterm_saves_at_once_and_the_run_goes_on_to_the_bit(tmp_path, worker, uninterrupted):
    process = worker(tmp_path, "checkpoint__steps=1000", "validation__steps=1000", TOY_PAUSE="0.2")
    while "step 2/12" not in process.stdout.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    output = finish(process)
    assert process.returncode == 128 + signal.SIGTERM
    ended = int(re.search(r"stopped by a signal at step (\d+)", output)[1])
    assert 2 <= ended < 12
    output = finish(worker(tmp_path))
    assert first_step(output) == ended
    ours, theirs = final_state(tmp_path), final_state(uninterrupted())
    assert toy_training.same(ours[1], theirs[1])


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_a_run_killed_again_and_again_goes_on_to_the_bit(tmp_path, worker, uninterrupted, seed):
    rng = np.random.default_rng(seed)
    begun = []
    for _ in range(3):
        process = worker(tmp_path, TOY_PAUSE="0.2")
        begun.append(first_step(process.stdout.readline()))
        while process.poll() is None and newest(tmp_path) == begun[-1]:
            time.sleep(0.001)
        time.sleep(rng.uniform(0, 0.3))
        process.kill()
        finish(process)
    begun.append(first_step(finish(worker(tmp_path))))
    print(f"seed {seed}: killed three times, begun at steps {begun}")
    assert begun == sorted(begun)
    assert_same_run(tmp_path, uninterrupted)
