"""Deblurring: a blurry photograph and the spikes of its exposure -> a sharp sequence.

The method is S-SDM: Chen et al., "SpikeReveal: Unlocking Temporal Sequences from Real Blurry Inputs
with Spike Streams", NeurIPS 2024. `sdm` is the physical model. `teacher_frames` applies it to
averages that networks clean and enlarge, and trains without ground truth. `student_frames` runs the
small network that learns from the teacher. `open_input` reads a photograph and its recording,
`open_folder` a folder of them, and `DeblurInput.frames` deblurs one image at a time:

    recording = sj.open_recording("car.dat", 250, 400)
    source = sj.deblur.open_input("blur.png", recording)
    for readout, image in source.frames("student"):
        ...
"""

from spikejax.deblur.folder import DeblurFolder, find_photographs, open_folder
from spikejax.deblur.input import DeblurInput, DeblurSettings, locate_exposure, open_input
from spikejax.deblur.methods import METHODS, DeblurMethod, find_method, load_networks
from spikejax.deblur.physics import long_tfp, reblur, sdm, short_tfp
from spikejax.deblur.registration import register
from spikejax.deblur.sequence import check_pair, choose_times, frames
from spikejax.deblur.sheet import deblur_sheet
from spikejax.deblur.student import student_frames
from spikejax.deblur.teacher import Teacher, posterior_mean, sdm_frames, teacher_frames

__all__ = [
    "METHODS",
    "DeblurFolder",
    "DeblurInput",
    "DeblurMethod",
    "DeblurSettings",
    "Teacher",
    "check_pair",
    "choose_times",
    "deblur_sheet",
    "find_method",
    "find_photographs",
    "frames",
    "load_networks",
    "locate_exposure",
    "long_tfp",
    "open_folder",
    "open_input",
    "posterior_mean",
    "reblur",
    "register",
    "sdm",
    "sdm_frames",
    "short_tfp",
    "student_frames",
    "teacher_frames",
]
