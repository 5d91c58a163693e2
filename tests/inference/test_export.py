"""Networks as portable files."""

import jax
import numpy as np
import pytest

import spikejax as sj


@pytest.fixture(scope="module")
def exported():
    return sj.inference.export_network("lrn")


@pytest.mark.parametrize("shape", [(1, 41, 7, 9), (3, 41, 16, 5)])
def test_one_file_serves_every_batch_and_size(exported, rng, shape):
    model = sj.models.create("lrn")
    variables = model.init(jax.random.key(0))
    spikes = (rng.random(shape) < 0.3).astype(np.uint8)
    image = sj.inference.load_exported(exported)(variables, spikes)
    np.testing.assert_allclose(image, model.apply(variables, spikes), atol=1e-6)


def test_weights_are_not_in_the_file(exported):
    assert len(exported) < 50_000


def test_a_file_is_written_and_read(exported, tmp_path, rng):
    path = tmp_path / "lrn.stablehlo"
    sj.inference.save_exported(path, "lrn", platforms=("cpu",))
    variables = sj.models.create("lrn").init(jax.random.key(0))
    spikes = (rng.random((1, 41, 8, 8)) < 0.3).astype(np.uint8)
    np.testing.assert_allclose(
        sj.inference.load_exported(path)(variables, spikes),
        sj.inference.load_exported(exported)(variables, spikes),
        atol=1e-6,
    )


def test_stir_is_exported_for_every_platform_with_open_sizes(stir_variables, rng):
    data = sj.inference.export_network("stir")
    assert set(jax.export.deserialize(bytearray(data)).platforms) == {"cpu", "cuda", "tpu"}
    spikes = (rng.random((1, 61, 16, 32)) < 0.3).astype(np.uint8)
    image = sj.inference.load_exported(data)(stir_variables, spikes)
    expected = sj.models.create("stir").apply(stir_variables, spikes)
    np.testing.assert_allclose(image, expected, atol=1e-5)


def test_an_unknown_network_is_refused():
    with pytest.raises(ValueError, match="no network 'strir'"):
        sj.inference.export_network("strir")
