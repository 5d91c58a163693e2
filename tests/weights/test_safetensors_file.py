import json
import pathlib

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest
import safetensors
import safetensors.numpy
from hypothesis import given, settings
from hypothesis import strategies as st

from spikejax import models, weights
from spikejax.weights import WeightsError, safetensors_file
from spikejax.weights.checks import flatten


@pytest.fixture(scope="module")
def variables():
    fresh = models.create("lrn").init(jax.random.key(0))
    return {**fresh, "constants": {"trained_gain": np.asarray(0.4, np.float32)}}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "weights.safetensors"


@pytest.fixture
def arrays(variables):
    return {name: np.asarray(value) for name, value in flatten(variables).items()}


def assert_equal(a, b):
    a, b = flatten(a), flatten(b)
    assert a.keys() == b.keys()
    for name in a:
        np.testing.assert_array_equal(a[name], b[name], err_msg=name)


def test_back_and_forth_is_exact(path, variables):
    weights.save(path, variables, model="lrn")
    loaded = weights.load(path)
    assert_equal(loaded, variables)
    assert weights.trained_gain(loaded) == np.float32(0.4)
    assert loaded["constants"]["trained_gain"].shape == ()
    assert {leaf.dtype for leaf in jax.tree.leaves(loaded)} == {np.dtype(np.float32)}


def test_batch_statistics_travel(path):
    shapes = jax.eval_shape(models.create("stir").init, jax.random.key(0))
    fresh = jax.tree.map(lambda s: np.full(s.shape, 0.5, np.float32), shapes)
    weights.save(path, fresh, model="stir", dtype="bfloat16")
    loaded = weights.load(str(path), model="stir")
    assert weights.trained_gain(loaded) == 1.0
    del loaded["constants"]
    assert_equal(loaded, fresh)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_narrow_storage_rounds_once_and_keeps_the_gain(path, variables, dtype):
    weights.save(path, variables, model="lrn", dtype=dtype)
    assert path.stat().st_size < 2 * 180_705 + 4096
    loaded = weights.load(path)
    kernel = np.asarray(variables["params"]["conv2"]["kernel"])
    expected = kernel.astype(getattr(ml_dtypes, dtype, dtype)).astype(np.float32)
    assert loaded["params"]["conv2"]["kernel"].dtype == jnp.float32
    np.testing.assert_array_equal(loaded["params"]["conv2"]["kernel"], expected)
    assert weights.trained_gain(loaded) == np.float32(0.4)


def test_other_programs_can_read_it(path, variables):
    weights.save(path, variables, model="lrn", metadata={"trained": "on dead leaves"})
    with safetensors.safe_open(path, framework="np") as file:
        metadata = file.metadata()
        np.testing.assert_array_equal(
            file.get_tensor("params/conv1/kernel"), variables["params"]["conv1"]["kernel"]
        )
    assert metadata == {
        "format": "spikejax",
        "format_version": "1",
        "model": "lrn",
        "trained_gain": "0.4",
        "trained": "on dead leaves",
    }


@pytest.mark.parametrize("metadata", [{"model": "x"}, {"a": 3}, {3: "a"}, {"trained_gain": "1"}])
def test_metadata_are_texts_under_free_names(path, variables, metadata):
    with pytest.raises(WeightsError, match="metadata: expected names and texts"):
        weights.save(path, variables, model="lrn", metadata=metadata)
    assert not path.exists()


def test_a_failed_write_leaves_the_old_file_and_nothing_else(path, variables, monkeypatch):
    path.write_bytes(b"old")

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pathlib.Path, "replace", fail)
    with pytest.raises(WeightsError, match="No space left"):
        weights.save(path, variables, model="lrn")
    assert path.read_bytes() == b"old"
    assert list(path.parent.iterdir()) == [path]


def test_a_folder_that_does_not_exist_is_named(tmp_path, variables):
    with pytest.raises(WeightsError, match=r"nowhere/w\.safetensors: No such file"):
        weights.save(tmp_path / "nowhere" / "w.safetensors", variables, model="lrn")


