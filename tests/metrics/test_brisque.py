"""BRISQUE against a plain transcription, and its model files."""

import jax
import jax.numpy as jnp
import natural_scene_reference as reference
import numpy as np
import pytest
import skimage.data

from spikejax.metrics import BrisqueModel, brisque, brisque_features, natural_scene


@pytest.fixture(scope="module")
def photograph():
    return skimage.data.camera()[100:164, 100:180] / 255


@pytest.fixture(scope="module")
def machine():
    r = np.random.default_rng(5)
    return {
        "vectors": r.uniform(-1, 1, (7, 36)),
        "coefficients": r.normal(0, 30, 7),
        "gamma": 0.05,
        "rho": -40.0,
        "lower": r.uniform(-1, 0, 36),
        "upper": r.uniform(1, 5, 36),
    }


@pytest.fixture
def folder(tmp_path, machine):
    """The two files as svm-train and svm-scale write them; zeros are left out."""
    vectors = machine["vectors"]
    vectors = np.where(np.arange(36)[None] % 5 == 0, 0, vectors)
    lines = ["svm_type epsilon_svr", "kernel_type rbf", "gamma 0.05", "nr_class 2", "total_sv 7"]
    lines += ["rho -40", "SV"]
    for coefficient, vector in zip(machine["coefficients"], vectors, strict=True):
        entries = [f"{i + 1}:{v!r}" for i, v in enumerate(vector.tolist()) if v]
        lines.append(" ".join([repr(float(coefficient)), *entries, ""]))
    (tmp_path / "allmodel").write_text("\n".join(lines) + "\n")
    limits = zip(machine["lower"].tolist(), machine["upper"].tolist(), strict=True)
    rows = [f"{i + 1} {low!r} {high!r}" for i, (low, high) in enumerate(limits)]
    (tmp_path / "allrange").write_text("\n".join(["x", "-1 1", *rows]) + "\n")
    return tmp_path


def test_features_are_those_of_the_paper(photograph):
    features = brisque_features(photograph)
    assert features.dtype == np.float64
    with jax.enable_x64(True):
        half = np.asarray(natural_scene.halved(jnp.asarray(255 * photograph[None])))[0]
    for own, image in ((features[:18], 255 * photograph), (features[18:], half)):
        np.testing.assert_allclose(own, reference.brisque_features(image), atol=1e-8)


def test_the_score_is_a_support_vector_regression_of_the_scaled_features(photograph, machine):
    score = brisque(photograph, model=BrisqueModel(**machine))
    low, high = machine["lower"], machine["upper"]
    x = -1 + 2 * (brisque_features(photograph) - low) / (high - low)
    total = 40.0
    for coefficient, vector in zip(machine["coefficients"], machine["vectors"], strict=True):
        total += coefficient * np.exp(
            -0.05 * sum((a - b) ** 2 for a, b in zip(x, vector, strict=True))
        )
    np.testing.assert_allclose(score, total, rtol=1e-10)


def test_the_authors_files_are_read(folder, machine, photograph, monkeypatch):
    read = BrisqueModel.load(folder)
    np.testing.assert_array_equal(read.vectors[:, 1], machine["vectors"][:, 1])
    np.testing.assert_array_equal(read.vectors[:, 0], 0)
    np.testing.assert_array_equal(read.coefficients, machine["coefficients"])
    np.testing.assert_array_equal(read.upper, machine["upper"])
    assert (read.gamma, read.rho) == (0.05, -40)
    monkeypatch.setenv("SPIKEJAX_BRISQUE", str(folder))
    assert brisque(photograph) == brisque(photograph, model=read)


def test_batches_ranges_and_float32_agree(photograph, machine):
    model = BrisqueModel(**machine)
    score = brisque(photograph, model=model)
    both = brisque(np.stack([photograph, photograph[::-1]])[..., None], model=model)
    assert both.shape == (2,)
    np.testing.assert_allclose(both[0], score)
    eight_bits = np.round(255 * photograph).astype(np.uint8)
    np.testing.assert_allclose(brisque(eight_bits, model=model, data_range=255.0), score)
    single = jax.jit(lambda x: brisque(x, model=model))(jnp.asarray(photograph, jnp.float32))
    np.testing.assert_allclose(single, score, atol=0.02)


def test_an_image_without_structure_has_no_score(machine):
    assert np.isnan(brisque(np.zeros((20, 20)), model=BrisqueModel(**machine)))


def test_a_missing_model_is_named(monkeypatch, photograph, tmp_path):
    monkeypatch.delenv("SPIKEJAX_BRISQUE", raising=False)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(ValueError, match=r"allmodel and allrange.*SPIKEJAX_BRISQUE"):
        brisque(photograph)
    with pytest.raises(ValueError, match="allmodel: No such file"):
        brisque(photograph, model=tmp_path)


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("allmodel", "rbf", "linear", "kernel rbf, got epsilon_svr with linear"),
        ("allmodel", "total_sv 7", "total_sv 8", "8 support vectors announced, 7 there"),
        ("allmodel", "SV\n", "", "SV"),
        ("allmodel", "gamma 0.05\n", "", "gamma"),
        ("allmodel", " 35:", " 37:", "feature 37"),
        ("allmodel", " 35:", " 35:x", "x"),
        ("allrange", "-1 1", "0 1", "scaled to -1 and 1"),
        ("allrange", "\n36 ", "\n35 ", "35"),
    ],
)
def test_files_that_are_not_the_authors_are_refused(folder, file, old, new, message):
    path = folder / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(ValueError, match=f"{file}: not the file of LIBSVM.*{message}"):
        BrisqueModel.load(folder)


def test_invalid_models_are_refused(machine):
    for change, message in (
        ({"lower": machine["lower"][:5]}, r"finite lower \(36,\), got \(5,\)"),
        ({"vectors": machine["vectors"][:5]}, r"finite vectors \(7, 36\), got \(5, 36\)"),
        ({"rho": np.nan}, "finite rho"),
        ({"gamma": 0.0}, "must be positive"),
        ({"upper": machine["lower"]}, "must be positive"),
    ):
        with pytest.raises(ValueError, match=message):
            BrisqueModel(**machine | change)


def test_images_that_do_not_fit_are_refused(machine):
    with pytest.raises(ValueError, match="brisque: images are at least 16 x 16 pixels"):
        brisque(np.zeros((15, 40)), model=BrisqueModel(**machine))
