"""STIR in the place of BSN: it reads the spikes around a moment, and the rest is the teacher's."""

import numpy as np
import pytest

from spikejax import deblur, models, weights
from spikejax.camera import ExposureTiming
from spikejax.deblur import Teacher

EXPOSURE = ExposureTiming(readouts=9, margin=32, short=5)


@pytest.fixture(scope="module")
def teacher():
    return Teacher(None, weights.load("edsr"), weights.load("stir"))


@pytest.fixture
def pair(rng):
    blur = rng.random((1, 32, 48, 3)).astype(np.float32)
    return blur, (rng.random((1, EXPOSURE.length, 8, 12)) < 0.4).astype(np.uint8)


def check(teacher, gain, blur, spikes, time, exposure):
    """The images of the teacher, which are those of its parts."""
    enlarge, stir = models.create("edsr"), models.create("stir")
    window = spikes[:, exposure.windows((time,), 61)[0]]
    short = np.clip(gain * stir.apply(teacher.stir, window), 0, 1)
    short = np.clip(enlarge.apply(teacher.edsr, short), 0, 1)
    long = spikes[:, exposure.margin : exposure.stop].astype(np.float32).mean(1)[..., None]
    long = np.clip(enlarge.apply(teacher.edsr, long), 0, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = np.clip(np.where(long > 0, blur / long * short, 0), 0, 1)
    images = deblur.teacher_frames(teacher, blur, spikes, (time,), exposure)
    np.testing.assert_allclose(images[:, 0], expected, atol=1e-5)
    return images


def test_stir_says_how_bright_a_moment_was(teacher, pair):
    blur, spikes = pair
    images = check(teacher, 1.0, blur, spikes, 36, EXPOSURE)
    ((time, image),) = deblur.frames(
        blur[0],
        spikes[0],
        method="stir",
        times=(36,),
        weights={"stir": teacher.stir, "edsr": teacher.edsr},
        exposure=EXPOSURE,
    )
    assert time == 36
    np.testing.assert_allclose(image, images[0, 0], atol=1e-5)


def test_beyond_the_recording_stir_sees_time_run_back(teacher, pair):
    exposure = ExposureTiming(readouts=69, margin=2, short=5)
    padded = np.pad(np.arange(exposure.length), 30, mode="reflect")
    np.testing.assert_array_equal(exposure.windows((4, 60), 61), [padded[4:65], padded[60:121]])
    check(teacher, 1.0, *pair, 4, exposure)


def test_published_weights_give_intensity_at_the_gain_that_they_were_trained_at(teacher, pair):
    published = {**teacher.stir, "constants": {"trained_gain": np.float32(0.4)}}
    check(teacher._replace(stir=published), 0.4, *pair, 36, EXPOSURE)


def test_a_teacher_needs_bsn_or_stir(teacher, pair):
    with pytest.raises(ValueError, match="BSN or of STIR, got neither"):
        deblur.teacher_frames(Teacher(None, teacher.edsr), *pair, (36,), EXPOSURE)


def test_moments_outside_the_exposure_are_refused(teacher, pair):
    with pytest.raises(ValueError, match="expected readouts of the exposure, 32 to 40, got 41"):
        deblur.teacher_frames(teacher, *pair, (41,), EXPOSURE)