def test_what_is_saved_is_checked(path, variables):
    with pytest.raises(WeightsError, match="weights of 'stir'"):
        weights.save(path, variables, model="stir")
    with pytest.raises(WeightsError, match="dtype is 'int8'"):
        weights.save(path, variables, model="lrn", dtype="int8")
    large = jax.tree.map(lambda x: jnp.full_like(x, 1e5), variables)
    with pytest.raises(WeightsError, match=r"'params/conv1/bias' .* too large for float16"):
        weights.save(path, large, model="lrn", dtype="float16")
    broken = jax.tree.map(lambda x: jnp.full_like(x, jnp.nan), variables["params"])
    with pytest.raises(WeightsError, match="not finite"):
        weights.save(path, {"params": broken}, model="lrn")
    assert not path.exists()


def test_a_file_of_another_program_is_read_when_its_network_is_given(path, variables, arrays):
    safetensors.numpy.save_file(arrays, path)
    assert_equal(weights.load(path, model="lrn"), variables)
    with pytest.raises(WeightsError, match="does not name its network"):
        weights.load(path)


def write(path, arrays, **metadata):
    named = {"format": "spikejax", "format_version": "1", "model": "lrn"} | metadata
    safetensors.numpy.save_file(arrays, path, named)


def faulty(arrays, fault):
    arrays = dict(arrays)
    if fault == "missing":
        del arrays["params/conv2/bias"]
    elif fault == "extra":
        arrays["params/conv2/gamma"] = np.zeros(3, np.float32)
    elif fault == "shape":
        arrays["params/conv2/bias"] = np.zeros((128, 1), np.float32)
    elif fault == "integers":
        arrays["params/conv2/bias"] = np.zeros(128, np.int32)
    elif fault == "nan":
        arrays["params/conv2/bias"] = np.full(128, np.nan, np.float32)
    elif fault == "gain":
        arrays["constants/trained_gain"] = np.asarray(-1, np.float32)
    elif fault == "gains":
        arrays["constants/trained_gain"] = np.ones(3, np.float32)
    return arrays


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("missing", "'params/conv2/bias' is missing"),
        ("extra", "unknown tensor 'params/conv2/gamma'"),
        ("shape", r"'params/conv2/bias' has shape \(128, 1\), expected \(128,\)"),
        ("integers", "'params/conv2/bias' has I32 values"),
        ("nan", "'params/conv2/bias' holds values that are not finite"),
        ("gain", "trained_gain is -1"),
        ("gains", r"trained_gain has shape \(3,\)"),
    ],
)
def test_the_first_faulty_array_is_named(path, arrays, fault, message):
    write(path, faulty(arrays, fault))
    with pytest.raises(WeightsError, match=message) as caught:
        weights.load(path)
    assert str(path) in str(caught.value)


def test_the_weights_of_another_network_are_refused(path, arrays):
    write(path, arrays)
    with pytest.raises(WeightsError, match="weights of 'lrn', expected those of 'stir'"):
        weights.load(path, model="stir")
    write(path, arrays, model="no\nsuch")
    with pytest.raises(WeightsError, match=r"no network 'no\\nsuch'"):
        weights.load(path)


def test_a_later_format_is_refused(path, arrays):
    write(path, arrays, format_version="2")
    with pytest.raises(WeightsError, match="format version '2', this spikejax reads 1"):
        weights.load(path)


def headed(header, body=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + body


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x08",
        (2**63).to_bytes(8, "little") + b"{}",
        headed({}),
        headed(b"[" * 100_000),
        headed(b'{"a": ' * 100_000),
        headed({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]}}, bytes(4)),
        headed({"a": {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 2**42]}}, bytes(4)),
        headed({"a": {"dtype": "F32", "shape": [2**62, 4], "data_offsets": [0, 0]}}),
        headed({"a": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}}, bytes(4)),
        headed({"a": {"dtype": "X9", "shape": [1], "data_offsets": [0, 4]}}, bytes(4)),
        headed({"__metadata__": {"model": {}}}),
        headed({"__metadata__": {"model": "lrn"}}),
    ],
)
def test_a_faulty_file_is_one_line(path, data):
    path.write_bytes(data)
    with pytest.raises(WeightsError, match=r"weights\.safetensors: ") as caught:
        weights.load(path)
    assert "\n" not in str(caught.value)


