"""WGSE against the reference numbers, and its blocks of pixels."""

import importlib.util
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import zoo_golden

from spikejax import metrics, models, weights
from spikejax.models import wgse

AS_SHIPPED = {"xla_backend_optimization_level": 3}
"""For what is held against the reference, other than most that tests compile."""


@pytest.fixture(scope="module")
def file():
    return zoo_golden.read("wgse")


@pytest.fixture(scope="module")
def model():
    return models.create("wgse")


@pytest.fixture(scope="module")
def variables():
    return weights.from_torch("wgse", zoo_golden.state_dict("wgse"))


@pytest.fixture(scope="module")
def run(model, variables):
    """Returns a compiled function: spikes -> the image and the tensors on the way."""

    def run(params, spikes):
        image, captured = model.module.apply(
            {"params": params},
            spikes,
            capture_intermediates=lambda module, _: module.name in ("wavelet", "tail2"),
            mutable="intermediates",
        )
        inside = captured["intermediates"]
        return {"image": image, **{name: inside[name]["__call__"][0] for name in inside}}

    run = jax.jit(run, compiler_options=AS_SHIPPED)
    return lambda spikes: run(variables["params"], spikes)


@pytest.fixture(scope="module")
def output(file, run):
    return run(zoo_golden.unpacked(file))


def test_it_has_the_published_number_of_parameters(model):
    variables = jax.eval_shape(model.init, jax.random.key(0))
    assert sum(p.size for p in jax.tree.leaves(variables["params"])) == 3_805_575


def test_it_costs_what_is_published(model, variables):
    """Fan et al. 2024 print 3.93 T."""
    spikes = jax.ShapeDtypeStruct((1, wgse.WINDOW, 736, 1280), jnp.uint8)
    assert round(metrics.multiply_adds(model.apply, variables, spikes) / 1e12, 2) == 3.92


def test_the_transform_agrees_with_the_reference(file):
    analysis, synthesis = wgse.transform_matrices()
    np.testing.assert_allclose(analysis, file["analysis"], atol=1e-6)
    np.testing.assert_allclose(synthesis, file["synthesis"], atol=1e-6)
    pixels = np.moveaxis(zoo_golden.unpacked(file)[0], 0, -1).reshape(-1, wgse.WINDOW)[:64]
    coefficients = pixels.astype(np.float32) @ analysis
    ends = np.cumsum([28, 21, 18, 16, 15])
    scales = dict(zip(wgse.SCALES, np.split(coefficients, ends, -1), strict=True))
    np.testing.assert_allclose(scales["detail1"], file["detail_1"], atol=3e-6)
    np.testing.assert_allclose(scales["detail5"], file["detail_5"], atol=3e-6)
    np.testing.assert_allclose(scales["approximation"], file["approximation"], atol=3e-6)


def test_the_image_and_the_tensors_on_the_way_agree_with_the_reference(file, output):
    for ours, theirs in (("tail2", "image_before_relu"), ("image", "image")):
        got = zoo_golden.channels_first(output[ours])
        np.testing.assert_allclose(got, file[theirs], atol=1e-5)
    got = zoo_golden.channels_first(output["wavelet"])[:1]
    np.testing.assert_allclose(got, file["wavelet_out"], atol=1e-5)
    assert output["image"].max() > 1  # no bound


@pytest.mark.parametrize("size", [(17, 23), (1, 1)])
def test_blocks_cover_the_pixels_of_any_size(variables, rng, size, monkeypatch):
    """Pixels are computed on their own: in any blocks, an image is made of them."""
    spikes = jnp.asarray(rng.random((2, *size, wgse.WINDOW)) < 0.3, jnp.uint8)
    module = wgse.WaveletRepresentation()
    collections = {"params": variables["params"]["wavelet"]}

    def run(pixels):
        monkeypatch.setattr(wgse, "_PIXELS_ON_CPU", pixels)
        return jax.jit(lambda x: module.apply(collections, x))(spikes)

    whole = run(10_000)
    assert whole.shape == (2, *size, 42)
    assert bool(jnp.isfinite(whole).all())
    np.testing.assert_allclose(run(100), whole, atol=1e-5)


