"""How good an image is, and how dear the model that made it."""

from spikejax.metrics.error import mse, psnr
from spikejax.metrics.similarity import ms_ssim, ssim

__all__ = ["ms_ssim", "mse", "psnr", "ssim"]