def test_every_truncated_header_is_an_error(path, variables):
    weights.save(path, variables, model="lrn")
    data = path.read_bytes()
    header = 8 + int.from_bytes(data[:8], "little")
    for end in [*range(0, header, 7), header, header + 1, len(data) - 1]:
        path.write_bytes(data[:end])
        with pytest.raises(WeightsError):
            weights.load(path)


@pytest.fixture(scope="module")
def sound(tmp_path_factory, variables):
    path = tmp_path_factory.mktemp("sound") / "w.safetensors"
    weights.save(path, variables, model="lrn")
    return path.read_bytes()


@settings(max_examples=150)
@given(edits=st.lists(st.tuples(st.integers(0, 1200), st.integers(0, 255)), min_size=1, max_size=3))
def test_random_edits_of_the_header_never_raise_anything_else(tmp_path_factory, sound, edits):
    data = bytearray(sound)
    for at, byte in edits:
        data[at] = byte
    path = tmp_path_factory.getbasetemp() / "edited.safetensors"
    path.write_bytes(data)
    try:
        weights.load(path)
    except WeightsError as error:
        assert "\n" not in str(error)


@pytest.fixture
def bundle(tmp_path, monkeypatch):
    folder = tmp_path / "bundled"
    monkeypatch.setattr(safetensors_file, "BUNDLED", folder)
    return folder


def test_nothing_ships_from_a_folder_that_is_not_there(bundle):
    assert weights.available() == ()
    with pytest.raises(WeightsError, match=r"no weights named 'stir' ship .*\(none do\).*path"):
        weights.load("stir")


def test_what_ships_is_loaded_by_name(bundle, variables):
    bundle.mkdir()
    weights.save(bundle / "lrn.safetensors", variables, model="lrn")
    weights.save(bundle / "lrn-fast.safetensors", variables, model="lrn", dtype="bfloat16")
    assert weights.available() == ("lrn", "lrn-fast")
    assert_equal(weights.load("lrn"), variables)
    assert_equal(weights.load("lrn", model="lrn"), variables)
    with pytest.raises(WeightsError, match=r"\(these do: lrn, lrn-fast\)"):
        weights.load("stir")


def test_what_ships_can_be_loaded():
    for name in weights.available():
        weights.load(name)


def test_a_missing_file_is_named(tmp_path):
    for load in (weights.load, lambda path: weights.load_any("lrn", path)):
        with pytest.raises(WeightsError, match=r"absent\.safetensors: No such file"):
            load(tmp_path / "absent.safetensors")


def test_any_format_is_told_by_its_content(tmp_path, formats, variables, lrn_state):
    ours, zipped, old = (tmp_path / name for name in ("a.pth", "b.safetensors", "c"))
    weights.save(ours, variables, model="lrn")
    zipped.write_bytes(formats.zipped(*formats.pickled(lrn_state)))
    old.write_bytes(formats.legacy({"model": lrn_state}))
    assert_equal(weights.load_any("lrn", ours), variables)
    expected = weights.from_torch("lrn", lrn_state)
    assert_equal(weights.load_any("lrn", zipped), expected)
    assert_equal(weights.load_any("lrn", str(old)), expected)
    with pytest.raises(WeightsError, match=r"read it with weights\.from_torch"):
        weights.load(zipped)
    with pytest.raises(WeightsError, match="expected those of 'stir'"):
        weights.load_any("stir", ours)
    ours.write_text("neither")
    with pytest.raises(WeightsError, match=r"a\.pth"):
        weights.load_any("lrn", ours)