@pytest.mark.parametrize("size", [(17, 23), (5, 3)])
def test_any_size_gives_an_image_of_that_size(model, variables, rng, size):
    spikes = (rng.random((1, wgse.WINDOW, *size)) < 0.3).astype(np.uint8)
    image = model.apply(variables, spikes)
    assert image.shape == (1, *size, 1)
    assert image.dtype == jnp.float32
    assert bool(jnp.isfinite(image).all())


def test_an_image_does_not_depend_on_the_others_of_its_batch(file, run, output):
    spikes = zoo_golden.unpacked(file)
    spikes[0] = 1 - spikes[0]
    np.testing.assert_allclose(run(spikes)["image"][1], output["image"][1], atol=1e-6)


def test_it_computes_in_bfloat16(file, variables):
    spikes = zoo_golden.unpacked(file)[1:]
    image = models.create("wgse", dtype=jnp.bfloat16).apply(variables, spikes)
    assert image.dtype == jnp.float32
    expected = np.moveaxis(file["image"][1:], 1, -1)
    assert np.abs(image - expected).mean() < 0.02


def test_gradients_are_finite_and_reach_all_parameters(variables, rng):
    spikes = jnp.asarray(rng.random((1, wgse.WINDOW, 6, 7)) < 0.3, jnp.uint8)
    spikes = jnp.concatenate([spikes, jnp.zeros_like(spikes), jnp.ones_like(spikes)])
    module = wgse.WGSE()
    gradient = jax.jit(jax.grad(lambda p: (module.apply({"params": p}, spikes) ** 2).mean()))
    leaves = jax.tree.leaves(gradient(variables["params"]))
    assert all(np.isfinite(leaf).all() for leaf in leaves)
    assert all((leaf != 0).any() for leaf in leaves)


def test_a_fresh_network_is_alive(model, rng):
    """PyTorch's default for the last bias gives images of zeros for many seeds."""
    spikes = jnp.asarray(rng.random((1, wgse.WINDOW, 8, 8)) < np.linspace(0.05, 0.6, 8), jnp.uint8)
    fresh = jax.jit(lambda key: model.module.apply(model.module.init(key, spikes), spikes))
    for seed in range(10):
        image = fresh(jax.random.key(seed))
        assert image.min() > 0
        assert 0.2 < image.mean() < 0.4


def test_its_reach_is_that_of_its_convolutions(model, variables, rng):
    spikes = (rng.random((1, wgse.WINDOW, 17, 23)) < 0.3).astype(np.uint8)
    changed = spikes.copy()
    changed[:, :, 8, 11] = 1 - changed[:, :, 8, 11]
    difference = model.apply(variables, changed) - model.apply(variables, spikes)
    _, columns = np.nonzero(difference[0, ..., 0])
    assert (columns.min(), columns.max()) == (11 - model.reach, 11 + model.reach)


def test_the_matrices_are_compiled_apart_from_the_network():
    wgse.transform_matrices.cache_clear()
    with jax.disable_jit():
        matrix = jax.eval_shape(lambda: jnp.asarray(wgse.transform_matrices()[0]))
    assert matrix.shape == (41, 113)
    assert isinstance(wgse.transform_matrices()[1], np.ndarray)


@pytest.mark.parametrize("shape", [(41, 8, 8), (1, 61, 8, 8), (1, 41, 0, 8)])
def test_other_spikes_are_refused(model, variables, shape):
    with pytest.raises(ValueError, match="wgse: expected"):
        model.apply(variables, np.zeros(shape, np.uint8))


@pytest.mark.torch
def test_pytorch_computes_the_same_image(file, output, variables):
    torch = pytest.importorskip("torch")
    path = Path(__file__).parents[2] / "benchmarks" / "wgse_in_torch.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    network = module.WGSE()
    state = weights.to_torch("wgse", variables)
    network.load_state_dict({k: torch.from_numpy(v) for k, v in state.items()})
    with torch.inference_mode():
        image = network(torch.from_numpy(zoo_golden.unpacked(file)).float()).numpy()
    np.testing.assert_allclose(zoo_golden.channels_first(output["image"]), image, atol=1e-5)
