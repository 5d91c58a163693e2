import json
import shutil

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import toy_training

from spikejax import parallel
from spikejax.training.checkpoints import CheckpointError, Checkpoints, fingerprint

CONFIG = {"seed": 3, "model": {"width": (1, 2)}, "steps": 10, "log": {"steps": 2}}
CONFIG["data"] = {"folder": "/here", "workers": 0}


def state(value):
    return {"a": jnp.full((300, 40), value, jnp.float32), "b": jnp.asarray(7, jnp.int32)}


def shapes():
    return parallel.single().replicated(jax.eval_shape(lambda: state(0)))


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Saves checkpoints of the steps 1 to 5, of which step 2 is the best."""
    folder = tmp_path_factory.mktemp("saved") / "checkpoints"
    checkpoints = Checkpoints(folder)
    for step, best in enumerate([None, 30.0, None, 20.0, float("nan")], 1):
        position = {"step": step}
        checkpoints.save(step, state(step), config=CONFIG, position=position, best=best)
    checkpoints.close()
    return folder


@pytest.fixture
def folder(saved, tmp_path):
    return shutil.copytree(saved, tmp_path / "checkpoints")


def restore(folder, **options):
    checkpoints = Checkpoints(folder)
    try:
        return checkpoints.restore(shapes(), **options)
    finally:
        checkpoints.close()


def test_the_newest_comes_back_with_its_place_in_the_input(saved):
    step, got, position = restore(saved, config=CONFIG)
    assert (step, position) == (5, {"step": 5})
    assert toy_training.same(got, state(5))


def test_the_newest_two_and_the_best_are_kept(saved):
    assert sorted(int(p.name) for p in saved.iterdir() if p.name.isdigit()) == [2, 4, 5]
    checkpoints = Checkpoints(saved, read_only=True)
    assert checkpoints.best() == (2, 30.0)
    checkpoints.close()


def test_an_empty_folder_gives_nothing(tmp_path):
    assert restore(tmp_path / "checkpoints") is None


def largest(folder):
    return max((p for p in folder.rglob("*") if p.is_file()), key=lambda p: p.stat().st_size)


def cut(folder):
    path = largest(folder / "state")
    path.write_bytes(path.read_bytes()[:-20])


def flip(folder):
    path = largest(folder / "state")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def forge(folder):
    """Changes a fingerprint, which leaves readable files with the wrong numbers."""
    path = folder / "facts" / "metadata"
    facts = json.loads(path.read_text())
    facts["fingerprint"][0] += 1
    path.write_text(json.dumps(facts))


@pytest.mark.parametrize(
    "damage",
    [
        cut,
        flip,
        forge,
        lambda folder: shutil.rmtree(folder / "state"),
        lambda folder: (folder / "facts" / "metadata").write_text("{"),
    ],
    ids=["cut", "flip", "forge", "no state", "no facts"],
)
def test_a_damaged_checkpoint_is_put_aside_and_the_one_before_it_used(folder, damage):
    damage(folder / "5")
    with pytest.warns(UserWarning, match=r"checkpoints/5: the checkpoint is damaged \(.+\); using"):
        step, got, position = restore(folder)
    assert (step, position) == (4, {"step": 4})
    assert toy_training.same(got, state(4))
    assert (folder.parent / "checkpoints-damaged" / "5").is_dir()
    checkpoints = Checkpoints(folder)
    checkpoints.save(5, state(50), config=CONFIG, position={})
    checkpoints.close()
    assert toy_training.same(restore(folder)[1], state(50))


def test_when_all_are_damaged_nothing_is_thrown_away(folder):
    for step in (2, 4, 5):
        flip(folder / str(step))
    with (
        pytest.warns(UserWarning, match="damaged"),
        pytest.raises(CheckpointError, match=r"all checkpoints are damaged: steps \[5, 4, 2\]"),
    ):
        restore(folder)
    assert {"2", "4", "5"} <= {p.name for p in folder.iterdir()}


def test_what_was_left_half_written_does_not_matter(folder):
    half = folder / "6.orbax-checkpoint-tmp"
    shutil.copytree(folder / "5", half)
    (half / "commit_success.txt").unlink()
    assert restore(folder)[0] == 5
    checkpoints = Checkpoints(folder)
    checkpoints.save(6, state(60), config=CONFIG, position={})
    checkpoints.close()
    assert toy_training.same(restore(folder)[1], state(60))
    assert not half.exists()


def test_another_configuration_is_refused_with_its_fields(saved):
    other = {**CONFIG, "seed": 4, "model": {"width": (1, 3)}}
    with pytest.raises(
        CheckpointError,
        match=r"model.width \(\[1, 2\] there, \[1, 3\] here\), seed \(3 there, 4 here\)",
    ):
        restore(saved, config=other)


def test_what_may_change_does(saved):
    data = {"folder": "/elsewhere", "workers": 2}
    other = {**CONFIG, "steps": 99, "log": {"steps": 5}, "newer": 1, "data": data}
    assert restore(saved, config=other)[0] == 5


@pytest.mark.parametrize(
    ("field", "was", "other"),
    [
        ("data.interpolated", 0.0, 0.5),
        ("loss.dither", False, True),
        ("loss.teacher_mse", 0.0, 100.0),
        ("teacher.blind", True, False),
        ("teacher.stir", "", "shipped"),
    ],
)
def test_what_an_older_run_did_without_a_field_must_not_change(saved, field, was, other):
    """The saved configuration lacks the field."""
    part, name = field.split(".")
    assert restore(saved, config={**CONFIG, part: {name: was}})[0] == 5
    with pytest.raises(CheckpointError, match=rf"{field} \({was!r} there, {other!r} here\)"):
        restore(saved, config={**CONFIG, part: {name: other}})


def test_a_fingerprint_tells_values_places_and_arrays_apart():
    a, b = np.float32([1, 2, 3]), np.float32([0, 0])
    prints = [
        tuple(np.asarray(fingerprint(tree)).tolist())
        for tree in (
            [a, b],
            [a[::-1], b],
            [a, -b],
            [np.float32([1, 2, np.nextafter(np.float32(3), 4)]), b],
            [b, a],
        )
    ]
    assert len(set(prints)) == len(prints)


def test_a_fingerprint_does_not_depend_on_the_devices():
    tree = state(0.3)
    over = parallel.create("jit", batch_size=2)
    np.testing.assert_array_equal(fingerprint(tree), fingerprint(over.replicate(tree)))
