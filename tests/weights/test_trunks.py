"""Tests of trunk weights: search, conversion and caching of torchvision's files."""

import hashlib

import jax
import numpy as np
import pytest
import safetensors.numpy
import synthetic_trunks

from spikejax import weights
from spikejax.weights import WeightsError
from spikejax.weights import trunks as loading


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """Hides the files and the cache of the user who runs the tests."""
    for variable in ("SPIKEJAX_VGG16", "SPIKEJAX_VGG19", "SPIKEJAX_ALEXNET"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setenv("SPIKEJAX_CACHE", str(tmp_path / "cache"))
    loading._load.cache_clear()


@pytest.fixture
def alexnet(checkpoint):
    """A file such as torchvision's, with the rest of the network in it."""
    return checkpoint(synthetic_trunks.state_dict("alexnet", classifier=True), name="alexnet.pth")


def assert_synthetic(params):
    state = synthetic_trunks.state_dict("alexnet")
    assert set(params) == {f"features{i}" for i in (0, 3, 6, 8, 10)}
    for layer, own in params.items():
        theirs = state[f"features.{layer.removeprefix('features')}.weight"]
        np.testing.assert_array_equal(own["kernel"], theirs.transpose(2, 3, 1, 0))
        np.testing.assert_array_equal(
            own["bias"], state[f"features.{layer.removeprefix('features')}.bias"]
        )


def test_a_file_is_read_from_its_path(alexnet):
    assert_synthetic(weights.trunk("alexnet", alexnet))


def test_a_file_is_found_by_the_environment_variable(alexnet, monkeypatch):
    monkeypatch.setenv("SPIKEJAX_ALEXNET", str(alexnet))
    assert_synthetic(weights.trunk("alexnet"))


def test_a_file_is_found_among_pytorchs_downloads(alexnet, tmp_path, monkeypatch):
    download = tmp_path / "torch" / "hub" / "checkpoints" / "alexnet-owt-7be5be79.pth"
    download.parent.mkdir(parents=True)
    download.write_bytes(alexnet.read_bytes())
    digest = hashlib.sha256(download.read_bytes()).hexdigest()
    message = f"begins with {digest[:8]}, expected 7be5be79; .*damaged"
    with pytest.raises(WeightsError, match=message):
        weights.trunk("alexnet")  # ours is not the published file
    monkeypatch.setattr(loading.TrunkFile, "digest", digest[:8])
    assert_synthetic(weights.trunk("alexnet"))


@pytest.mark.parametrize(
    ("name", "file", "variable"),
    [
        ("vgg16", "vgg16-397923af.pth", "SPIKEJAX_VGG16"),
        ("vgg19", "vgg19-dcbb9e9d.pth", "SPIKEJAX_VGG19"),
        ("alexnet", "alexnet-owt-7be5be79.pth", "SPIKEJAX_ALEXNET"),
    ],
)
def test_what_is_missing_is_named(name, file, variable, monkeypatch, tmp_path):
    with pytest.raises(WeightsError, match=f"no file with .*{name}.*{file}.*set {variable}"):
        weights.trunk(name)
    monkeypatch.setenv(variable, str(tmp_path / "nothing.pth"))
    with pytest.raises(WeightsError, match=rf"nothing\.pth: No such file.*{file}"):
        weights.trunk(name)


def test_a_converted_file_is_kept_and_used_instead(alexnet, tmp_path, monkeypatch):
    weights.trunk("alexnet", alexnet)
    (cached,) = (tmp_path / "cache").iterdir()
    assert cached.name.startswith("alexnet-")
    assert cached.parent.stat().st_mode & 0o077 == 0
    loading._load.cache_clear()
    monkeypatch.setattr(loading, "_convert", None)
    assert_synthetic(weights.trunk("alexnet", alexnet))


def test_a_changed_file_is_converted_again(alexnet, checkpoint, tmp_path):
    weights.trunk("alexnet", alexnet)
    state = synthetic_trunks.state_dict("alexnet")
    state["features.0.bias"] = state["features.0.bias"] + 1
    checkpoint(state, name="alexnet.pth")
    changed = weights.trunk("alexnet", alexnet)
    np.testing.assert_array_equal(changed["features0"]["bias"], state["features.0.bias"])


def test_a_damaged_cache_is_made_again(alexnet, tmp_path):
    weights.trunk("alexnet", alexnet)
    (cached,) = (tmp_path / "cache").iterdir()
    sound = cached.read_bytes()
    for damage in (b"", sound[:1000], sound.replace(b"features0", b"features1", 1)):
        cached.write_bytes(damage)
        loading._load.cache_clear()
        assert_synthetic(weights.trunk("alexnet", alexnet))
        assert cached.stat().st_size == len(sound)


def test_a_cache_that_cannot_be_written_does_no_harm(alexnet, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SPIKEJAX_CACHE", str(tmp_path / "file" / "cache"))
    assert_synthetic(weights.trunk("alexnet", alexnet))


def test_a_saved_trunk_is_read_back(tmp_path):
    path = tmp_path / "a.safetensors"
    weights.save_trunk(path, "alexnet", synthetic_trunks.params("alexnet"))
    assert_synthetic(weights.trunk("alexnet", path))
    with pytest.raises(WeightsError, match="a trunk of 'alexnet', expected that of 'vgg16'"):
        weights.trunk("vgg16", path)
    with pytest.raises(WeightsError, match="not a readable"):
        path.write_bytes(path.read_bytes()[:100])
        weights.trunk("alexnet", path)


def test_weights_loaded_inside_jit_are_no_part_of_the_trace(alexnet):
    def first(_):
        return weights.trunk("alexnet", alexnet)["features0"]["bias"]

    jax.jit(first)(0.0)
    assert_synthetic(weights.trunk("alexnet", alexnet))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.pop("features.3.weight"), "'features3/kernel' is missing"),
        (lambda s: s.update({"features.1.bias": np.zeros(3, "f4")}), "unknown .*'features1/bias'"),
        (lambda s: s.update({"features.0.bias": np.zeros(3, "f4")}), r"shape \(3,\), expected"),
        (lambda s: s["features.0.bias"].fill(np.nan), "not finite"),
    ],
)
def test_another_network_is_refused_by_name(checkpoint, change, message):
    state = {k: v.copy() for k, v in synthetic_trunks.state_dict("alexnet").items()}
    change(state)
    path = checkpoint(state)
    with pytest.raises(WeightsError, match=message) as caught:
        weights.trunk("alexnet", path)
    assert str(caught.value).startswith(str(path))


def test_names_and_files_that_are_none_are_refused(tmp_path):
    with pytest.raises(WeightsError, match="no trunk 'vgg11'"):
        weights.trunk("vgg11")
    path = tmp_path / "a.pth"
    path.write_text("hello")
    with pytest.raises(WeightsError, match=r"a\.pth: cannot read this checkpoint"):
        weights.trunk("alexnet", path)
    with pytest.raises(WeightsError, match="missing"):
        weights.save_trunk(tmp_path / "b.safetensors", "alexnet", {})


def test_the_cache_holds_the_trunk_alone(alexnet, tmp_path):
    weights.trunk("alexnet", alexnet)
    (cached,) = (tmp_path / "cache").iterdir()
    assert len(safetensors.numpy.load_file(cached)) == 10
