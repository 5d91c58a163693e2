"""Differentiable losses over batches of images."""

from spikejax.losses.dark import root_loss
from spikejax.losses.perceptual import feature_loss, lpips_loss
from spikejax.losses.similarity import ssim_loss

__all__ = ["feature_loss", "lpips_loss", "root_loss", "ssim_loss"]
