"""HyperE2VID against the reference numbers, and its stream."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import zoo_golden
import zoo_stream

from spikejax import models, ops, weights
from spikejax.models import events, hypere2vid
from spikejax.tasks.sequences import read_in_order


@pytest.fixture(scope="module")
def variables():
    return weights.from_torch("hypere2vid", zoo_golden.state_dict("hypere2vid"))


def spikes_of(file):
    stream = zoo_golden.unpacked(file)
    return [stream[:, start : start + events.WINDOW] for start in file["starts"]]


@pytest.fixture(scope="module")
def run(variables):
    """(state, spikes) -> state, image, and inner arrays, compiled once."""
    kept = ("context", "atoms", "dynamic")

    def step(state, spikes):
        (state, image), captured = hypere2vid.HyperE2VID().apply(
            {name: variables[name] for name in ("params", "batch_stats")},
            events.bins(spikes),
            state,
            capture_intermediates=lambda module, _: module.name in kept,
            mutable="intermediates",
        )
        inside = captured["intermediates"]
        arrays = {name: inside[name]["__call__"][0] for name in kept}
        return state, image, arrays | {"coefficients": inside["atoms"]["coefficients"][0]}

    return jax.jit(step, compiler_options=zoo_stream.AS_SHIPPED)


@pytest.fixture(scope="module")
def steps(run, variables):
    """The reference's three windows, read in order: state, image and inner arrays of each."""
    file = zoo_golden.read("hypere2vid")
    state = models.create("hypere2vid").stream.init(variables, (2, 24, 32))
    made = []
    for spikes in spikes_of(file):
        state, image, arrays = run(state, spikes)
        made.append((state, image, arrays))
    return file, made


def test_it_has_the_published_number_of_parameters():
    variables = jax.eval_shape(models.create("hypere2vid").init, jax.random.key(0))
    assert sum(p.size for p in jax.tree.leaves(variables["params"])) == 10_149_881


def test_the_bases_are_those_of_the_reference():
    expected = zoo_golden.read("hypere2vid")["bases"]
    np.testing.assert_allclose(hypere2vid.bases(), expected, atol=1e-6)


def test_the_images_agree_with_the_reference(steps):
    file, made = steps
    for number, (_, image, _) in enumerate(made):
        expected = file[f"image_{number}"]
        np.testing.assert_allclose(zoo_golden.channels_first(image), expected, atol=1e-5)


@pytest.mark.parametrize("name", ["context", "coefficients", "atoms", "dynamic_conv"])
def test_what_makes_the_filters_agrees_with_the_reference(steps, name):
    file, made = steps
    expected = file[f"{name}_step2"]
    array = np.asarray(made[-1][2][name.removesuffix("_conv")])
    # (B, h, w, 6, 25) -> (B, 6, 25, h, w)
    array = array.transpose(0, 3, 4, 1, 2) if array.ndim == 5 else np.moveaxis(array, -1, 1)
    np.testing.assert_allclose(array[: len(expected)], expected, atol=1e-5)


def test_the_state_agrees_with_the_reference(steps):
    file, made = steps
    state, image, _ = made[-1]
    for ours, theirs in ((state.cells[2].hidden, "hidden"), (state.cells[2].cell, "cell")):
        expected = file[f"{theirs}_1_8_step2"]
        array = zoo_golden.channels_first(ours)[: len(expected)]
        np.testing.assert_allclose(array, expected, atol=1e-5)
    np.testing.assert_array_equal(state.image, image)


def test_the_context_is_sampled_as_by_a_bilinear_resize(rng):
    x = jnp.asarray(rng.random((1, 8, 12, 2)), jnp.float32)
    expected = ops.resize_bilinear(x, 2, 3)
    np.testing.assert_allclose(hypere2vid._quarter(x), expected, atol=1e-6)


def test_a_stream_that_is_cut_goes_on_to_the_same_images(run, steps, tmp_path):
    file, made = steps
    np.savez(tmp_path / "state.npz", *jax.tree.leaves(made[0][0]))
    with np.load(tmp_path / "state.npz") as saved:
        leaves = [saved[name] for name in saved.files]
    state, stream = jax.tree.unflatten(jax.tree.structure(made[0][0]), leaves), spikes_of(file)
    for number in (1, 2):
        state, image, _ = run(state, stream[number])
        np.testing.assert_allclose(image, made[number][1], atol=1e-6)


def test_images_of_any_size_come_out(variables):
    spikes = jax.ShapeDtypeStruct((1, 61, 9, 15), np.uint8)
    image = jax.eval_shape(models.create("hypere2vid").apply, variables, spikes)
    assert image.shape == (1, 9, 15, 1)


@pytest.mark.slow
def test_it_computes_in_bfloat16_with_finite_gradients(variables, rng):
    model = models.create("hypere2vid", dtype=jnp.bfloat16)
    zoo_stream.is_finite_in_bfloat16(model, variables, (1, 5, 11), rng)


@pytest.mark.slow
def test_training_moves_the_statistics_and_the_gradient_flows_through_the_lstm(variables, rng):
    model = models.create("hypere2vid")
    scenes = jnp.asarray(rng.random((1, 2, 61, 8, 8)) < 0.3, jnp.uint8)

    def last(params, chunk):
        changed = {**variables, "params": params}
        images, batch_stats = read_in_order(model, changed, scenes, train=True, chunk=chunk)
        return images[:, -1].mean(), batch_stats

    gradient = jax.jit(jax.grad(last, has_aux=True), static_argnums=1)
    (whole, batch_stats), (cut, _) = (gradient(variables["params"], chunk) for chunk in (0, 1))
    through, alone = (g["encoder"]["stage1"]["gates"]["kernel"] for g in (whole, cut))
    assert np.abs(through - alone).max() > 1e-3 * np.abs(alone).max()
    before = variables["batch_stats"]["atoms"]["norm1"]["mean"]
    assert np.abs(batch_stats["atoms"]["norm1"]["mean"] - before).max() > 1e-4


@pytest.mark.slow
def test_no_gradient_flows_through_the_image_that_is_fed_back(variables, rng):
    model = models.create("hypere2vid")
    spikes = (rng.random((1, 61, 8, 8)) < 0.3).astype(np.uint8)
    start = model.stream.init(variables, (1, 8, 8))

    def of_state(state):
        return model.stream.step(variables, state, spikes)[1].sum()

    gradient = jax.jit(jax.grad(of_state))(start)
    assert not np.any(gradient.image) and np.any(gradient.cells[0].cell)
