"""Spk2ImgNet: an image from five blocks of readouts, aligned by deformable convolutions."""

from spikejax.models.spk2imgnet.network import (
    PUBLISHED,
    WINDOW,
    Spk2ImgNet,
    apply_with_estimates,
    create,
)

__all__ = ["PUBLISHED", "WINDOW", "Spk2ImgNet", "apply_with_estimates", "create"]
