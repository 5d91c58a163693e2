"""When photographs were exposed, and where pictures of them differ."""

import numpy as np
import pytest

from spikejax.formats import Recording, write_image
from spikejax.inference.deblur_sheet import most_different
from spikejax.inference.photographs import PairSettings, open_pair


@pytest.mark.parametrize(
    ("readouts", "settings", "place"),
    [
        (137, {}, (20, 97)),
        (97, {}, (0, 97)),
        (60, {}, (0, 60)),
        (1, {}, (0, 1)),
        (10_001, {}, (4952, 97)),
        (137, {"exposure": 57}, (40, 57)),
        (138, {"margin": 20}, (20, 97)),
        (138, {"margin": 41}, (41, 97)),
        (50, {"exposure": 50, "margin": 0}, (0, 50)),
    ],
)
def test_an_exposure_is_in_the_middle_unless_it_is_said_where(readouts, settings, place):
    assert PairSettings(**settings).place(readouts) == place


@pytest.mark.parametrize(
    ("readouts", "settings", "message"),
    [
        (138, {}, "97 readouts cannot be in the middle of 138: pass margin=20"),
        (98, {}, "pass margin=0"),
        (96, {"exposure": 97}, "97 readouts does not fit into the recording's 96"),
        (95, {"exposure": 98}, "98 readouts does not fit into the recording's 95"),
        (138, {"margin": 42}, "97 readouts after a margin of 42 does not fit"),
        (60, {"margin": 1}, "does not fit"),
    ],
)
def test_an_exposure_that_does_not_fit_is_refused(readouts, settings, message):
    with pytest.raises(ValueError, match=message):
        PairSettings(**settings).place(readouts)


def test_only_what_networks_look_at_is_read(tmp_path, rng):
    """Ten readouts before and after the exposure; fewer on both sides where one has fewer."""
    write_image(tmp_path / "blur.png", rng.random((8, 8, 3)))
    spikes = (rng.random((200, 2, 2)) < 0.5).astype(np.uint8)
    recording = Recording.from_array(spikes)
    for margin, around in ((90, 10), (3, 3), (178, 5)):
        settings = PairSettings(exposure=17, margin=margin)
        pair = open_pair(tmp_path / "blur.png", recording, settings)
        assert pair.exposure.margin == around
        assert pair.before == margin - around
        np.testing.assert_array_equal(pair.spikes, spikes[margin - around : margin + 17 + around])


def test_pictures_differ_most_where_they_do(rng):
    base = rng.random((60, 80, 3))
    other = base.copy()
    other[20:35, 40:60] += 0.5
    other[:, :3] += 5  # at the border, where it counts for nothing
    top, left, rows, columns = most_different([[base, base], [base, other]])
    assert (rows, columns) == (15, 20)
    assert (top, left) == (20, 40)
