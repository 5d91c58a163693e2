import itertools

import jax
import ml_dtypes
import numpy as np
import pytest
from scipy import signal
from synthetic_weights import SHAPES, state_dict

from spikejax import models, weights
from spikejax.models.name_table import counters, entries
from spikejax.weights import WeightsError
from spikejax.weights.checks import expected_shapes, flatten


@pytest.fixture(scope="module")
def stir_state():
    return state_dict(SHAPES["stir"])


@pytest.fixture(scope="module")
def stir(stir_state):
    return weights.from_torch("stir", stir_state)


def assert_equal(a, b):
    a, b = flatten(a), flatten(b)
    assert a.keys() == b.keys()
    for path in a:
        np.testing.assert_array_equal(a[path], b[path], err_msg=path)


@pytest.mark.parametrize("name", weights.convertible())
def test_a_table_names_every_array_of_its_network_once(name):
    paths = [entry.ours for entry in entries(models.create(name).published)]
    assert sorted(paths) == sorted(expected_shapes(name))


def test_the_table_of_stir_has_the_published_names_and_shapes():
    shapes = expected_shapes("stir")
    table = models.create("stir").published
    named = {e.theirs: list(e.shape_in_torch(shapes[e.ours])) for e in entries(table)}
    assert named | {counter: [] for counter in counters(table)} == SHAPES["stir"]


def test_stir_has_the_published_number_of_parameters(stir):
    assert sum(leaf.size for leaf in jax.tree.leaves(stir["params"])) == 5_107_960


def test_stir_carries_the_gain_of_its_published_training(stir):
    assert weights.trained_gain(stir) == np.float32(0.4)


def test_every_array_of_stir_has_the_values_of_its_namesake(stir, stir_state):
    """Compares one array of each layout, index by index."""
    params, stats = stir["params"], stir["batch_stats"]

    def same(ours, name, axes=None):
        expected = stir_state[name]
        np.testing.assert_array_equal(ours, expected if axes is None else expected.transpose(axes))

    kernel = np.asarray(params["decoder"]["level3"]["trunk"]["conv2"]["kernel"])
    expected = stir_state["decorder_4nd.convrelu.conv2.0.weight"]
    assert kernel[2, 0, 7, 150] == expected[150, 7, 2, 0]
    kernel = np.asarray(params["decoder"]["level1"]["enlarge"]["hidden"]["kernel"])
    expected = stir_state["decorder_2nd.deconv_hidden.weight"]
    assert kernel[3, 1, 90, 5] == expected[90, 5, 3, 1]
    kernel = np.asarray(params["attention"]["query_spread"]["kernel"])
    expected = stir_state["transformer.attn.q_dwconv.weight"]
    assert kernel[0, 2, 1, 100] == expected[100, 1, 0, 2]
    same(params["encoder"]["prelu2"]["slope"], "encoder.conv2.net.1.weight")
    same(params["attention"]["norm_key_value2"]["scale"], "transformer.norm_kv2.body.weight")
    same(params["attention"]["temperature1"], "transformer.attn.temperature1")
    same(stats["encoder"]["embedding"]["norm1"]["var"], "resnet.bn1.running_var")
    same(stats["encoder"]["embedding"]["norm2"]["mean"], "resnet.bn2.running_mean")


def test_back_and_forth_is_exact(stir, stir_state):
    state = weights.to_torch("stir", stir)
    assert state.keys() == stir_state.keys()
    for name, array in state.items():
        assert array.dtype == stir_state[name].dtype
        assert array.flags.c_contiguous
        np.testing.assert_array_equal(array, stir_state[name])


def test_fresh_weights_survive_forth_and_back():
    variables = models.create("lrn").init(jax.random.key(0))
    state = weights.to_torch("lrn", variables, prefix="module.")
    assert all(name.startswith("module.") for name in state)
    back = weights.from_torch("lrn", state)
    assert weights.trained_gain(back) == 1.0
    del back["constants"]
    assert_equal(back, variables)


@pytest.mark.parametrize("kind", ["zip", "legacy"])
def test_a_file_gives_what_its_state_dict_gives(tmp_path, formats, lrn_state, kind):
    path = tmp_path / "lrn.pth"
    value = {"state_dict": lrn_state, "epoch": 3}
    data = formats.legacy(value) if kind == "legacy" else formats.zipped(*formats.pickled(value))
    path.write_bytes(data)
    expected = weights.from_torch("lrn", lrn_state)
    assert_equal(weights.from_torch("lrn", path), expected)
    assert_equal(weights.from_torch("lrn", str(path)), expected)
    assert_equal(weights.from_torch("lrn", value), expected)


