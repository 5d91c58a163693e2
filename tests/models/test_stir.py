"""STIR against the reference numbers, for inference and for training."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from synthetic_weights import SHAPES, state_dict

from spikejax import models, ops, weights
from spikejax.models import stir


@pytest.fixture(scope="module")
def variables():
    return weights.from_torch("stir", state_dict(SHAPES["stir"]))


def spikes_of(file):
    return np.unpackbits(file["spikes_packed"], axis=-1, bitorder="little")[..., : file["width"]]


def channels_first(x):
    return np.moveaxis(np.asarray(x), -1, 1)


def test_it_has_the_published_number_of_parameters():
    variables = jax.eval_shape(models.create("stir").init, jax.random.key(0))
    assert sum(p.size for p in jax.tree.leaves(variables["params"])) == 5_107_960


def test_images_and_flows_of_all_levels_agree_with_the_reference(golden, variables, pyramid):
    file = golden("stir_eval")
    output, _ = pyramid(variables, spikes_of(file))
    for level, image in enumerate(output.images):
        np.testing.assert_allclose(channels_first(image), file[f"image_{level}"], atol=1e-5)
    for level, flows in enumerate(output.flows):
        for side, flow in enumerate(flows):
            expected = file[f"flow{side}_{level}"]
            np.testing.assert_allclose(channels_first(flow), expected, atol=1e-4)


def training_loss(params, batch_stats, spikes, target):
    """L1 of the finest image, and of the coarser ones: the reference's without its VGG term."""
    collections = {"params": params, "batch_stats": batch_stats}
    output, batch_stats = stir.apply_with_pyramid(collections, spikes, True)
    pyramid = ops.average_pyramid(target, 5)
    errors = [jnp.abs(i - t).mean() for i, t in zip(output.images, pyramid, strict=True)]
    coarse = sum(w * e for w, e in zip((0.5, 0.25, 0.25, 0.25), errors[1:], strict=True)) / 4
    return errors[0] + coarse, (batch_stats, errors[0], coarse)


AS_SHIPPED = {"xla_backend_optimization_level": 3}
"""For what is held against the reference, other than most that tests compile."""


@pytest.fixture(scope="module")
def gradient():
    """Compiled once for all tests: it takes longer than they do."""
    function = jax.value_and_grad(training_loss, has_aux=True)
    return jax.jit(function, compiler_options=AS_SHIPPED)


@pytest.fixture(scope="module")
def pyramid():
    return jax.jit(stir.apply_with_pyramid, compiler_options=AS_SHIPPED)


def training_data(file):
    return jnp.asarray(spikes_of(file)), jnp.moveaxis(jnp.asarray(file["target"]), 1, -1)


def test_three_training_steps_agree_with_the_reference(golden, variables, gradient):
    file = golden("stir_train")
    data = training_data(file)
    optimiser = optax.chain(optax.add_decayed_weights(4e-4), optax.adam(1e-4))
    params, batch_stats = variables["params"], variables["batch_stats"]
    state = optimiser.init(params)

    @jax.jit
    def update(grads, state, params):
        updates, state = optimiser.update(grads, state, params)
        return optax.apply_updates(params, updates), state

    for step, tolerance in enumerate((1e-4, 1e-4, 3e-3)):
        (total, (batch_stats, first, coarse)), grads = gradient(params, batch_stats, *data)
        np.testing.assert_allclose([first, coarse, total], file["losses"][step], rtol=tolerance)
        if step == 0:
            # The CPU forms of convolutions round differently, by 6e-6 at most.
            check_gradient_norms(file, grads, batch_stats, atol=1e-5)
        with jax.numpy_dtype_promotion("standard"):
            params, state = update(grads, state, params)

    after = weights.to_torch("stir", {"params": params, "batch_stats": batch_stats})
    for key in file:
        if key.startswith("after3/"):
            name = key.removeprefix("after3/")
            # Where a gradient is all rounding, Adam moves a weight by up to its rate a step.
            tolerance = 1e-3 if "running" in name else 3e-4
            np.testing.assert_allclose(after[name], file[key], rtol=1e-3, atol=tolerance)


