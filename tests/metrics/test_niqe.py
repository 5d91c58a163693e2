"""NIQE against a plain transcription, and its models."""

import jax
import jax.numpy as jnp
import natural_scene_reference as reference
import numpy as np
import pytest
import scipy.io
import skimage.data
from scipy.ndimage import gaussian_filter

from spikejax.metrics import NiqeModel, niqe
from spikejax.metrics.niqe import block_features


@pytest.fixture(scope="module")
def photograph():
    """(192, 288) on 0..1, six blocks."""
    return skimage.data.camera()[100:292, 100:388] / 255


@pytest.fixture(scope="module")
def model():
    """A model with correlated features of their usual sizes."""
    root = np.random.default_rng(3).normal(0, 0.1, (36, 60))
    return NiqeModel("synthetic", np.full(36, 0.5), root @ root.T)


def test_features_are_those_of_the_paper(photograph):
    features, sharpness = block_features(photograph)
    assert features.dtype == np.float64
    levels = 255 * photograph
    full, deviation = reference.normalised(levels, "nearest")
    np.testing.assert_allclose(sharpness[4], deviation[96:, 96:192].mean(), rtol=1e-9)
    expected = reference.niqe_features(full[96:, 96:192])
    np.testing.assert_allclose(features[4, :18], expected, atol=1e-8)


def test_the_second_half_are_those_of_the_image_at_half_size(photograph):
    from spikejax.metrics import natural_scene

    with jax.enable_x64(True):
        half = np.asarray(natural_scene.halved(jnp.asarray(255 * photograph[None])))[0]
    coefficients, _ = reference.normalised(half, "nearest")
    expected = reference.niqe_features(coefficients[48:, 48:96])
    features, _ = block_features(photograph)
    np.testing.assert_allclose(features[4, 18:], expected, atol=1e-8)


def test_the_score_is_the_distance_of_the_paper(photograph, model):
    features, _ = block_features(photograph)
    expected = reference.niqe_distance(features, model.mean, model.covariance)
    np.testing.assert_allclose(niqe(photograph, model=model), expected, rtol=1e-9)


def test_blur_and_noise_raise_the_score_of_a_photograph(photograph, rng):
    scores = [niqe(photograph)]
    for sigma in (1, 2):
        scores.append(niqe(gaussian_filter(photograph, sigma)))
    assert scores == sorted(scores)
    noisy = photograph + rng.normal(0, 0.1, photograph.shape)
    assert niqe(noisy) > scores[0]


def test_incomplete_blocks_are_ignored(photograph, model):
    more = np.pad(photograph, ((0, 95), (0, 40)), mode="symmetric")
    np.testing.assert_allclose(niqe(more, model=model), niqe(photograph, model=model), rtol=1e-12)


def test_batches_colour_ranges_and_float32_agree(photograph, model):
    score = niqe(photograph, model=model)
    pair = np.stack([photograph, photograph[::-1]])[..., None]
    both = niqe(pair, model=model)
    assert both.shape == (2,)
    np.testing.assert_allclose(both[0], score, rtol=1e-9)
    rgb = np.repeat(photograph[..., None], 3, -1)
    np.testing.assert_allclose(niqe(rgb, model=model), score, rtol=1e-3)
    eight_bits = np.round(255 * photograph).astype(np.uint8)
    np.testing.assert_allclose(niqe(eight_bits, model=model, data_range=255.0), score, rtol=1e-9)
    single = niqe(jnp.asarray(photograph, jnp.float32), model=model)
    assert single.dtype == jnp.float32
    np.testing.assert_allclose(single, score, rtol=1e-3)
    jitted = jax.jit(lambda x: niqe(x, model=model))(jnp.asarray(photograph, jnp.float32))
    np.testing.assert_allclose(jitted, single, rtol=1e-3)


def test_blocks_without_structure_do_not_count(photograph, model):
    image = photograph.copy()
    image[:120, :120] = 0.5  # beyond the block, whose edges would see its neighbours
    features, _ = block_features(image)
    assert np.isnan(features).any(-1).tolist() == [True] + 5 * [False]
    expected = reference.niqe_distance(features[1:], model.mean, model.covariance)
    np.testing.assert_allclose(niqe(image, model=model), expected, rtol=1e-9)
    assert np.isnan(niqe(np.full((96, 192), 0.5), model=model))


