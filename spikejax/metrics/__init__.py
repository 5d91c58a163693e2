"""How good an image is, and how dear the model that made it."""

from spikejax.metrics.brisque import brisque, brisque_features
from spikejax.metrics.brisque_model import BrisqueModel
from spikejax.metrics.cost import (
    flops,
    latency,
    multiply_adds,
    parameters,
    peak_memory,
    throughput,
)
from spikejax.metrics.error import mse, psnr
from spikejax.metrics.lpips import lpips, lpips_variables
from spikejax.metrics.niqe import niqe
from spikejax.metrics.niqe_model import NiqeModel
from spikejax.metrics.similarity import ms_ssim, ssim

__all__ = [
    "BrisqueModel",
    "NiqeModel",
    "brisque",
    "brisque_features",
    "flops",
    "latency",
    "lpips",
    "lpips_variables",
    "ms_ssim",
    "mse",
    "multiply_adds",
    "niqe",
    "parameters",
    "peak_memory",
    "psnr",
    "ssim",
    "throughput",
]
