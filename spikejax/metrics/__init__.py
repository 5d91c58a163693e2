"""Image quality metrics, and metrics of model cost."""

from spikejax.metrics.accumulate import Estimate, Scores
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
from spikejax.metrics.memory import measured_memory
from spikejax.metrics.metric import Metric, register, table_metrics
from spikejax.metrics.moments import Moments
from spikejax.metrics.niqe import niqe
from spikejax.metrics.niqe_model import NiqeModel
from spikejax.metrics.similarity import ms_ssim, ssim
from spikejax.metrics.temporal import (
    flicker,
    global_flicker,
    occlusion_mask,
    temporal_difference_error,
    warping_error,
)

__all__ = [
    "BrisqueModel",
    "Estimate",
    "Metric",
    "Moments",
    "NiqeModel",
    "Scores",
    "brisque",
    "brisque_features",
    "flicker",
    "flops",
    "global_flicker",
    "latency",
    "lpips",
    "lpips_variables",
    "measured_memory",
    "ms_ssim",
    "mse",
    "multiply_adds",
    "niqe",
    "occlusion_mask",
    "parameters",
    "peak_memory",
    "psnr",
    "register",
    "ssim",
    "table_metrics",
    "temporal_difference_error",
    "throughput",
    "warping_error",
]
