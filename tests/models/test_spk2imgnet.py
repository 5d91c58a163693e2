"""Spk2ImgNet against the reference numbers; any size, half precision, gradients."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import zoo_golden

from spikejax import models, weights
from spikejax.models import spk2imgnet

AS_SHIPPED = {"xla_backend_optimization_level": 3}
"""For what is held against the reference, other than most that tests compile."""

INSIDE = {
    "features": ("extractor",),
    "level3_offset_mask": ("alignment", "level3", "deform", "raw"),
    "aligned": ("alignment",),
    "mask": ("mask0",),
}
"""Modules whose output the reference numbers hold."""


@pytest.fixture(scope="module")
def variables():
    return weights.from_torch("spk2imgnet", zoo_golden.state_dict("spk2imgnet"))


@pytest.fixture(scope="module")
def run(variables):
    """Returns (spikes -> image, estimates, outputs by module), compiled once."""
    module = spk2imgnet.Spk2ImgNet()

    @jax.jit
    def run(spikes):
        (image, estimates), captured = module.apply(
            {"params": variables["params"]},
            spikes,
            capture_intermediates=lambda module, _: module.path in INSIDE.values(),
            mutable="intermediates",
        )
        inside = {}
        for name, path in INSIDE.items():
            branch = captured["intermediates"]
            for part in path:
                branch = branch[part]
            inside[name] = branch["__call__"][0]
        return image, estimates, inside

    return run


@pytest.fixture(scope="module")
def file():
    return zoo_golden.read("spk2imgnet")


@pytest.fixture(scope="module")
def outputs(run, file):
    return run(zoo_golden.unpacked(file))


@pytest.fixture(scope="module")
def model():
    return models.create("spk2imgnet")


def agrees(ours, expected, atol=1e-5):
    np.testing.assert_allclose(zoo_golden.channels_first(ours), expected, atol=atol)


def test_it_has_the_published_number_of_parameters(model):
    variables = jax.eval_shape(model.init, jax.random.key(0))
    assert sum(p.size for p in jax.tree.leaves(variables["params"])) == 3_904_185


def test_the_image_and_the_estimates_agree_with_the_reference(outputs, file):
    image, estimates, _ = outputs
    agrees(image, file["image"])
    assert len(estimates) == 5
    for number, estimate in enumerate(estimates):
        agrees(estimate, file[f"estimates_{number}"])


def test_what_is_inside_agrees_with_the_reference(outputs, file):
    inside = outputs[2]
    features, _ = inside["features"]  # five blocks of two samples
    agrees(features[4:5], file["features_2"])
    for name in ("level3_offset_mask", "aligned", "mask"):  # the first of four neighbours
        agrees(inside[name][:1], file[f"{name}_0"])


def test_samples_of_a_batch_are_independent(outputs, run, file):
    swapped, estimates, _ = run(zoo_golden.unpacked(file)[::-1])
    np.testing.assert_allclose(swapped[::-1], outputs[0], atol=1e-6)
    np.testing.assert_allclose(estimates[0][::-1], outputs[1][0], atol=1e-6)


def test_the_names_are_those_of_the_reference_in_order(variables):
    assert list(weights.to_torch("spk2imgnet", variables)) == list(zoo_golden.SHAPES["spk2imgnet"])


def test_at_the_start_taps_are_in_place(model):
    params = jax.jit(model.init)(jax.random.key(0))["params"]["alignment"]
    for deform in (params["level1"]["deform"], params["cascade_deform"]):
        assert not any(np.any(leaf) for leaf in jax.tree.leaves(deform["raw"]))
        assert not np.any(deform["conv"]["bias"])
        kernel = np.asarray(deform["conv"]["kernel"])
        assert 0.99 / 24 < np.abs(kernel).max() <= 1 / 24


def spikes_of(rng, *shape):
    return jnp.asarray((rng.random(shape) < 0.3).astype(np.uint8))


def test_any_size_and_finite_gradients(variables, rng):
    spikes = spikes_of(rng, 2, 41, 5, 3)

    @jax.jit
    def run(params):
        def loss(params):
            image, estimates = spk2imgnet.apply_with_estimates({"params": params}, spikes)
            total = jnp.abs(image).mean() + sum(jnp.abs(e).mean() for e in estimates)
            return total, (image, estimates)

        return jax.value_and_grad(loss, has_aux=True)(params)

    (_, (image, estimates)), gradient = run(variables["params"])
    assert image.shape == (2, 5, 3, 1)
    assert [e.shape for e in estimates] == [(2, 5, 3, 4)] * 5
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves((image, estimates, gradient)))
    assert all(np.any(leaf) for leaf in jax.tree.leaves(gradient))


def test_half_precision_is_close(variables, rng, outputs, file):
    half = models.create("spk2imgnet", dtype=jnp.bfloat16)
    image = half.apply(variables, zoo_golden.unpacked(file))
    assert image.dtype == jnp.float32
    np.testing.assert_allclose(image, outputs[0], atol=0.03)


def test_odd_sizes_are_mirrored_at_the_end(model, variables, run, rng):
    spikes = spikes_of(rng, 2, 41, 14, 23)
    mirrored = np.pad(spikes, ((0, 0), (0, 0), (0, 2), (0, 1)), mode="symmetric")
    image = model.apply(variables, spikes)
    np.testing.assert_allclose(image, run(mirrored)[0][:, :14, :23], atol=1e-5)


def test_a_wrong_window_is_one_clear_error(model, variables):
    with pytest.raises(ValueError, match=r"spk2imgnet: expected spikes \(B, 41, H, W\)"):
        model.apply(variables, jnp.zeros((1, 40, 8, 8), jnp.uint8))
