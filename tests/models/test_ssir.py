"""SSIR against the reference numbers: every spike, potentials, training; and its stream."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import zoo_golden
import zoo_stream

from spikejax import models, weights
from spikejax.models import ssir
from spikejax.tasks.sequences import read_in_order


@pytest.fixture(scope="module")
def model():
    return models.create("ssir")


@pytest.fixture(scope="module")
def variables():
    return weights.from_torch("ssir", zoo_golden.state_dict("ssir"))


@pytest.fixture(scope="module")
def steps(variables):
    """The reference's three windows, read in order: potentials, image and spikes of each."""
    file = zoo_golden.read("ssir")
    stream = zoo_golden.unpacked(file)
    layers = ("static", "encoder", "expand", "decoder")
    module = ssir.SSIR()

    @jax.jit
    def run(potentials, spikes):
        (potentials, image), captured = module.apply(
            {name: variables[name] for name in ("params", "batch_stats")},
            spikes,
            potentials,
            capture_intermediates=lambda module, _: module.name in layers,
            mutable="intermediates",
        )
        inside = captured["intermediates"]
        return potentials, image, {name: inside[name]["__call__"][0][0] for name in layers}

    potentials, made = ssir.rest(1, 16, 24), []
    for start in file["starts"]:
        potentials, image, fired = run(potentials, stream[:, start : start + ssir.WINDOW])
        made.append((potentials, image, fired))
    return made


def test_it_has_the_published_number_of_parameters(model):
    variables = jax.eval_shape(model.init, jax.random.key(0))
    assert sum(p.size for p in jax.tree.leaves(variables["params"])) == 381_542


def test_every_spike_and_every_image_agrees_with_the_reference(steps):
    file = zoo_golden.read("ssir")
    names = {"static": "static", "encoder": "enc", "expand": "res3", "decoder": "dec"}
    for number, (_, image, fired) in enumerate(steps):
        expected = file[f"image_{number}"]
        np.testing.assert_allclose(zoo_golden.channels_first(image), expected, atol=1e-5)
        for ours, theirs in names.items():
            spikes = zoo_golden.channels_first(fired[ours])
            packed = file[f"fired_{theirs}_{number}_packed"]
            packed = np.unpackbits(packed, axis=-1, bitorder="little")[..., : spikes.shape[-1]]
            np.testing.assert_array_equal(spikes, packed)


def test_the_potentials_agree_with_the_reference(steps):
    file = zoo_golden.read("ssir")
    potentials = steps[-1][0]
    for ours, theirs in ((potentials.encoded, "enc"), (potentials.decoded, "dec")):
        expected = file[f"v_{theirs}_after_step_2"]
        np.testing.assert_allclose(zoo_golden.channels_first(ours), expected, atol=3e-5)


@pytest.fixture(scope="module")
def trained(model):
    """Loss, gradient, images and statistics of one pass over the reference's sequence."""
    file = zoo_golden.read("ssir_train")
    variables = weights.from_torch("ssir", zoo_golden.state_dict("ssir_train"))
    stream = zoo_golden.unpacked(file)
    scenes = jnp.stack([stream[:, start : start + ssir.WINDOW] for start in (0, 20, 40)], 1)
    targets = jnp.moveaxis(jnp.asarray(file["targets"]), (0, 2), (1, 4))  # (B, 3, H, W, 1)

    def loss(params):
        images, batch_stats = read_in_order(
            model,
            {"params": params, "batch_stats": variables["batch_stats"]},
            scenes,
            train=True,
        )
        return jnp.abs(images - targets)[:, 1:].mean(), (images, batch_stats)

    function = jax.jit(
        jax.value_and_grad(loss, has_aux=True), compiler_options=zoo_stream.AS_SHIPPED
    )
    (value, (images, batch_stats)), gradient = function(variables["params"])
    state = weights.to_torch("ssir", {"params": gradient, "batch_stats": batch_stats})
    return file, float(value), images, state


