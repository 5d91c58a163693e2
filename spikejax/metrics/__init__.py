"""How good an image is, and how dear the model that made it."""

from spikejax.metrics.error import mse, psnr
from spikejax.metrics.lpips import lpips, lpips_variables
from spikejax.metrics.similarity import ms_ssim, ssim

__all__ = ["lpips", "lpips_variables", "ms_ssim", "mse", "psnr", "ssim"]