def test_the_network_computes_what_its_state_dict_says(lrn_state, rng):
    """Compares with LRN by SciPy's correlation, in PyTorch's layout."""
    x = rng.integers(0, 2, (41, 9, 8)).astype(np.float32)
    y = x
    for i in range(5):
        kernel, bias = lrn_state[f"{2 * i}.weight"], lrn_state[f"{2 * i}.bias"]
        y = np.stack(
            [
                sum(signal.correlate2d(y[c], kernel[o, c], "same") for c in range(len(y))) + bias[o]
                for o in range(len(kernel))
            ]
        )
        y = np.maximum(y, 0) if i < 4 else y
    out = models.create("lrn").apply(weights.from_torch("lrn", lrn_state), x[None].astype(np.uint8))
    np.testing.assert_allclose(out[0, ..., 0], y[0], atol=1e-5 * np.abs(y).max())


@pytest.mark.parametrize("prefix", ["module.", "module.module.", "_orig_mod.", "net.body."])
def test_a_common_prefix_does_not_matter(stir, stir_state, prefix):
    prefixed = {prefix + name: value for name, value in stir_state.items()}
    assert_equal(weights.from_torch("stir", prefixed), stir)


def test_batch_counters_may_be_absent(stir, stir_state):
    state = {k: v for k, v in stir_state.items() if "num_batches_tracked" not in k}
    assert_equal(weights.from_torch("stir", state), stir)


@pytest.mark.parametrize(
    "names",
    [
        ["convs.0", "convs.1", "convs.2", "convs.3", "convs.4"],
        ["seq.0.0", "seq.1.0", "seq.2.0", "seq.3.0", "seq.4"],
        ["head", "body.a", "body.b", "body.c", "tail"],
    ],
)
def test_the_layers_of_a_chain_may_have_any_names(lrn_state, names):
    renamed = {}
    for i, name in enumerate(names):
        renamed[f"{name}.weight"] = lrn_state[f"{2 * i}.weight"]
        renamed[f"{name}.bias"] = lrn_state[f"{2 * i}.bias"]
    assert_equal(weights.from_torch("lrn", renamed), weights.from_torch("lrn", lrn_state))


def test_the_gain_of_ones_own_training_can_be_given(lrn_state):
    variables = weights.from_torch("lrn", lrn_state, trained_gain=0.25)
    assert weights.trained_gain(variables) == 0.25
    for gain in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(WeightsError, match="trained_gain"):
            weights.from_torch("lrn", lrn_state, trained_gain=gain)


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16, np.float64], ids=str)
def test_other_precisions_become_float32(lrn_state, dtype):
    state = {name: value.astype(dtype) for name, value in lrn_state.items()}
    variables = weights.from_torch("lrn", state)
    assert {leaf.dtype for leaf in jax.tree.leaves(variables)} == {np.dtype(np.float32)}
    bias = variables["params"]["conv2"]["bias"]
    np.testing.assert_array_equal(bias, state["2.bias"].astype(np.float32))


def test_later_changes_of_the_source_change_nothing(lrn_state):
    variables = weights.from_torch("lrn", lrn_state)
    before = np.array(variables["params"]["conv1"]["bias"])
    lrn_state["0.bias"][:] = 9
    np.testing.assert_array_equal(variables["params"]["conv1"]["bias"], before)


class FakeTensor:
    """A fake PyTorch tensor, which must be detached and on the CPU before it becomes an array."""

    def __init__(self, array, stage=0):
        self.array, self.stage, self.shape = array, stage, array.shape

    def detach(self):
        return FakeTensor(self.array, self.stage + 1)

    def cpu(self):
        return FakeTensor(self.array, self.stage + 1)

    def is_floating_point(self):
        return self.array.dtype.kind == "f"

    def float(self):
        return FakeTensor(self.array.astype(np.float32), self.stage)

    def __array__(self, dtype=None, copy=None):
        if self.stage < 2:
            raise RuntimeError("can't convert a tensor that requires grad")
        return self.array


def test_tensors_on_a_device_are_fetched(lrn_state):
    state = {name: FakeTensor(value) for name, value in lrn_state.items()}
    assert_equal(weights.from_torch("lrn", state), weights.from_torch("lrn", lrn_state))


