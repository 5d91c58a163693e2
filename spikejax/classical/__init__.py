"""Reconstruction without learning: TFP, TFI and TFSTP, at once or one readout at a time."""

from spikejax.classical.interval import TFIState, TFIStream, tfi
from spikejax.classical.plasticity import Synapse, TFSTPState, TFSTPStream, tfstp
from spikejax.classical.playback import TFPState, TFPStream, tfp
from spikejax.classical.stream import Stream

__all__ = [
    "Stream",
    "Synapse",
    "TFIState",
    "TFIStream",
    "TFPState",
    "TFPStream",
    "TFSTPState",
    "TFSTPStream",
    "tfi",
    "tfp",
    "tfstp",
]
