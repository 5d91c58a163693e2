"""Reading and writing of spike recordings, images and videos as numpy arrays.

Importing this package loads numpy only. The first image or video loads Pillow and PyAV.
"""

from spikejax.formats.arrays import as_spikes
from spikejax.formats.atomic import replacing
from spikejax.formats.dat import KNOWN_SIZES, DatLayout
from spikejax.formats.errors import FormatError, ReadoutIndexError
from spikejax.formats.excerpt import excerpt
from spikejax.formats.images import read_image, write_image
from spikejax.formats.opening import open_recording
from spikejax.formats.recording import Recording
from spikejax.formats.sidecar import Sidecar, read_sidecar, sidecar_path, write_sidecar
from spikejax.formats.unmapped import unmapped
from spikejax.formats.video import VideoInfo, probe_video, read_video, write_video
from spikejax.formats.writing import write_array, write_dat

__all__ = [
    "KNOWN_SIZES",
    "DatLayout",
    "FormatError",
    "ReadoutIndexError",
    "Recording",
    "Sidecar",
    "VideoInfo",
    "as_spikes",
    "excerpt",
    "open_recording",
    "probe_video",
    "read_image",
    "read_sidecar",
    "read_video",
    "replacing",
    "sidecar_path",
    "unmapped",
    "write_array",
    "write_dat",
    "write_image",
    "write_sidecar",
    "write_video",
]
