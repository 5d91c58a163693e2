"""Tests of the tasks of S-SDM: their losses, predictions and targets."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from spikejax import deblur, losses, metrics, models, tasks, weights
from spikejax.camera import ExposureTiming
from spikejax.tasks.edsr import dithered
from spikejax.training import exposure_config

EXPOSURE = ExposureTiming(readouts=9, margin=10, short=3)
TIMES = (10, 14, 18)
SIZE = 4


def config(task, **loss):
    config = exposure_config()
    config.task, config.loss = task, loss
    config.exposure = {"margin": EXPOSURE.margin, "short": EXPOSURE.short, "moments": len(TIMES)}
    config.data.exposure, config.data.moments = EXPOSURE.readouts, TIMES
    return config


@pytest.fixture
def batch(rng):
    size = (2, EXPOSURE.length, SIZE, SIZE)
    return {
        "blur": rng.random((2, 4 * SIZE, 4 * SIZE, 3), np.float32),
        "spikes": (rng.random(size) < 0.4).astype(np.uint8),
        "images": rng.random((2, len(TIMES), 4 * SIZE, 4 * SIZE, 3), np.float32),
        "gain": np.array([0.5, 0.9], np.float32),
    }


@pytest.fixture(scope="module")
def networks():
    keys = jax.random.split(jax.random.key(0), 3)
    names = ("bsn", "edsr", "ldn")
    return {name: models.create(name).init(key) for name, key in zip(names, keys, strict=True)}


@pytest.fixture
def files(networks, tmp_path):
    for name, variables in networks.items():
        weights.save(tmp_path / f"{name}.safetensors", variables, model=name)
    return tmp_path


def averages(spikes, time):
    """Returns the mean of the three readouts around a moment, (B, h, w, 1)."""
    return spikes[:, time - 1 : time + 2].astype(np.float32).mean(1)[..., None]


def loss_of(task, variables, batch):
    (total, (_, scalars)), grads = jax.jit(jax.value_and_grad(task.loss, has_aux=True))(
        variables["params"], {}, batch, jax.random.key(0)
    )
    return float(total), scalars, grads


def test_bsn_is_trained_on_the_noisy_averages_of_all_moments(networks, batch):
    task = tasks.create(config("bsn", mse=2.0))
    assert (task.model, task.window) == ("bsn", 29)
    total, scalars, _ = loss_of(task, networks["bsn"], batch)
    noisy = np.stack([averages(batch["spikes"], time) for time in TIMES])
    clean = [models.create("bsn").apply(networks["bsn"], x) for x in noisy]
    expected = np.mean((np.clip(np.stack(clean), 0, 1) - noisy) ** 2)
    np.testing.assert_allclose(scalars["mse"], expected, rtol=1e-4)
    np.testing.assert_allclose(total, 2 * expected, rtol=1e-4)


def test_bsn_is_scored_on_the_light_that_reaches_the_spike_camera(networks, batch):
    task = tasks.create(config("bsn", mse=1.0))
    target = np.asarray(task.target(batch))
    grey = batch["images"] @ np.array([0.3, 0.59, 0.11], np.float32)
    cells = grey.reshape(2 * len(TIMES), SIZE, 4, SIZE, 4).mean((2, 4))
    np.testing.assert_allclose(target[..., 0], cells, rtol=1e-5)
    predicted = np.asarray(task.predict(networks["bsn"], batch))
    out = models.create("bsn").apply(networks["bsn"], averages(batch["spikes"], TIMES[1]))
    expected = np.clip(out / batch["gain"][:, None, None, None], 0, 1)
    np.testing.assert_allclose(predicted.reshape(2, 3, *out.shape[1:])[:, 1], expected, atol=1e-5)
    assert task.preview(batch).shape == target.shape


def test_edsr_is_trained_to_turn_spikes_into_the_grey_photograph(networks, batch):
    task = tasks.create(config("edsr", mse=1.0, dither=False))
    assert task.model == "edsr"
    total, _, _ = loss_of(task, networks["edsr"], batch)
    long = batch["spikes"][:, 10:19].astype(np.float32).mean(1)[..., None]
    out = np.clip(models.create("edsr").apply(networks["edsr"], long), 0, 1)
    grey = (batch["blur"] @ np.array([0.3, 0.59, 0.11], np.float32))[..., None]
    gain = batch["gain"][:, None, None, None]
    np.testing.assert_allclose(total, np.mean((out - grey * gain) ** 2), rtol=1e-4)
    predicted = task.predict(networks["edsr"], batch)
    np.testing.assert_allclose(predicted, np.clip(out / gain, 0, 1), atol=1e-5)
    np.testing.assert_allclose(task.target(batch), grey, rtol=1e-5)
    assert task.preview(batch).shape == grey.shape


def test_edsr_may_learn_from_averages_as_noisy_as_short_ones(networks, batch):
    task = tasks.create(config("edsr", mse=1.0, dither=True))
    total = loss_of(task, networks["edsr"], batch)[0]
    keys = jax.vmap(lambda n: jax.random.fold_in(jax.random.key(0), n))(jnp.arange(2))
    long = batch["spikes"][:, 10:19].astype(np.float32).mean(1)[..., None]
    noisy = dithered(keys, jnp.asarray(long), EXPOSURE.short, EXPOSURE.readouts)
    out = np.clip(models.create("edsr").apply(networks["edsr"], noisy), 0, 1)
    rates = task.target(batch) * batch["gain"][:, None, None, None]
    np.testing.assert_allclose(total, np.mean((out - rates) ** 2), rtol=1e-4)
    plain = tasks.create(config("edsr", mse=1.0, dither=False))
    np.testing.assert_array_equal(*(t.predict(networks["edsr"], batch) for t in (task, plain)))


def test_devices_dither_their_images_as_one_would(networks, batch):
    settings = config("edsr", mse=1.0, dither=True)
    params, key = networks["edsr"]["params"], jax.random.key(0)
    whole = tasks.create(settings).loss(params, {}, batch, key)[0]
    task = tasks.create(settings, axis_name="devices")
    halves = jax.tree.map(lambda x: x.reshape(2, 1, *x.shape[1:]), batch)
    each = jax.vmap(lambda part: task.loss(params, {}, part, key)[0], axis_name="devices")(halves)
    np.testing.assert_allclose(each.mean(), whole, rtol=1e-4)


@pytest.fixture
def ldn_config(files):
    settings = config("ldn", teacher=0.5, reblur=100.0, vgg16="")
    settings.teacher = {
        "bsn": str(files / "bsn.safetensors"),
        "edsr": str(files / "edsr.safetensors"),
        "blind": False,
    }
    return settings


@pytest.mark.parametrize(("blind", "squared"), [(False, 20.0), (True, 0.0)])
def test_ldn_learns_from_the_teacher_and_from_the_photograph(
    networks, batch, ldn_config, blind, squared
):
    ldn_config.teacher.blind = blind
    ldn_config.loss.teacher_mse = squared
    task = tasks.create(ldn_config)
    assert "1 - SSIM" in task.notes[0]
    total, scalars, grads = loss_of(task, networks["ldn"], batch)
    inputs = (batch["blur"], batch["spikes"], TIMES, EXPOSURE)
    teacher = deblur.Teacher(networks["bsn"], networks["edsr"])
    taught = deblur.teacher_frames(teacher, *inputs, blind=blind)
    images = deblur.student_frames(networks["ldn"], *inputs)
    flat = (6, 4 * SIZE, 4 * SIZE, 3)
    similarity = 1 - np.mean(metrics.ssim(images.reshape(flat), taught.reshape(flat)))
    np.testing.assert_allclose(scalars["teacher"], similarity, rtol=1e-3)
    reblur = np.mean((np.asarray(images).mean(1) - batch["blur"]) ** 2)
    np.testing.assert_allclose(scalars["reblur"], reblur, rtol=1e-4)
    assert ("teacher_mse" in scalars) == bool(squared)
    if squared:
        error = np.mean((images.reshape(flat) - taught.reshape(flat)) ** 2)
        np.testing.assert_allclose(scalars["teacher_mse"], error, rtol=1e-4)
        total -= squared * error
    np.testing.assert_allclose(total, 0.5 * similarity + 100 * reblur, rtol=1e-3)
    assert jax.tree.structure(grads) == jax.tree.structure(networks["ldn"]["params"])


def test_ldn_may_be_taught_by_stir(batch, ldn_config, monkeypatch):
    stir = weights.load("stir")
    ldn_config.teacher.update(stir="shipped")
    with pytest.raises(ValueError, match=r"bsn.safetensors would not be used, since teacher.stir"):
        tasks.create(ldn_config)
    ldn_config.teacher.bsn = "shipped"
    teachers = []

    def teacher_frames(teacher, *pair, **options):
        teachers.append(teacher)
        return jnp.zeros((2, len(TIMES), 4 * SIZE, 4 * SIZE, 3))

    monkeypatch.setattr(deblur, "teacher_frames", teacher_frames)
    del batch["images"]
    assert not tasks.create(ldn_config).target(batch).any()
    (teacher,) = teachers
    assert teacher.bsn is None
    jax.tree.map(np.testing.assert_array_equal, teacher.stir, stir)


def test_with_vgg16_the_teachers_term_is_lpips(networks, batch, ldn_config, monkeypatch):
    monkeypatch.setattr(metrics, "lpips_variables", lambda net, *, trunk: (net, trunk))

    def lpips_loss(image, target, *, variables):
        assert variables == ("vgg", "vgg16.pth")
        return jnp.mean(jnp.abs(image - target))

    monkeypatch.setattr(losses, "lpips_loss", lpips_loss)
    ldn_config.loss.vgg16 = "vgg16.pth"
    task = tasks.create(ldn_config)
    assert task.notes == ()
    _, scalars, _ = loss_of(task, networks["ldn"], batch)
    inputs = (batch["blur"], batch["spikes"], TIMES, EXPOSURE)
    taught = deblur.teacher_frames(deblur.Teacher(networks["bsn"], networks["edsr"]), *inputs)
    images = deblur.student_frames(networks["ldn"], *inputs)
    np.testing.assert_allclose(scalars["teacher"], jnp.abs(images - taught).mean(), rtol=1e-4)


def test_ldn_is_scored_on_the_true_images(networks, batch, ldn_config):
    task = tasks.create(ldn_config)
    flat = (6, 4 * SIZE, 4 * SIZE, 3)
    np.testing.assert_array_equal(task.target(batch), batch["images"].reshape(flat))
    images = deblur.student_frames(networks["ldn"], batch["blur"], batch["spikes"], TIMES, EXPOSURE)
    np.testing.assert_allclose(
        task.predict(networks["ldn"], batch), images.reshape(flat), atol=1e-6
    )
    assert task.preview(batch).shape == flat


@pytest.mark.parametrize("name", ["bsn", "edsr", "ldn"])
def test_one_true_image_is_of_the_middle(networks, batch, ldn_config, name):
    task = tasks.create(ldn_config if name == "ldn" else config(name, mse=1.0))
    middle = dataclasses.replace(task).predict(
        networks[task.model], batch | {"images": batch["images"][:, 1:2]}
    )
    all_moments = np.asarray(task.predict(networks[task.model], batch))
    if name != "edsr":  # it enlarges the average over the whole exposure
        all_moments = all_moments.reshape(2, 3, *all_moments.shape[1:])[:, 1]
    np.testing.assert_allclose(middle, all_moments, atol=1e-6)


def test_without_true_images_the_teachers_images_are_the_target(networks, batch, ldn_config):
    """Recordings of real cameras have no true images."""
    del batch["images"]
    task = tasks.create(ldn_config)
    inputs = (batch["blur"], batch["spikes"], TIMES, EXPOSURE)
    taught = deblur.teacher_frames(deblur.Teacher(networks["bsn"], networks["edsr"]), *inputs)
    images = deblur.student_frames(networks["ldn"], *inputs)
    flat = (6, 4 * SIZE, 4 * SIZE, 3)
    predicted = task.predict(networks["ldn"], batch)
    np.testing.assert_allclose(predicted, images.reshape(flat), atol=1e-6)
    np.testing.assert_allclose(task.target(batch), taught.reshape(flat), atol=1e-5)
    assert task.preview(batch).shape == flat
    bsn = tasks.create(config("bsn", mse=1.0))
    assert bsn.predict(networks["bsn"], batch).shape == bsn.target(batch).shape


def test_the_teacher_may_be_the_folder_of_a_run(files, ldn_config):
    folder = files / "run"
    folder.mkdir()
    ldn_config.teacher.bsn = str(folder)
    with pytest.raises(ValueError, match=r"teacher.bsn: .*run: not the folder of a training run"):
        tasks.create(ldn_config)
    (folder / "checkpoints").mkdir()
    with pytest.raises(ValueError, match=r"teacher.bsn: .*run has not ended"):
        tasks.create(ldn_config)
    (files / "bsn.safetensors").rename(folder / "weights.safetensors")
    tasks.create(ldn_config)


def test_a_teacher_that_is_another_network_is_refused(files, ldn_config):
    ldn_config.teacher.edsr = str(files / "bsn.safetensors")
    with pytest.raises(ValueError, match="weights of 'bsn', expected those of 'edsr'"):
        tasks.create(ldn_config)


def test_data_without_photographs_are_refused(networks, batch):
    del batch["blur"]
    with pytest.raises(ValueError, match="expected 'blur', photographs to train on"):
        loss_of(tasks.create(config("edsr", mse=1.0, dither=False)), networks["edsr"], batch)


def test_images_of_other_moments_are_refused(networks, batch):
    batch["images"] = batch["images"][:, :2]
    with pytest.raises(ValueError, match=r"images: expected 3, at the readouts \(10, 14, 18\)"):
        tasks.create(config("bsn", mse=1.0)).target(batch)


def test_moments_outside_the_exposure_are_refused():
    settings = config("bsn", mse=1.0)
    settings.data.moments = (9, 14)
    with pytest.raises(ValueError, match="10 to 18"):
        tasks.create(settings)
