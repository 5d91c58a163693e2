"""Reconstruction without learning: TFP, TFI and TFSTP, on whole recordings or as streams."""

from spikejax.classical.packed import count_spikes, tfi_packed, tfp_packed
from spikejax.classical.stream import Stream
from spikejax.classical.tfi import TFIState, TFIStream, tfi
from spikejax.classical.tfp import TFPState, TFPStream, tfp
from spikejax.classical.tfstp import Synapse, TFSTPState, TFSTPStream, tfstp

__all__ = [
    "Stream",
    "Synapse",
    "TFIState",
    "TFIStream",
    "TFPState",
    "TFPStream",
    "TFSTPState",
    "TFSTPStream",
    "count_spikes",
    "tfi",
    "tfi_packed",
    "tfp",
    "tfp_packed",
    "tfstp",
]
