"""TFDS builders of the published datasets; see `layouts` for their files."""

from typing import ClassVar

from spikejax.datasets.published.builders.builder import PublishedBuilder
from spikejax.datasets.published.layouts import LAYOUTS


class Sreds(PublishedBuilder):
    """SREDS: scenes of 720x1280, 20 readouts between two sharp frames."""

    MANUAL_DOWNLOAD_INSTRUCTIONS: ClassVar[str] = LAYOUTS["sreds"].tree


class RedsBase(PublishedBuilder):
    """REDS_BASE: 301 readouts of 250x400 with the sharp image of one."""

    MANUAL_DOWNLOAD_INSTRUCTIONS: ClassVar[str] = LAYOUTS["reds_base"].tree


class SpikeGopro(PublishedBuilder):
    """Spike-GOPRO: 137 readouts of 180x320, a blurry and a sharp photograph of 720x1280."""

    MANUAL_DOWNLOAD_INSTRUCTIONS: ClassVar[str] = LAYOUTS["spike_gopro"].tree


class SpikeRsb(PublishedBuilder):
    """RSB: real spikes of 250x400 and blurry photographs of 1000x1600."""

    MANUAL_DOWNLOAD_INSTRUCTIONS: ClassVar[str] = LAYOUTS["spike_rsb"].tree