def faulty(state, fault):
    state = dict(state)
    if fault == "missing":
        del state["encoder.conv1.net.0.bias"]
    elif fault == "renamed":
        state["encoder.conv1.net.0.beta"] = state.pop("encoder.conv1.net.0.bias")
    elif fault == "extra":
        state["decoder.more.weight"] = np.zeros(3, np.float32)
    elif fault == "shape":
        state["decorder_1st.predict_img.weight"] = np.zeros((1, 48, 5, 5), np.float32)
    elif fault == "integers":
        state["resnet.bn1.weight"] = np.ones(11, np.int64)
    elif fault == "nan":
        state["resnet.bn1.running_var"] = np.full(11, np.nan, np.float32)
    elif fault == "too large":
        state["resnet.bn1.running_var"] = np.full(11, 1e300)
    elif fault == "no array":
        state["resnet.bn1.running_var"] = "x"
    return state


@pytest.mark.parametrize("prefix", ["", "module."])
@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("missing", r"'stir': tensor 'encoder\.conv1\.net\.0\.bias' is missing$"),
        ("renamed", r"\.bias' is missing; it has 'encoder\.conv1\.net\.0\.beta' instead$"),
        ("extra", r"unknown tensor '.*decoder\.more\.weight'$"),
        ("shape", r"predict_img\.weight' has shape \(1, 48, 5, 5\), expected \(1, 48, 3, 3\)$"),
        ("integers", r"'resnet\.bn1\.weight' has int64 values, expected float32$"),
        ("nan", r"'resnet\.bn1\.running_var' holds values that are not finite$"),
        ("too large", r"'resnet\.bn1\.running_var' holds values that are not finite$"),
        ("no array", r"'resnet\.bn1\.running_var'"),
    ],
)
def test_the_first_faulty_array_is_named(stir_state, prefix, fault, message):
    state = {prefix + name: value for name, value in faulty(stir_state, fault).items()}
    with pytest.raises(WeightsError, match=message):
        weights.from_torch("stir", state)


def test_the_wrong_network_is_seen_at_once(stir_state, lrn_state):
    with pytest.raises(WeightsError, match=r"\(and 140 more\) is missing; it has '0\.weight'"):
        weights.from_torch("stir", lrn_state)
    # The message has the names of the file: a prefix of only a few wanted names is not removed.
    with pytest.raises(WeightsError, match=r"'lrn': .*it has 'encoder\.conv0\.net\.0\.weight'"):
        weights.from_torch("lrn", stir_state)


def test_the_file_of_a_faulty_array_is_named(checkpoint, lrn_state):
    lrn_state["8.bias"] = lrn_state["8.bias"][:0]
    with pytest.raises(WeightsError, match=r"model\.pth: .*'8\.bias' has shape \(0,\)"):
        weights.from_torch("lrn", checkpoint(lrn_state))


def test_a_network_without_published_names_is_named(lrn_state):
    with pytest.raises(WeightsError, match=r"'nothing'; expected one of .*lrn.*stir"):
        weights.from_torch("nothing", lrn_state)
    with pytest.raises(WeightsError, match="'nothing'"):
        weights.to_torch("nothing", {})


def test_a_name_of_a_million_dots_takes_no_time(lrn_state):
    with pytest.raises(WeightsError, match="unknown tensor"):
        weights.from_torch("lrn", lrn_state | {"a." * 1_000_000: np.zeros(1, np.float32)})


@pytest.mark.torch
def test_pytorch_loads_what_is_written_for_it(tmp_path):
    torch = pytest.importorskip("torch")
    widths = (41, 64, 128, 64, 16, 1)
    layers = []
    for a, b in itertools.pairwise(widths):
        layers += [torch.nn.Conv2d(a, b, 3, padding=1), torch.nn.ReLU()]
    network = torch.nn.Sequential(*layers[:-1])
    model = models.create("lrn")
    variables = model.init(jax.random.key(1))
    state = weights.to_torch("lrn", variables)
    network.load_state_dict({k: torch.from_numpy(v) for k, v in state.items()})
    spikes = np.random.default_rng(0).integers(0, 2, (2, 41, 10, 12), dtype=np.uint8)
    expected = network(torch.from_numpy(spikes).float()).detach().numpy()
    np.testing.assert_allclose(model.apply(variables, spikes)[..., 0], expected[:, 0], atol=1e-5)

    torch.save(network.state_dict(), tmp_path / "lrn.pth")
    back = weights.from_torch("lrn", tmp_path / "lrn.pth")
    assert_equal(back["params"], variables["params"])
    assert_equal(weights.from_torch("lrn", dict(network.named_parameters())), back)
