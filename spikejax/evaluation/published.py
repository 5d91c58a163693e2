"""Published results, as their authors printed them, to compare with."""

import dataclasses
from collections.abc import Mapping


@dataclasses.dataclass(frozen=True)
class Published:
    """A published table.

    Attributes:
        dataset: the dataset of the results.
        source: where they were printed.
        columns: names of the columns, as in the tables of this package.
        rows: method -> one value per column; None if none was printed.
    """

    dataset: str
    source: str
    columns: tuple[str, ...]
    rows: Mapping[str, tuple[float | None, ...]]


_SREDS = Published(
    "SREDS",
    'Fan et al., "Spatio-Temporal Interactive Learning for Efficient Image Reconstruction of '
    'Spiking Cameras", NeurIPS 2024; MATLAB-style SSIM, LPIPS over AlexNet of grey in [0, 1], '
    "NIQE and BRISQUE by the published models, memory as their GPU reported it",
    ("parameters M", "memory G", "MACs T", "PSNR", "SSIM matlab", "LPIPS alex", "NIQE", "BRISQUE"),
    {
        "TFP": (None, None, None, 25.35, 0.690, 0.2547, 5.970, 43.07),
        "TFI": (None, None, None, 18.50, 0.638, 0.2590, 4.518, 44.93),
        "TFSTP": (None, None, None, 20.68, 0.618, 0.2761, 5.348, 51.70),
        "SSIR": (0.38, 10.4, 0.24, 32.61, 0.919, 0.0500, 3.467, 15.66),
        "ET-Net": (16.7, 17.7, 0.52, 34.57, 0.938, 0.0535, 3.400, 17.16),
        "HyperE2VID": (10.7, 6.87, 0.43, 36.37, 0.947, 0.0506, 3.126, 16.77),
        "Spk2ImgNet": (3.76, 14.6, 9.17, 36.13, 0.950, 0.0294, 3.084, 15.35),
        "WGSE": (3.85, 19.7, 3.93, 37.44, 0.958, 0.0241, 3.032, 15.56),
        "STIR": (5.11, 9.20, 0.42, 38.79, 0.966, 0.0183, 2.915, 14.84),
    },
)

_REDS_BASE = Published(
    "REDS_BASE",
    "Spike-Zoo's results (all networks retrained there with 41 readouts, 250x400); its SSIM and "
    "LPIPS are its own definitions and stand in the columns nearest to them",
    ("PSNR", "SSIM skimage", "LPIPS alex"),
    {
        "TFI": (25.10, 0.726, 0.318),
        "TFP": (28.17, 0.770, 0.261),
        "SSIR": (26.54, 0.718, 0.325),
        "SSML": (33.70, 0.943, 0.088),
        "LRN (base)": (36.59, 0.965, 0.034),
        "STIR": (37.91, 0.973, 0.027),
        "WGSE": (39.04, 0.978, 0.023),
        "Spk2ImgNet": (39.15, 0.978, 0.022),
        "BSF": (39.58, 0.979, 0.019),
    },
)

PUBLISHED: Mapping[str, Published] = {"sreds": _SREDS, "reds_base": _REDS_BASE}
"""Published tables by the name of the dataset."""
