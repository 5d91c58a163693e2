"""S-SDM: a blurry photograph and the spikes of its exposure become a sharp sequence.

Chen et al., "SpikeReveal: Unlocking Temporal Sequences from Real Blurry Inputs with Spike Streams",
NeurIPS 2024. `sdm` is the physics; `teacher_frames` applies it to cleaned and enlarged inputs, and
needs no ground truth to be trained; `student_frames` is the small network that learns from it.
`frames` does the same for a photograph and a recording as they are, one image at a time.
"""

from spikejax.deblur.physics import long_tfp, reblur, sdm, short_tfp
from spikejax.deblur.registration import register
from spikejax.deblur.sequence import METHODS, NETWORKS, check_pair, frames
from spikejax.deblur.student import student_frames
from spikejax.deblur.teacher import Teacher, posterior_mean, sdm_frames, teacher_frames

__all__ = [
    "METHODS",
    "NETWORKS",
    "Teacher",
    "check_pair",
    "frames",
    "long_tfp",
    "posterior_mean",
    "reblur",
    "register",
    "sdm",
    "sdm_frames",
    "short_tfp",
    "student_frames",
    "teacher_frames",
]