def test_the_loss_and_the_images_of_training_agree_with_the_reference(trained):
    file, loss, images, _ = trained
    np.testing.assert_allclose(loss, file["loss"], rtol=1e-5)
    for number in range(3):
        image = zoo_golden.channels_first(images[:, number])
        expected = np.clip(file[f"image_{number}"], 0, 1)
        np.testing.assert_allclose(image, expected, atol=1e-5)


REMOVED = ("pred3.conv1.1.bias", "pred3.conv2.1.bias")
"""Constants that the next batch norm removes: their gradient is rounding noise."""


def test_the_gradients_agree_with_the_reference(trained):
    file, _, _, state = trained
    norms = dict(zip(file["grad_norm_names"].tolist(), file["grad_norms"], strict=True))
    for name, norm in norms.items():
        if name not in REMOVED:
            np.testing.assert_allclose(np.linalg.norm(state[name]), norm, rtol=2e-5, err_msg=name)
    for key, expected in file.items():
        name = key.removeprefix("grad/")
        if name != key and name not in REMOVED:
            difference = np.linalg.norm(state[name] - expected)
            assert difference <= 2e-5 * np.linalg.norm(expected), name


def test_the_statistics_agree_with_the_reference(trained):
    file, _, _, state = trained
    for key, expected in file.items():
        name = key.removeprefix("after3/")
        if name != key and not name.endswith("num_batches_tracked"):
            np.testing.assert_allclose(state[name], expected, rtol=1e-5, atol=1e-6, err_msg=name)


def test_a_stream_that_is_cut_goes_on_to_the_same_images(model, variables, rng, tmp_path):
    spikes = jnp.asarray(rng.random((1, 3, 41, 8, 12)) < 0.3, jnp.uint8)
    state, whole = model.stream.init(variables, (1, 8, 12)), []
    for number in range(3):
        state, image = model.stream.step(variables, state, spikes[:, number])
        whole.append(image)
        if number == 0:
            np.savez(tmp_path / "state.npz", *jax.tree.leaves(state))
    with np.load(tmp_path / "state.npz") as saved:
        state = jax.tree.unflatten(jax.tree.structure(state), [saved[k] for k in saved.files])
    for number in (1, 2):
        state, image = model.stream.step(variables, state, spikes[:, number])
        np.testing.assert_allclose(image, whole[number], atol=1e-6)


@pytest.mark.parametrize(("height", "width"), [(7, 9), (1, 1)])
def test_odd_sizes_are_padded_by_their_last_row_and_column(model, variables, rng, height, width):
    spikes = (rng.random((1, 41, height, width)) < 0.3).astype(np.uint8)
    even = np.pad(spikes, ((0, 0), (0, 0), (0, height % 2), (0, width % 2)), "edge")
    image = model.apply(variables, spikes)
    assert image.shape == (1, height, width, 1)
    expected = model.apply(variables, even)[:, :height, :width]
    np.testing.assert_allclose(image, expected, atol=1e-6)


def test_it_computes_in_bfloat16(variables, rng):
    model = models.create("ssir", dtype=jnp.bfloat16)
    spikes = (rng.random((1, 41, 8, 8)) < 0.3).astype(np.uint8)
    state = model.stream.init(variables, (1, 8, 8))
    state, image = model.stream.step(variables, state, spikes)
    assert image.dtype == jnp.float32 and bool(jnp.isfinite(image).all())
    assert all(leaf.dtype == jnp.float32 for leaf in jax.tree.leaves(state))


def test_its_reach_is_that_of_its_convolutions(model, variables, rng):
    """Changed readouts at a pixel change no pixel farther away, through one step."""
    spikes = (rng.random((1, 41, 34, 34)) < 0.3).astype(np.uint8)
    changed = spikes.copy()
    changed[:, :, 17, 16] = 1 - changed[:, :, 17, 16]
    difference = np.abs(model.apply(variables, changed) - model.apply(variables, spikes))[0, ..., 0]
    rows, columns = np.nonzero(difference)
    assert 4 < max(abs(rows - 17).max(), abs(columns - 16).max()) <= model.reach


def test_other_spikes_are_refused(model, variables):
    with pytest.raises(ValueError, match=r"expected spikes \(B, 41, H, W\), got shape"):
        model.apply(variables, np.zeros((1, 61, 8, 8), np.uint8))
