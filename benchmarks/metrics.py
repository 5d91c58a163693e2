"""Comparison of every metric with other implementations, over fifty random pairs or pictures.

    python benchmarks/metrics.py            # all whose packages are installed
    python benchmarks/metrics.py psnr ssim  # some

It prints the table of docs/metrics.md. scikit-image is a dependency of the tests; lpips, piq and
pyiqa need PyTorch. `pytest -m reference` compares the same numbers with their limits. Trunks have
synthetic weights and the support vector machine of BRISQUE random ones: the comparison is of the
computations, not of trained weights.
"""

import dataclasses
import importlib
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import skimage.data
import skimage.metrics
from scipy.ndimage import gaussian_filter

from spikejax import metrics

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "tests"))

COUNT = 50
GOLDEN = ROOT / "tests" / "golden"


@dataclasses.dataclass(frozen=True)
class Result:
    """Deviations of a metric from another implementation.

    Attributes:
        metric: the metric, with its preset and the type of its arithmetic.
        other: the other implementation.
        deviations: one per pair.
        limit: upper limit of the deviations.
        relative: whether deviations are relative to the value of the other implementation.
        note: reason for the size of the deviations.
    """

    metric: str
    other: str
    deviations: list[float]
    limit: float
    relative: bool = False
    note: str = ""

    def line(self) -> str:
        """Returns a row of the table."""
        kind = " relative" if self.relative else ""
        numbers = (f"{f(self.deviations):.2g}{kind}" for f in (np.max, np.median))
        count = len(self.deviations)
        return f"| {' | '.join([self.metric, self.other, str(count), *numbers, self.note])} |"


def module(name: str):
    """Returns a module by its full name; some packages have a function of the same name."""
    importlib.import_module(name)
    return sys.modules[name]


