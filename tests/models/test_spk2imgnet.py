"""Spk2ImgNet against the reference numbers; any size, half precision, gradients."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import zoo_golden

from spikejax import models, weights
from spikejax.models import spk2imgnet
from spikejax.models.spk2imgnet import alignment

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


def test_at_the_start_taps_are_in_place():
    x = jnp.zeros((1, 2, 2, 64))
    params = alignment.GuidedDeformConv().init(jax.random.key(0), x, x)["params"]
    assert not any(np.any(leaf) for leaf in jax.tree.leaves(params["raw"]))
    assert not np.any(params["conv"]["bias"])
    assert 0.99 / 24 < np.abs(params["conv"]["kernel"]).max() <= 1 / 24


def test_odd_sizes_are_mirrored_at_the_end(variables, run, file):
    spikes = zoo_golden.unpacked(file)[:, :, :14, :23]
    outputs = jax.jit(spk2imgnet.apply_with_estimates)(variables, spikes)
    mirrored = np.pad(spikes, ((0, 0), (0, 0), (0, 2), (0, 1)), mode="symmetric")
    expected = run(mirrored)[:2]
    for ours, padded in zip(jax.tree.leaves(outputs), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(ours, padded[:, :14, :23], atol=1e-5)


@pytest.mark.slow
def test_gradients_are_finite_and_reach_all_parameters(variables, file):
    spikes = zoo_golden.unpacked(file)[:1, :, :5, :3]

    @jax.jit
    def gradient(params):
        def loss(params):
            image, estimates = spk2imgnet.apply_with_estimates({"params": params}, spikes)
            return jnp.abs(image).mean() + sum(jnp.abs(e).mean() for e in estimates)

        return jax.grad(loss)(params)

    leaves = jax.tree.leaves(gradient(variables["params"]))
    assert all(np.isfinite(leaf).all() and np.any(leaf) for leaf in leaves)


@pytest.mark.parametrize("size", [(1, 1), (5, 3), (17, 23)])
def test_any_size_keeps_its_shape(model, variables, size):
    spikes = jax.ShapeDtypeStruct((2, 41, *size), jnp.uint8)
    assert jax.eval_shape(model.apply, variables, spikes).shape == (2, *size, 1)
    _, estimates = jax.eval_shape(spk2imgnet.apply_with_estimates, variables, spikes)
    assert [e.shape for e in estimates] == [(2, *size, 4)] * 5


def test_half_precision_is_close(variables, outputs, file):
    half = models.create("spk2imgnet", dtype=jnp.bfloat16)
    image = half.apply(variables, zoo_golden.unpacked(file))
    assert image.dtype == jnp.float32
    np.testing.assert_allclose(image, outputs[0], atol=0.03)


def test_a_wrong_window_is_one_clear_error(model, variables):
    with pytest.raises(ValueError, match=r"spk2imgnet: expected spikes \(B, 41, H, W\)"):
        model.apply(variables, jnp.zeros((1, 40, 8, 8), jnp.uint8))
