"""When photographs were exposed, and where pictures of them differ."""

import numpy as np
import pytest

from spikejax.camera import ExposureTiming
from spikejax.deblur import (
    DeblurInput,
    DeblurSettings,
    choose_times,
    locate_exposure,
    open_input,
)
from spikejax.deblur import sheet as deblur_sheet
from spikejax.deblur.sheet import most_different
from spikejax.formats import Recording, write_image


@pytest.mark.parametrize(
    ("readouts", "settings", "place"),
    [
        (137, {}, (20, 97)),
        (97, {}, (0, 97)),
        (60, {}, (0, 60)),
        (1, {}, (0, 1)),
        (10_001, {}, (4952, 97)),
        (137, {"exposure": 57}, (40, 57)),
        (138, {}, (20, 97)),
        (98, {}, (0, 97)),
        (200, {}, (51, 97)),
        (9, {"exposure": 4}, (2, 4)),
        (138, {"margin": 20}, (20, 97)),
        (138, {"margin": 41}, (41, 97)),
        (50, {"exposure": 50, "margin": 0}, (0, 50)),
    ],
)
def test_an_exposure_is_in_the_middle_unless_it_is_said_where(readouts, settings, place):
    assert DeblurSettings(**settings).place(readouts) == place


@pytest.mark.parametrize(
    ("readouts", "settings", "message"),
    [
        (96, {"exposure": 97}, "97 readouts does not fit into the recording's 96"),
        (95, {"exposure": 98}, "98 readouts does not fit into the recording's 95"),
        (138, {"margin": 42}, "97 readouts after a margin of 42 does not fit"),
        (60, {"margin": 1}, "does not fit"),
    ],
)
def test_an_exposure_that_does_not_fit_is_refused(readouts, settings, message):
    with pytest.raises(ValueError, match=message):
        DeblurSettings(**settings).place(readouts)


@pytest.mark.parametrize(
    ("readouts", "settings", "counts"),
    [
        (200, {}, "200 readouts: 51 before it, 52 after"),
        (201, {}, None),
        (200, {"margin": 51}, None),
    ],
)
def test_an_exposure_beside_the_middle_is_said(readouts, settings, counts):
    remark = DeblurSettings(**settings).remark(readouts)
    assert remark is None if counts is None else counts in remark


def test_only_what_networks_look_at_is_read(tmp_path, rng):
    """Thirty readouts on both sides of the exposure, for STIR; fewer where one side has fewer."""
    write_image(tmp_path / "blur.png", rng.random((8, 8, 3)))
    spikes = (rng.random((200, 2, 2)) < 0.5).astype(np.uint8)
    recording = Recording.from_array(spikes)
    for margin, around in ((90, 30), (3, 3), (178, 5)):
        settings = DeblurSettings(exposure=17, margin=margin)
        source = open_input(tmp_path / "blur.png", recording, settings)
        assert source.exposure.margin == around
        assert source.before == margin - around
        np.testing.assert_array_equal(source.spikes, spikes[margin - around : margin + 17 + around])


def test_the_short_average_is_no_longer_than_the_exposure():
    for readouts, short in ((1, 1), (2, 1), (8, 7), (9, 9), (137, 9)):
        recording = Recording.from_array(np.zeros((readouts, 2, 2), np.uint8))
        assert locate_exposure(recording, DeblurSettings())[0].short == short
        with pytest.raises(ValueError, match="of the exposure, got 99"):
            locate_exposure(recording, DeblurSettings(short=99))


def test_by_default_13_moments_divide_an_exposure_or_all_its_readouts_do():
    exposure = ExposureTiming(readouts=97, margin=20)
    assert choose_times(exposure) == exposure.times(13)
    assert choose_times(exposure, single=True) == (68,)
    assert choose_times(exposure, 2, single=True) == (20, 116)
    assert choose_times(ExposureTiming(5, 0, 3)) == (0, 1, 2, 3, 4)
    with pytest.raises(ValueError, match="frames=6: expected at most 5, the readouts of the exp"):
        choose_times(ExposureTiming(5, 0, 3), 6)


def test_pictures_differ_most_where_they_do(rng):
    base = rng.random((60, 80, 3))
    other = base.copy()
    other[20:35, 40:60] += 0.5
    other[:, :3] += 5  # at the border, where it counts for nothing
    top, left, rows, columns = most_different([[base, base], [base, other]])
    assert (rows, columns) == (15, 20)
    assert (top, left) == (20, 40)


def test_a_sheet_says_how_good_images_are_and_which_is_best(monkeypatch, rng):
    drawn = {}
    monkeypatch.setattr(deblur_sheet, "sheet", lambda panels, **kw: drawn.update(kw, all=panels))
    truth = rng.random((16, 24, 3)).astype(np.float32)
    spikes = (rng.random((15, 4, 6)) < 0.5).astype(np.uint8)
    source = DeblurInput(
        0.5 * truth, spikes, ExposureTiming(readouts=5, margin=5, short=3), before=100
    )
    images = {"teacher": [truth + 0.1, truth], "student": [truth, truth + 0.1]}
    images = {name: [np.clip(x, 0, 1) for x in shown] for name, shown in images.items()}
    deblur_sheet.deblur_sheet(source, (5, 7), images, [truth - 1e-3, truth - 1e-3])
    panels = drawn["all"]
    assert drawn["columns"] == 5
    assert [panel.label for panel in panels[:5]] == [
        *("photograph", "TFP, 3 readouts", "teacher", "student", "truth")
    ]
    assert [panel.highlight for panel in panels] == [
        *(False, False, False, True, False),
        *(False, False, True, False, False),
    ]
    assert panels[3].note == "60.00 dB"
    assert panels[1].note.endswith(" dB, grey")
    assert (panels[4].note, panels[9].note) == ("readout 105", "readout 107")
    # The spikes alone are as bright as the photograph.
    mean = np.mean(spikes[5:10])
    assert np.mean(panels[6].image) == pytest.approx(
        np.mean(spikes[6:9]) / mean * np.mean(0.5 * truth @ [0.3, 0.59, 0.11]), rel=1e-4
    )