def test_gradients_are_finite_where_nothing_fires(golden, variables, gradient):
    spikes, target = training_data(golden("stir_train"))
    nothing = jnp.zeros_like(spikes)
    _, grads = gradient(variables["params"], variables["batch_stats"], nothing, target)
    assert all(np.isfinite(g).all() for g in jax.tree.leaves(grads))


@pytest.mark.slow
def test_gradients_by_plain_convolutions_agree_with_the_reference(golden, variables):
    file = golden("stir_train")
    with ops.programs_for("gpu"):
        function = jax.value_and_grad(training_loss, has_aux=True)
        gradient = jax.jit(function, compiler_options=AS_SHIPPED)
        (_, (batch_stats, *_)), grads = gradient(
            variables["params"], variables["batch_stats"], *training_data(file)
        )
    check_gradient_norms(file, grads, batch_stats, atol=1e-6)


def check_gradient_norms(file, grads, batch_stats, atol):
    grads = weights.to_torch("stir", {"params": grads, "batch_stats": batch_stats})
    assert len(file["grad_norm_names"]) == 137
    for name, expected in zip(file["grad_norm_names"], file["grad_norms"], strict=True):
        # The biases before a batch norm have no gradient but for rounding. That of a slope is one
        # sum of 1e5 terms that cancel; CPUs of another vector width round it differently.
        least = 1e-5 if grads[name].size == 1 else atol
        np.testing.assert_allclose(
            np.linalg.norm(grads[name]), expected, rtol=1e-3, atol=least, err_msg=name
        )


def test_other_sizes_are_padded_by_repeating_the_edge(variables, rng):
    size = (33, 5)
    spikes = (rng.random((1, 61, *size)) < 0.4).astype(np.uint8)
    missing = [-n % 16 for n in size]
    by_hand = np.pad(spikes, ((0, 0), (0, 0), *((n // 2, n - n // 2) for n in missing)), "edge")
    apply = models.create("stir").apply
    image = apply(variables, spikes)
    assert image.shape == (1, *size, 1)
    inside = tuple(slice(m // 2, m // 2 + n) for m, n in zip(missing, size, strict=True))
    np.testing.assert_allclose(image, apply(variables, by_hand)[:, *inside], atol=1e-5)
    assert np.isfinite(image).all()
    assert image.min() >= 0
    assert image.max() <= 1


def test_bfloat16_activations_stay_close_and_the_image_is_float32(golden, variables):
    file = golden("stir_eval")
    image = models.create("stir", dtype=jnp.bfloat16).apply(variables, spikes_of(file))
    assert image.dtype == jnp.float32
    assert np.abs(channels_first(image) - file["image"]).mean() < 0.01


def test_encoding_blocks_apart_gives_the_same_image(golden, variables):
    """What a stream at stride 20 rests on: a block's features do not depend on its window."""
    file = golden("stir_eval")
    spikes, whole = spikes_of(file), np.moveaxis(file["image"], 1, -1)
    module = models.create("stir").module
    encode = jax.jit(lambda v, b: module.apply(v, b, method="encode"))
    features = [encode(variables, block) for block in stir.split_blocks(spikes)]
    decode = jax.jit(lambda v, f: module.apply(v, *f, method="decode").images[0])
    apart = jnp.clip(decode(variables, features), 0, 1)
    np.testing.assert_allclose(apart, whole, atol=1e-5)


def test_evaluation_leaves_the_batch_statistics_alone(golden, variables, pyramid):
    _, after = pyramid(variables, spikes_of(golden("stir_eval")))
    jax.tree.map(np.testing.assert_array_equal, after, variables["batch_stats"])


@pytest.mark.parametrize("shape", [(61, 16, 16), (1, 41, 16, 16), (1, 61, 0, 16)])
def test_a_wrong_shape_is_refused(variables, shape):
    with pytest.raises(ValueError, match="stir: expected"):
        models.create("stir").apply(variables, np.zeros(shape, np.uint8))
