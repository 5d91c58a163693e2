"""STIR in the place of BSN: it reads the spikes around a moment, and the rest is the teacher's."""

import numpy as np
import pytest

from spikejax import deblur, models, weights
from spikejax.deblur import Exposure, Teacher

EXPOSURE = Exposure(readouts=9, margin=31, short=5)


@pytest.fixture(scope="module")
def teacher():
    return Teacher(None, weights.load("edsr"), weights.load("stir"))


@pytest.fixture
def pair(rng):
    blur = rng.random((1, 32, 48, 3)).astype(np.float32)
    return blur, (rng.random((1, EXPOSURE.length, 8, 12)) < 0.4).astype(np.uint8)


def test_stir_says_how_bright_a_moment_was(teacher, pair):
    blur, spikes = pair
    images = deblur.teacher_frames(teacher, blur, spikes, (35,), EXPOSURE)
    enlarge, stir = models.create("edsr"), models.create("stir")
    short = np.clip(stir.apply(teacher.stir, spikes[:, 5:66]), 0, 1)
    short = np.clip(enlarge.apply(teacher.sr, short), 0, 1)
    long = spikes[:, 31:40].astype(np.float32).mean(1)[..., None]
    long = np.clip(enlarge.apply(teacher.sr, long), 0, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = np.clip(np.where(long > 0, blur / long * short, 0), 0, 1)
    np.testing.assert_allclose(images[:, 0], expected, atol=1e-5)
    ((time, image),) = deblur.frames(
        blur[0],
        spikes[0],
        method="stir",
        times=(35,),
        weights={"stir": teacher.stir, "edsr": teacher.sr},
        exposure=EXPOSURE,
    )
    assert time == 35
    np.testing.assert_allclose(image, images[0, 0], atol=1e-5)


def test_beyond_the_recording_time_runs_back():
    short = Exposure(readouts=9, margin=20)
    padded = np.pad(np.arange(short.length), 30, mode="reflect")
    np.testing.assert_array_equal(short.windows((20, 28), 61), [padded[20:81], padded[28:89]])


def test_moments_outside_the_exposure_are_refused(teacher, pair):
    with pytest.raises(ValueError, match="expected readouts of the exposure, 31 to 39, got 40"):
        deblur.teacher_frames(teacher, *pair, (40,), EXPOSURE)