def test_the_model_that_ships_says_that_it_is_not_the_published_one(photograph):
    from spikejax.metrics.niqe import _shipped

    assert "not the published" in _shipped().name
    assert 1 < niqe(photograph) < 10


def test_a_fitted_model_has_the_mean_and_covariance_of_the_sharp_blocks():
    images = [skimage.data.brick(), skimage.data.gravel(), skimage.data.grass()]
    own = niqe.fit(images, name="textures", data_range=255.0)
    assert own.name == "textures"
    rows = []
    for image in images:
        features, sharpness = block_features(image, data_range=255.0)
        rows += [f for f, s in zip(features, sharpness, strict=True) if s > 0.75 * sharpness.max()]
    assert 36 < len(rows) < 75
    np.testing.assert_allclose(own.mean, np.mean(rows, 0))
    np.testing.assert_allclose(own.covariance, np.cov(rows, rowvar=False))


def test_too_few_sharp_blocks_are_refused(photograph):
    with pytest.raises(ValueError, match="sharp blocks of 96 x 96 pixels, and a model needs more"):
        niqe.fit([photograph], name="one")
    with pytest.raises(ValueError, match="0 sharp blocks"):
        niqe.fit([], name="none")
    with pytest.raises(ValueError, match="single images"):
        niqe.fit([np.zeros((1, 96, 96, 1))], name="batch")


def test_a_saved_model_is_read_back(tmp_path, model, photograph):
    path = tmp_path / "own.npz"
    model.save(path)
    read = NiqeModel.load(path)
    assert read.name == "synthetic"
    np.testing.assert_array_equal(read.covariance, model.covariance)
    assert niqe(photograph, model=path) == niqe(photograph, model=model)


def test_the_authors_matlab_file_is_read(tmp_path, model, photograph, monkeypatch):
    path = tmp_path / "modelparameters.mat"
    scipy.io.savemat(path, {"mu_prisparam": model.mean[None], "cov_prisparam": model.covariance})
    assert NiqeModel.load(path).name == "modelparameters.mat"
    monkeypatch.setenv("SPIKEJAX_NIQE", str(path))
    assert niqe(photograph, model="published") == niqe(photograph, model=model)


def test_a_missing_published_model_is_named(monkeypatch, photograph, tmp_path):
    monkeypatch.delenv("SPIKEJAX_NIQE", raising=False)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(ValueError, match=r"modelparameters\.mat.*set SPIKEJAX_NIQE"):
        niqe(photograph, model="published")


def test_files_that_hold_no_model_are_refused(tmp_path, model):
    scipy.io.savemat(tmp_path / "a.mat", {"x": 1.0})
    (tmp_path / "b.mat").write_bytes(b"nothing")
    (tmp_path / "b.npz").write_bytes(b"nothing")
    np.savez(tmp_path / "c.npz", name="c", mean=model.mean)
    np.savez(tmp_path / "d.npz", name="d", mean=model.mean, covariance=np.zeros((36, 36)))
    for name in ("a.mat", "b.mat", "b.npz", "c.npz", "d.npz"):
        with pytest.raises(ValueError, match=rf"{name}: no NIQE model"):
            NiqeModel.load(tmp_path / name)
    with pytest.raises(ValueError, match=r"e\.npz: No such file"):
        NiqeModel.load(tmp_path / "e.npz")


@pytest.mark.parametrize(
    ("image", "options", "message"),
    [
        (np.zeros((95, 300)), {}, "at least 96 x 96"),
        (np.zeros((96, 191)), {}, "at least two blocks of 96 x 96 pixels, got 96 x 191"),
        (np.zeros((96, 192), np.uint8), {}, "need their data_range"),
        (np.zeros((96, 192)), {"data_range": 0.0}, "above 0, got 0.0"),
        (np.zeros((96, 192), complex), {}, "real image"),
        (np.zeros((5, 96, 192)), {}, "C 1 or 3"),
    ],
)
def test_invalid_arguments_are_refused(image, options, message, model):
    with pytest.raises(ValueError, match=f"niqe: .*{message}"):
        niqe(image, model=model, **options)
