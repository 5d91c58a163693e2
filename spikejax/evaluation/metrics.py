"""What images are measured by, each measure with its preset and its implementation named."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from spikejax import metrics
from spikejax.metrics import published

Scorer = Callable[[np.ndarray, np.ndarray], Any]


@dataclasses.dataclass(frozen=True)
class Measure:
    """One measure of an image (H, W) in [0, 1] against the truth (H, W).

    Attributes:
        name: with the preset, where there are several: 'SSIM matlab'.
        legend: what it is exactly, and who computes it.
        digits: after the point.
        higher: whether more is better.
        score: (image, truth) -> number.
        smallest: shorter and longer side of the smallest images that it is defined for.
        missing: None, or what has to be had to compute it.
    """

    name: str
    legend: str
    digits: int
    higher: bool
    score: Scorer
    smallest: tuple[int, int] = (1, 1)
    missing: str | None = None

    def __call__(self, image: np.ndarray, truth: np.ndarray) -> float:
        """Measures; NaN for an image too small for it."""
        if min(image.shape) < self.smallest[0] or max(image.shape) < self.smallest[1]:
            return float("nan")
        return float(self.score(image, truth))


def measures() -> tuple[Measure, ...]:
    """All measures, in the order of the field's tables.

    Those whose weights or model are not at hand say in `missing` what is to be got.
    """
    return (_PSNR, _ssim("matlab"), _ssim("skimage"), _lpips(), _niqe(), _brisque())


_PSNR = Measure(
    "PSNR",
    "in dB, 10 log10(1 / MSE) of the unrounded image, range 1; computed by spikejax.metrics.psnr",
    2,
    True,
    lambda image, truth: metrics.psnr(image, truth, data_range=1.0),
)

_SSIM_LEGENDS = {
    "matlab": "11x11 Gaussian window of sigma 1.5, valid region, range 1",
    "skimage": "7x7 uniform window, sample covariance, range 1",
}


def _ssim(preset: Any) -> Measure:
    return Measure(
        f"SSIM {preset}",
        f"{_SSIM_LEGENDS[preset]}; computed by spikejax.metrics.ssim, preset {preset!r}",
        4,
        True,
        lambda image, truth: metrics.ssim(image, truth, data_range=1.0, preset=preset),
        (11, 11) if preset == "matlab" else (7, 7),
    )


def _lpips() -> Measure:
    variables, missing = None, None
    try:
        variables = metrics.lpips_variables("alex")
    except ValueError as error:  # it names the file and the environment variable
        missing = str(error)

    def score(image: np.ndarray, truth: np.ndarray) -> Any:
        pair = (np.asarray(x, np.float32) for x in (image, truth))
        return metrics.lpips(*pair, net="alex", scaling="direct", variables=variables)

    return Measure(
        "LPIPS alex",
        "version 0.1 over AlexNet, grey in [0, 1] fed directly, as STIR's authors do; computed by "
        "spikejax.metrics.lpips, scaling 'direct'",
        4,
        False,
        score,
        (31, 31),
        missing,
    )


def _niqe() -> Measure:
    from spikejax.metrics.niqe import BLOCK, niqe

    path = published.niqe_path()
    model = None if path is None else metrics.NiqeModel.load(path, name="published")
    whose = (
        "spikejax's own model of photographs, NOT the published one (for that, set "
        f"{published.NIQE}): scores compare within this table, not with published ones"
        if path is None
        else f"the published model ({path.name})"
    )
    return Measure(
        "NIQE own model" if path is None else "NIQE",
        f"without a reference, under {whose}; computed by spikejax.metrics.niqe",
        3,
        False,
        lambda image, _: niqe(image, model=model),
        (BLOCK, 2 * BLOCK),
    )


def _brisque() -> Measure:
    path = published.brisque_path()
    model = None if path is None else metrics.BrisqueModel.load(path)
    return Measure(
        "BRISQUE",
        "without a reference, the published model"
        f"{'' if path is None else f' ({path.name})'}; computed by spikejax.metrics.brisque",
        2,
        False,
        lambda image, _: metrics.brisque(image, model=model),
        (16, 16),
        None
        if path is not None
        else f"the published model is not at hand. {published.BRISQUE_ADVICE}",
    )
