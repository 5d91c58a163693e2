"""ET-Net against the reference numbers, and its stream."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import zoo_golden
import zoo_stream

from spikejax import models, weights
from spikejax.models import etnet, events


@pytest.fixture(scope="module")
def variables():
    return weights.from_torch("etnet", zoo_golden.state_dict("etnet"))


def spikes_of(file):
    stream = zoo_golden.unpacked(file)
    return [stream[:, start : start + events.WINDOW] for start in file["starts"]]


@pytest.fixture(scope="module")
def run(variables):
    """(states, spikes) -> states, image, and the tokens of some parts, compiled once."""
    kept = ("token_encoder0", "token_encoder2", "token_decoder2")

    def step(cells, spikes):
        (cells, image), captured = etnet.ETNet().apply(
            {"params": variables["params"]},
            events.bins(spikes),
            cells,
            capture_intermediates=lambda module, _: module.name in kept,
            mutable="intermediates",
        )
        inside = captured["intermediates"]
        return cells, image, {name: inside[name]["__call__"][0] for name in kept}

    return jax.jit(step, compiler_options=zoo_stream.AS_SHIPPED)


@pytest.fixture(scope="module")
def steps(run):
    """The reference's three windows, read in order: states, image and tokens of each."""
    file = zoo_golden.read("etnet")
    cells, made = events.empty_cells(2, 24, 32), []
    for spikes in spikes_of(file):
        cells, image, tokens = run(cells, spikes)
        made.append((cells, image, tokens))
    return file, made


def test_it_has_the_published_number_of_parameters():
    variables = jax.eval_shape(models.create("etnet").init, jax.random.key(0))
    assert sum(p.size for p in jax.tree.leaves(variables["params"])) == 22_175_361


def test_the_images_agree_with_the_reference(steps):
    file, made = steps
    for number, (_, image, _) in enumerate(made):
        expected = file[f"image_{number}"]
        np.testing.assert_allclose(zoo_golden.channels_first(image), expected, atol=1e-5)


@pytest.mark.parametrize("name", ["encoder_tokens_scale0", "encoder_tokens_scale2"])
def test_the_encoders_tokens_agree_with_the_reference(steps, name):
    file, made = steps
    tokens = made[-1][2][f"token_encoder{name[-1]}"].reshape(2, -1, 256)
    np.testing.assert_allclose(tokens, file[f"{name}_step2"], atol=3e-5)


def test_the_decoders_tokens_agree_with_the_reference(steps):
    file, made = steps
    tokens = made[-1][2]["token_decoder2"].reshape(2, -1, 256)
    np.testing.assert_allclose(tokens, file["decoder_tokens_scale2_step2"], atol=3e-5)


def test_the_state_agrees_with_the_reference(steps):
    file, made = steps
    coarsest = made[-1][0][2]
    for ours, theirs in ((coarsest.hidden, "hidden"), (coarsest.cell, "cell")):
        expected = file[f"{theirs}_1_8_step2"]
        np.testing.assert_allclose(zoo_golden.channels_first(ours), expected, atol=1e-5)


def test_all_layers_of_a_stack_begin_with_the_same_biases(variables):
    """Here of weights that all differ, since drawing 22 million takes a while to compile."""
    before = variables["params"]
    params = etnet.with_equal_biases(before)
    first, last = (params["token_encoder1"][f"layer{n}"]["feed_forward"] for n in (0, 2))
    for linear in ("linear1", "linear2"):
        np.testing.assert_array_equal(first[linear]["bias"], last[linear]["bias"])
        assert np.abs(first[linear]["kernel"] - last[linear]["kernel"]).max() > 0.01
    other = params["token_encoder0"]["layer0"]["feed_forward"]
    assert np.abs(first["linear1"]["bias"] - other["linear1"]["bias"]).max() > 0.01
    assert jax.tree.structure(params) == jax.tree.structure(before)


def test_positions_beyond_eight_thousand_tokens_have_a_code():
    code = etnet.positions(90, 160)  # 720x1280
    assert code.shape == (90, 160, 256) and code.dtype == np.float32
    n, j = 14_399, 101
    angle = n / 10_000 ** (2 * (j // 2) / 256)
    np.testing.assert_allclose(code[-1, -1, j], np.cos(angle), atol=1e-6)


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
    image = jax.eval_shape(models.create("etnet").apply, variables, spikes)
    assert image.shape == (1, 9, 15, 1)


@pytest.mark.slow
def test_it_computes_in_bfloat16_with_finite_gradients(variables, rng):
    model = models.create("etnet", dtype=jnp.bfloat16)
    zoo_stream.is_finite_in_bfloat16(model, variables, (1, 5, 11), rng)
