import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from synthetic_weights import SHAPES, state_dict

from spikejax import losses, models, tasks, weights
from spikejax.training import default_config


def config(model, **terms):
    config = default_config()
    config.task, config.model = "reconstruction", model
    config.loss = terms
    return config


STIR = {
    "l1": 1.0,
    "pyramid": 0.25,
    "levels": (0.5, 0.25, 0.25, 0.25),
    "perceptual": 0.2,
    "vgg19": "",
}


def test_the_loss_of_stir_is_the_published_one_with_each_term_by_its_weight(golden, monkeypatch):
    """The second window of a scene is that of the reference; the first one does not count.

    A mean difference replaces the perceptual term, which has its own tests.
    """
    monkeypatch.setattr(weights, "trunk", lambda name, path: (name, path))

    def feature_loss(image, target, *, trunk, dtype):
        assert trunk == ("vgg19", "vgg19.pth")
        return jnp.mean(jnp.abs(image - target))

    monkeypatch.setattr(losses, "feature_loss", feature_loss)
    file = golden("stir_train")
    spikes = np.unpackbits(file["spikes_packed"], axis=-1, bitorder="little")
    spikes = spikes[..., : int(file["width"])]
    target = np.moveaxis(file["target"], 1, -1)
    task = tasks.create(config("stir", **{**STIR, "vgg19": "vgg19.pth"}))
    assert task.notes == ()
    batch = {
        "spikes": np.concatenate([1 - spikes[:, :20], spikes], 1),
        "images": np.stack([1 - target, target * 2], 1),
        "gain": np.full(len(target), 0.5, np.float32),
    }
    variables = weights.from_torch("stir", state_dict(SHAPES["stir"]))
    total, (batch_stats, scalars) = jax.jit(task.loss)(
        variables["params"], variables["batch_stats"], batch, jax.random.key(0)
    )
    l1, pyramid, without = file["losses"][0]
    expected = [l1, pyramid, l1]
    got = [scalars["l1"], 0.25 * scalars["pyramid"], scalars["perceptual"]]
    np.testing.assert_allclose(got, expected, rtol=1e-4)
    np.testing.assert_allclose(total, without + 0.2 * l1, rtol=1e-4)
    assert jax.tree.structure(batch_stats) == jax.tree.structure(variables["batch_stats"])


def test_stir_without_vgg19_notes_that_a_term_is_omitted():
    assert "perceptual term" in tasks.create(config("stir", **STIR)).notes[0]
    assert tasks.create(config("stir", **{**STIR, "perceptual": 0.0})).notes == ()


def test_stir_needs_a_weight_for_each_of_its_coarser_levels():
    with pytest.raises(ValueError, match=r"loss.levels: expected 4 weights, got \(1.0,\)"):
        tasks.create(config("stir", **{**STIR, "levels": (1.0,)}))


@pytest.fixture(scope="module")
def lrn():
    """Returns the task, variables, and a batch of two scenes with different gains."""
    rng = np.random.default_rng(0)
    images = rng.random((2, 1, 12, 16, 1), np.float32)
    gain = np.float32([0.4, 0.9])
    rates = np.moveaxis(images * gain[:, None, None, None, None], -1, 2)[:, 0]
    spikes = rng.random((2, 41, 12, 16)) < rates
    batch = {"spikes": spikes.astype(np.uint8), "images": images, "gain": gain}
    task = tasks.create(config("lrn", l1=3.0))
    variables = task.init(jax.random.key(0))
    # Keeps the output between black and white.
    variables["params"]["conv5"]["bias"] = jnp.array([0.3])
    return task, variables, batch


def test_the_loss_of_lrn_is_the_mean_error_of_spikes_per_readout(lrn):
    task, variables, batch = lrn
    total, (batch_stats, scalars) = jax.jit(task.loss)(
        variables["params"], {}, batch, jax.random.key(0)
    )
    output = models.create("lrn").apply(variables, batch["spikes"])
    target = batch["images"][:, 0] * batch["gain"][:, None, None, None]
    np.testing.assert_allclose(scalars["l1"], np.abs(output - target).mean(), rtol=1e-5)
    np.testing.assert_allclose(total, 3 * scalars["l1"], rtol=1e-6)
    assert batch_stats == {}


