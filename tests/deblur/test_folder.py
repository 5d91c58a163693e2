"""Folders of photographs with their recordings."""

import functools

import numpy as np
import pytest

import spikejax as sj
from spikejax.deblur import DeblurSettings, choose_times, open_folder
from spikejax.formats import write_image


@pytest.fixture
def folder(tmp_path, rng):
    """Photographs `a` and `b` of 8x12 pixels with recordings of 9 and 15 readouts of 2x3."""
    for name, readouts in (("a", 9), ("b", 15)):
        (tmp_path / "blur").mkdir(exist_ok=True)
        (tmp_path / "spikes").mkdir(exist_ok=True)
        write_image(tmp_path / "blur" / f"{name}.png", rng.random((8, 12, 3)))
        spikes = (rng.random((readouts, 2, 3)) < 0.4).astype(np.uint8)
        sj.write_dat(tmp_path / "spikes" / f"{name}.dat", spikes)
    return tmp_path


OPENER = functools.partial(sj.open_recording, height=2, width=3)


def test_photographs_are_opened_one_after_another(folder):
    photographs = open_folder(folder, DeblurSettings(exposure=7), opener=OPENER)
    assert len(photographs) == 2
    assert [exposure.readouts for exposure in photographs.exposures] == [7, 7]
    (a, first), (b, second) = photographs
    assert (a, b) == ("a", "b")
    assert (first.spikes.shape, second.spikes.shape) == ((9, 2, 3), (15, 2, 3))
    images = list(second.frames("sdm"))
    assert [time for time, _ in images] == list(choose_times(second.exposure))
    assert images[0][1].shape == (8, 12, 3)


def test_an_exposure_that_does_not_fit_is_refused_before_the_first_photograph(folder):
    with pytest.raises(ValueError, match=r"a\.dat: an exposure of 11 readouts does not fit"):
        open_folder(folder, DeblurSettings(exposure=11), opener=OPENER)


def test_a_photograph_that_does_not_fit_is_refused_when_it_is_reached(folder):
    write_image(folder / "blur" / "b.png", np.zeros((8, 8, 3)))
    photographs = iter(open_folder(folder, opener=OPENER))
    assert next(photographs)[0] == "a"
    with pytest.raises(ValueError, match=r"b\.png: expected a photograph of 4 times"):
        next(photographs)
