"""Measures against the packages of others, over fifty random pairs or pictures.

They need `lpips`, `piq` and `pyiqa` with PyTorch, and take minutes: `pytest -m reference -s` prints
the largest deviations.
"""

import importlib
import sys

import jax.numpy as jnp
import numpy as np
import pytest
import skimage.data
import synthetic_trunks
from scipy.ndimage import gaussian_filter

from spikejax.metrics import BrisqueModel, NiqeModel, brisque, brisque_features, lpips, niqe
from spikejax.metrics.lpips import TRUNKS, lpips_variables

pytestmark = [pytest.mark.reference, pytest.mark.filterwarnings("ignore")]

COUNT = 50


def module(name):
    """A module by its full name; some packages hide it behind a function of the same name."""
    pytest.importorskip(name.partition(".")[0])
    importlib.import_module(name)
    return sys.modules[name]


def pictures(height, width):
    """Crops of photographs that no model here was made of: as they are, noisy, and blurred."""
    rng = np.random.default_rng(0)
    sources = (
        skimage.data.coins(),
        skimage.data.moon(),
        skimage.data.retina()[200:700, 200:900, 1],
        skimage.data.hubble_deep_field()[..., 0],
        skimage.data.clock(),
    )
    for index in range(COUNT):
        source = sources[index % len(sources)].astype(np.float64)
        row, column = (
            rng.integers(n - s + 1) for n, s in zip(source.shape, (height, width), strict=True)
        )
        picture = source[row : row + height, column : column + width]
        amount = index // len(sources)
        if amount % 3 == 1:
            picture = picture + rng.normal(0, 4 * amount, picture.shape)
        elif amount % 3 == 2:
            picture = gaussian_filter(picture, amount / 6)
        yield np.clip(np.round(picture), 0, 255)


def report(name, deviations):
    largest, median = np.max(deviations), np.median(deviations)
    print(f"{name}: largest deviation {largest:.2g}, median {median:.2g}, of {len(deviations)}")


@pytest.mark.parametrize("net", ["alex", "vgg"])
def test_lpips_is_that_of_its_authors(net):
    torch = pytest.importorskip("torch")
    theirs = module("lpips").LPIPS(net=net, pnet_rand=True, verbose=False).eval()
    tensors = iter(synthetic_trunks.state_dict(TRUNKS[net]).values())
    for parameter in theirs.net.parameters():
        parameter.data = torch.from_numpy(next(tensors))
    own = lpips_variables(net, trunk=synthetic_trunks.params(TRUNKS[net]))
    rng = np.random.default_rng(1)
    deviations, values = [], []
    for index in range(COUNT):
        shape = (1, *((64, 80), (47, 61))[index % 2], 3)
        a = rng.random(shape, np.float32)
        b = np.clip(a + rng.normal(0, 10 ** rng.uniform(-3, -0.5), shape), 0, 1).astype(np.float32)
        pair = [torch.from_numpy(x.transpose(0, 3, 1, 2)) for x in (a, b)]
        for scaling in ("unit", "direct"):
            with torch.no_grad():
                expected = theirs(*pair, normalize=scaling == "unit").item()
            got = lpips(a, b, net=net, scaling=scaling, variables=own)[0]
            deviations.append(abs(got - expected))
            values.append(expected)
    report(f"LPIPS {net} against lpips", deviations)
    assert max(deviations) < 1e-6
    assert max(values) > 0.01


def test_niqe_is_that_of_pyiqa():
    """pyiqa's window is float32, and rounding decides where flat areas lie; the median is exact."""
    torch = pytest.importorskip("torch")
    theirs = module("pyiqa.archs.niqe_arch")
    model = NiqeModel.load("spikejax/metrics/data/niqe_photographs.npz")
    deviations, single = [], []
    for picture in pictures(201, 300):
        image = torch.from_numpy(picture)[None, None]
        expected = theirs.niqe(
            image, torch.from_numpy(model.mean)[None], torch.from_numpy(model.covariance)
        ).item()
        got = niqe(picture, model=model, data_range=255.0)
        deviations.append(abs(got - expected) / expected)
        on_device = niqe(jnp.asarray(picture, jnp.float32), model=model, data_range=255.0)
        single.append(abs(got - on_device) / got)
    report("NIQE against pyiqa, relative", deviations)
    report("NIQE float32 against float64, relative", single)
    assert np.median(deviations) < 1e-4
    assert max(deviations) < 0.02
    assert max(single) < 0.02


@pytest.mark.parametrize(
    ("name", "function", "largest"),
    [
        ("piq.brisque", "_natural_scene_statistics", 2e-3),
        ("pyiqa.archs.brisque_arch", "natural_scene_statistics", 5e-3),
    ],
)
def test_brisque_features_are_those_of_others(name, function, largest):
    torch = pytest.importorskip("torch")
    theirs = getattr(module(name), function)
    deviations = []
    for picture in pictures(160, 200):
        expected = theirs(torch.from_numpy(picture)[None, None]).numpy().ravel()
        got = brisque_features(picture, data_range=255.0)[:18]
        deviations.append(np.abs(got - expected).max())
    report(f"BRISQUE features against {name.partition('.')[0]}", deviations)
    assert max(deviations) < largest


def test_brisque_is_that_of_pyiqa_under_one_machine():
    torch = pytest.importorskip("torch")
    theirs = module("pyiqa.archs.brisque_arch")
    rng = np.random.default_rng(2)
    vectors, coefficients = rng.uniform(-1, 1, (20, 36)), rng.normal(0, 30, 20)
    features = np.stack([brisque_features(p, data_range=255.0) for p in pictures(160, 200)])
    lower, upper = features.min(0), features.max(0)
    kernel = 0.05
    model = BrisqueModel(lower, upper, vectors, coefficients, kernel, -10.0)
    theirs.scale_features = lambda x, *_: (
        2 * (x - torch.from_numpy(lower)) / torch.from_numpy(upper - lower) - 1
    )
    deviations = []
    for picture in pictures(160, 200):
        expected = theirs.brisque(
            torch.from_numpy(picture / 255)[None, None],
            test_y_channel=False,
            sv_coef=torch.from_numpy(coefficients),
            sv=torch.from_numpy(vectors),
            gamma=kernel,
            rho=-10.0,
        ).item()
        deviations.append(abs(brisque(picture, model=model, data_range=255.0) - expected))
    report("BRISQUE against pyiqa, the same machine", deviations)
    assert max(deviations) < 0.05