def test_predictions_targets_and_previews_are_intensity_of_one_shape(lrn):
    task, variables, batch = lrn
    predicted = jax.jit(task.predict)(variables, batch)
    output = models.create("lrn").apply(variables, batch["spikes"])
    expected = np.clip(output / batch["gain"][:, None, None, None], 0, 1)
    np.testing.assert_allclose(predicted, expected, atol=1e-5)
    np.testing.assert_array_equal(task.target(batch), batch["images"][:, 0])
    assert task.preview(batch).shape == predicted.shape


def test_bfloat16_activations_change_little(lrn):
    task, variables, batch = lrn
    other = config("lrn", l1=3.0)
    other.dtype = "bfloat16"
    narrow = tasks.create(other)
    ours, theirs = (jax.jit(t.predict)(variables, batch) for t in (task, narrow))
    assert ours.dtype == theirs.dtype == jnp.float32
    assert 0 < np.abs(ours - theirs).max() < 0.05


def test_tasks_are_frozen_and_known_by_name(lrn):
    assert {"bsn", "edsr", "ldn", "reconstruction"} <= set(tasks.names())
    with pytest.raises(dataclasses.FrozenInstanceError):
        lrn[0].name = "other"
    other = config("lrn", l1=1.0)
    other.task = "none"
    with pytest.raises(ValueError, match="there is no task 'none'; there are"):
        tasks.create(other)


@pytest.mark.parametrize("model", ["lrn", "stir"])
def test_a_configuration_of_an_earlier_version_names_its_network_as_the_task(model):
    terms = {"lrn": {"l1": 1.0}, "stir": STIR}[model]
    earlier = config("", **terms)
    earlier.task = model
    task = tasks.create(earlier)
    assert (task.name, task.model) == ("reconstruction", model)
    saved = {"task": model, "steps": 3}
    assert tasks.upgrade(saved) == {"task": "reconstruction", "model": model, "steps": 3}


def test_saved_names_of_earlier_versions_are_renamed():
    saved = {"task": "sr", "loss": {"mse": 1.0}}
    assert tasks.upgrade(saved) == {"task": "edsr", "loss": {"mse": 1.0}}
    saved = {"task": "ldn", "teacher": {"bsn": "shipped", "sr": "runs/sr"}}
    expected = {"task": "ldn", "teacher": {"bsn": "shipped", "edsr": "runs/sr"}}
    assert tasks.upgrade(saved) == expected
    assert tasks.upgrade(expected) == expected


def test_a_configuration_names_one_network():
    both = config("lrn", l1=1.0)
    both.task = "stir"
    with pytest.raises(ValueError, match="task names 'stir', the model 'lrn'; give one of them"):
        tasks.create(both)
    with pytest.raises(ValueError, match="model: expected the network to train"):
        tasks.create(config("", l1=1.0))


def test_a_network_without_a_window_is_no_reconstruction():
    with pytest.raises(ValueError, match="ldn does not reconstruct images from windows of spikes"):
        tasks.create(config("ldn", l1=1.0))


def test_stir_differentiates_in_bfloat16():
    """Only traces: under strict promotion a mix of dtypes raises an error."""
    settings = config("stir", **STIR)
    settings.dtype = "bfloat16"
    task = tasks.create(settings)
    variables = jax.eval_shape(task.init, jax.random.key(0))
    batch = {
        "packed": jax.ShapeDtypeStruct((2, 61, 32, 4), jnp.uint8),
        "images": jax.ShapeDtypeStruct((2, 1, 32, 32, 1), jnp.float32),
        "gain": jax.ShapeDtypeStruct((2,), jnp.float32),
    }
    (total, _), gradient = jax.eval_shape(
        jax.value_and_grad(task.loss, has_aux=True),
        variables["params"],
        variables["batch_stats"],
        batch,
        jax.random.key(0),
    )
    assert total.dtype == jnp.float32
    assert jax.tree.map(lambda g: (g.shape, g.dtype), gradient) == jax.tree.map(
        lambda p: (p.shape, p.dtype), variables["params"]
    )