def pairs(*shapes: tuple[int, ...]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yields smooth images with edges and noise, in [0, 1], and copies with more noise."""
    rng = np.random.default_rng(1)
    for index in range(COUNT):
        shape = shapes[index % len(shapes)]
        y, x = np.mgrid[: shape[0], : shape[1]].reshape(2, *shape[:2], *(1,) * (len(shape) - 2))
        a = 0.5 + 0.3 * np.sin(x / rng.uniform(3, 30)) * np.cos(y / rng.uniform(3, 30))
        a = np.where(x + y * rng.random() > rng.uniform(0, sum(shape[:2])), a * rng.random(), a)
        a = np.clip(a + 0.02 * rng.standard_normal(shape), 0, 1)
        yield a, np.clip(a + rng.normal(0, 10 ** rng.uniform(-3, -0.5), shape), 0, 1)


def pictures(height: int, width: int) -> Iterator[np.ndarray]:
    """Yields crops of photographs that no model was fitted to: original, noisy and blurred."""
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


def both_types(
    name: str,
    other: str,
    own: Callable[..., object],
    theirs: Callable[..., float],
    data: list[tuple[np.ndarray, np.ndarray]],
    limits: tuple[float, float],
) -> Iterator[Result]:
    """Compares in float64, as for NumPy arrays, and in float32, as for JAX arrays."""
    expected = [theirs(a, b) for a, b in data]
    for kind, limit in zip(("float64", "float32"), limits, strict=True):
        scores = [own(*(x if kind == "float64" else jnp.float32(x) for x in pair)) for pair in data]
        apart = [abs(float(g) - e) for g, e in zip(scores, expected, strict=True)]
        yield Result(f"{name}, {kind}", other, apart, limit)


def psnr() -> Iterator[Result]:
    theirs = skimage.metrics.peak_signal_noise_ratio
    data = list(pairs((40, 61), (33, 48, 3)))
    yield from both_types(
        "PSNR, dB",
        "scikit-image",
        metrics.psnr,
        lambda a, b: theirs(a, b, data_range=1.0),
        data,
        (1e-10, 1e-4),
    )


def ssim() -> Iterator[Result]:
    theirs = skimage.metrics.structural_similarity
    gaussian = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    for preset, options in (("matlab", gaussian), ("skimage", {})):
        yield from both_types(
            f"SSIM {preset}",
            "scikit-image",
            lambda a, b, preset=preset: metrics.ssim(a, b, preset=preset),
            lambda a, b, options=options: theirs(
                a, b, data_range=1.0, channel_axis=2 if a.ndim == 3 else None, **options
            ),
            list(pairs((70, 83), (23, 51, 3))),
            (1e-12, 1e-5),
        )


def ms_ssim() -> Iterator[Result]:
    torch, piq = module("torch"), module("piq")

    def theirs(a: np.ndarray, b: np.ndarray) -> float:
        pair = [torch.from_numpy(x)[None, None] for x in (a, b)]
        return piq.multi_scale_ssim(*pair, data_range=1.0).item()

    yield from both_types(
        "MS-SSIM", "piq", metrics.ms_ssim, theirs, list(pairs((192, 208))), (1e-6, 1e-5)
    )


def goldens() -> Iterator[Result]:
    file = np.load(GOLDEN / "metrics.npz")
    for preset, keys, value, extent in (
        ("matlab", "ac", "ssim", 255.0),
        ("skimage", ("a3", "c3"), "ssim3", 1.0),
    ):
        own = metrics.ssim(*(file[key] for key in keys), extent, preset)
        apart = [abs(own - float(file[value]))]
        yield Result(f"SSIM {preset}, float64", "STIR's and S-SDM's code", apart, 1e-12)
    import synthetic_trunks

    file = np.load(GOLDEN / "perceptual.npz")
    pair = [file[key].transpose(0, 2, 3, 1) for key in "ab"]
    for net in ("alex", "vgg"):
        trunk = synthetic_trunks.params(metrics.lpips.__globals__["TRUNKS"][net])
        own = metrics.lpips_variables(net, trunk=trunk)
        for scaling, suffix in (("unit", ""), ("direct", "_unscaled")):
            got = metrics.lpips(*pair, net=net, scaling=scaling, variables=own)
            apart = np.abs(got - file[f"lpips_{net}{suffix}"]).tolist()
            yield Result(f"LPIPS {net}, {scaling}", "its authors' code", apart, 1e-7)


def lpips() -> Iterator[Result]:
    import synthetic_trunks

    torch = module("torch")
    for net, name in (("alex", "alexnet"), ("vgg", "vgg16")):
        theirs = module("lpips").LPIPS(net=net, pnet_rand=True, verbose=False).eval()
        tensors = iter(synthetic_trunks.state_dict(name).values())
        for parameter in theirs.net.parameters():
            parameter.data = torch.from_numpy(next(tensors))
        own = metrics.lpips_variables(net, trunk=synthetic_trunks.params(name))
        apart = []
        for a, b in pairs((64, 80, 3), (47, 61, 3)):
            a, b = (np.float32(x)[None] for x in (a, b))
            tensors = [torch.from_numpy(x.transpose(0, 3, 1, 2)) for x in (a, b)]
            for scaling in ("unit", "direct"):
                with torch.no_grad():
                    expected = theirs(*tensors, normalize=scaling == "unit").item()
                got = metrics.lpips(a, b, net=net, scaling=scaling, variables=own)[0]
                apart.append(abs(float(got) - expected))
        yield Result(f"LPIPS {net}, float32", "lpips", apart, 1e-6)


def niqe() -> Iterator[Result]:
    model = metrics.NiqeModel.load(ROOT / "spikejax/metrics/data/niqe_photographs.npz")
    images = list(pictures(201, 300))
    own = [metrics.niqe(x, model=model, data_range=255.0) for x in images]
    single = [metrics.niqe(jnp.float32(x), model=model, data_range=255.0) for x in images]
    apart = [abs(float(s) - o) / o for s, o in zip(single, own, strict=True)]
    yield Result("NIQE, float32", "the same, float64", apart, 0.02, relative=True)
    torch, theirs = module("torch"), module("pyiqa.archs.niqe_arch")
    arrays = torch.from_numpy(model.mean)[None], torch.from_numpy(model.covariance)
    expected = [theirs.niqe(torch.from_numpy(x)[None, None], *arrays).item() for x in images]
    apart = [abs(o - e) / e for o, e in zip(own, expected, strict=True)]
    note = "its float32 window decides where flat areas are"
    yield Result("NIQE, float64, one model", "pyiqa", apart, 0.02, relative=True, note=note)


def brisque() -> Iterator[Result]:
    torch = module("torch")
    images = list(pictures(160, 200))
    features = np.stack([metrics.brisque_features(x, data_range=255.0) for x in images])
    for name, function, limit in (
        ("piq.brisque", "_natural_scene_statistics", 2e-3),
        ("pyiqa.archs.brisque_arch", "natural_scene_statistics", 5e-3),
    ):
        theirs = getattr(module(name), function)
        expected = [theirs(torch.from_numpy(x)[None, None]).numpy().ravel() for x in images]
        apart = np.abs(features[:, :18] - expected).max(1).tolist()
        other = name.partition(".")[0]
        note = "rounding picks the next of the shapes, 0.001 apart"
        yield Result("BRISQUE, 18 features, float64", other, apart, limit, note=note)
    yield brisque_score(torch, images, features)


def brisque_score(torch, images: list[np.ndarray], features: np.ndarray) -> Result:
    """Compares scores under a random machine, which vary by tens as published scores do."""
    theirs = module("pyiqa.archs.brisque_arch")
    rng = np.random.default_rng(2)
    vectors, coefficients = rng.uniform(-1, 1, (20, 36)), rng.normal(0, 30, 20)
    lower, upper = features.min(0), features.max(0)
    model = metrics.BrisqueModel(lower, upper, vectors, coefficients, 0.05, -10.0)
    scale = theirs.scale_features
    theirs.scale_features = lambda x, *_: (
        2 * (x - torch.from_numpy(lower)) / torch.from_numpy(upper - lower) - 1
    )
    machine = {"sv_coef": torch.from_numpy(coefficients), "sv": torch.from_numpy(vectors)}
    try:
        expected = [
            theirs.brisque(
                torch.from_numpy(x / 255)[None, None],
                test_y_channel=False,
                **machine,
                gamma=0.05,
                rho=-10.0,
            ).item()
            for x in images
        ]
    finally:
        theirs.scale_features = scale
    own = [metrics.brisque(x, model=model, data_range=255.0) for x in images]
    apart = [abs(o - e) for o, e in zip(own, expected, strict=True)]
    return Result("BRISQUE, float64, one machine", "pyiqa", apart, 0.05)


COMPARISONS = {f.__name__: f for f in (psnr, ssim, ms_ssim, goldens, lpips, niqe, brisque)}


def main(names: list[str]) -> None:
    warnings.simplefilter("ignore")
    print("| metric | against | values | largest deviation | median | |")
    print("|---|---|---|---|---|---|")
    for name in names or COMPARISONS:
        try:
            for result in COMPARISONS[name]():
                print(result.line(), flush=True)
        except ModuleNotFoundError as error:
            print(
                f"{name}: not compared with {error.name}, which is not installed", file=sys.stderr
            )


if __name__ == "__main__":
    main(sys.argv[1:])
