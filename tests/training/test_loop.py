import re
import signal

import jax
import numpy as np
import pytest
import toy_training

from spikejax import parallel, training, weights
from spikejax.training.checkpoints import Checkpoints
from spikejax.training.interruption import Interruption
from spikejax.training.journal import read_table
from spikejax.training.run import Run

STEPS = 12


def train(workdir, *, batches=toy_training.Batches, **changes):
    return training.train(toy_training.config(**changes), workdir, batches=batches)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Trains to the last step; returns the folder, the last state and the printed lines."""
    workdir = tmp_path_factory.mktemp("run")
    printed = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("builtins.print", lambda line, **_: printed.append(line))
        state = train(workdir)
    return workdir, state, printed


def poisoned(*steps):
    return type("Poisoned", (toy_training.Batches,), {"poisoned": steps})


def test_the_loss_falls(run):
    loss = read_table(run[0] / "train.csv")["loss"]
    assert loss[-1] < loss[0]


def test_the_lines_of_progress_hold_step_loss_speed_and_time_left(run):
    lines = [line for line in run[2] if line.startswith("step 4/")]
    number = r"\d+\.\d+"
    assert re.fullmatch(
        rf"step 4/12  gradient_norm {number}  loss {number}  squares {number}  "
        rf"{number} images/s  data \d+%  \d+:\d\d:\d\d left",
        lines[0],
    )
    assert re.fullmatch(rf"step 4/12  validation: psnr {number}  ssim -?{number}", lines[1])


def test_tables_and_pictures_are_written(run):
    workdir = run[0]
    assert list(read_table(workdir / "train.csv")["step"]) == [2, 4, 6, 8, 10, 12]
    assert list(read_table(workdir / "validation.csv")["step"]) == [4, 8, 12]
    summary = (workdir / "summary.md").read_text()
    for link in re.findall(r"\]\((.*?)\)", summary):
        assert (workdir / link).stat().st_size > 1000
    best = read_table(workdir / "validation.csv")
    step = int(best["step"][np.argmax(best["psnr"])])
    assert f"psnr {best['psnr'].max():.3f} at step {step}" in summary


def test_tensorboard_gets_scalars_and_pictures(run):
    from tensorboardX.proto.event_pb2 import Event

    (path,) = (run[0] / "tensorboard").iterdir()
    data, at, tags = path.read_bytes(), 0, set()
    while at < len(data):  # records of length, checksum, event, checksum
        length = int.from_bytes(data[at : at + 8], "little")
        event = Event.FromString(data[at + 12 : at + 12 + length])
        tags |= {(value.tag, event.step) for value in event.summary.value}
        at += 16 + length
    assert {("train/loss", 2), ("validation/psnr", 12)} <= tags
    assert any(step == 8 and "output" in tag for tag, step in tags)


def test_the_best_and_the_newest_checkpoints_are_kept(run):
    workdir, state, _ = run
    kept = {int(p.name) for p in (workdir / "checkpoints").iterdir() if p.name.isdigit()}
    scores = read_table(workdir / "validation.csv")
    best = int(scores["step"][np.argmax(scores["psnr"])])
    assert kept == {best, 10, 12}
    variables = training.best_variables(workdir)
    assert weights.trained_gain(variables) == 1
    checkpoints = Checkpoints(workdir / "checkpoints", read_only=True)
    saved = checkpoints.restore(parallel.single().replicated(state), step=best)
    checkpoints.close()
    assert toy_training.same(variables["params"], saved[1].average)


def test_going_on_at_the_end_changes_nothing(run, capsys):
    workdir, state, _ = run
    assert toy_training.same(train(workdir), state)
    assert "from step 12 to 12" in capsys.readouterr().out


@pytest.mark.parametrize("mode", ["pmap", "jit"])
def test_muon_goes_on_to_the_bit(tmp_path, mode):
    changes = {"optimiser__name": "muon", "schedule__name": "constant", "parallel": mode}
    train(tmp_path / "two parts", steps=2, **changes)
    parts, whole = (train(tmp_path / name, steps=4, **changes) for name in ("two parts", "one"))
    assert toy_training.same(parts, whole)
    assert int(whole.step) == 4


def test_a_configuration_that_does_not_fit_is_refused_with_its_fields(run):
    with pytest.raises(
        ValueError, match=r"another configuration: batch_size \(16 there, 4 here\), optimiser.b1 \("
    ):
        train(run[0], batch_size=4, optimiser__b1=0.8, steps=13, log__steps=5)


def test_a_run_that_is_beyond_the_last_step_asked_for_is_refused_untouched(run):
    before = (run[0] / "train.csv").read_text(), (run[0] / "summary.md").read_text()
    with pytest.raises(ValueError, match=r"newest checkpoint is of step 12, beyond steps = 8; use"):
        train(run[0], steps=8)
    assert ((run[0] / "train.csv").read_text(), (run[0] / "summary.md").read_text()) == before


def test_a_run_asked_to_end_saves_without_validating_while_signals_are_still_held(
    tmp_path, monkeypatch
):
    def asked(self, step):
        self.signal = signal.SIGTERM if step == 4 else 0
        return step == 4

    handlers = []

    def close(self):
        handlers.append(signal.getsignal(signal.SIGTERM))
        original(self)

    original = Run.close
    monkeypatch.setattr(Run, "close", close)
    monkeypatch.setattr(Interruption, "asked", asked)
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(training.Interrupted, match="at step 4"):
        train(tmp_path)
    assert not (tmp_path / "validation.csv").exists()
    assert (tmp_path / "checkpoints" / "4").is_dir()
    assert handlers[0] is not before
    assert signal.getsignal(signal.SIGTERM) is before


def test_steps_that_are_not_finite_are_skipped_and_counted(tmp_path, capsys):
    state = train(tmp_path, batches=poisoned(3, 5, 6), failures=3, steps=8)
    assert (int(state.skipped), int(state.failed), int(state.step)) == (3, 0, 8)
    assert all(np.isfinite(x).all() for x in jax.tree.leaves(state))
    table = read_table(tmp_path / "train.csv")
    np.testing.assert_array_equal(table["skipped"], [0, 1, 2, 3])
    assert np.isfinite(table["loss"]).all()
    assert "3 steps skipped" in capsys.readouterr().out


def test_too_many_in_a_row_end_the_run_with_the_last_of_their_batches(tmp_path):
    with pytest.raises(training.NotFiniteError, match=r"in 3 steps in a row.*not_finite_0.npz"):
        train(tmp_path, batches=poisoned(*range(5, 40)), failures=3)
    saved = np.load(tmp_path / "not_finite_0.npz")
    expected = toy_training.Batches({}, batch_size=16, window=1, windows=1, seed=0)
    expected.set_state({"step": 7})
    for name, array in next(expected).items():
        array[0] = np.nan
        np.testing.assert_array_equal(saved[name], array)


def test_an_error_in_the_input_reaches_the_caller(tmp_path):
    class Broken(toy_training.Batches):
        def __next__(self):
            if self._step == 3 and self._seed == 0:
                raise OSError("the disk is gone")
            return super().__next__()

    with pytest.raises(OSError, match="the disk is gone") as caught:
        train(tmp_path, batches=Broken)
    assert training.failed_late(caught.value)
    assert "failed after 3 steps from step 0 on" in caught.value.__notes__[-1]
