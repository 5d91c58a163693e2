"""TFDS builders of the published datasets and of procedural scenes, without TensorFlow.

Importing this package registers them, for `tfds.builder("sreds")`.
"""

from spikejax.datasets.published.builders.builder import SpikeBuilder
from spikejax.datasets.published.builders.published import RedsBase, SpikeGopro, SpikeRsb, Sreds
from spikejax.datasets.published.builders.synthetic import SpikejaxSynthetic

__all__ = ["RedsBase", "SpikeBuilder", "SpikeGopro", "SpikeRsb", "SpikejaxSynthetic", "Sreds"]
