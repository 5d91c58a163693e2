import numpy as np
import pytest

from spikejax.camera.statistics import measure
from spikejax.formats import FormatError
from spikejax.formats.images import read_image
from spikejax.pictures.charts import write_rate_chart
from spikejax.pictures.sheet import Panel, sheet


def count_pixels(drawing, colour):
    """Counts the pixels of an RGB image that have exactly this colour."""
    return int(np.all(np.abs(drawing - np.float32(colour)) < 1e-3, axis=-1).sum())


def test_every_image_appears_at_its_scale():
    panels = [
        Panel(np.full((20, 50), level), name)
        for level, name in ((0.2, "a"), (0.6, "b"), (1.0, "c"))
    ]
    for scale in (1, 3):
        drawing = sheet(panels, columns=2, scale=scale)
        assert drawing.dtype == np.float32
        assert drawing.shape[0] % 2 == drawing.shape[1] % 2 == 0
        for level in (51, 153):
            assert count_pixels(drawing, [level / 255] * 3) == 20 * 50 * scale**2


def test_images_are_laid_out_row_by_row():
    red, green, blue = np.eye(3, dtype=np.float32)
    panels = [Panel(np.zeros((8, 30, 3), np.float32) + c, "x") for c in (red, green, blue)]
    drawing = sheet(panels, columns=2)
    places = [np.argwhere(np.all(drawing == c, axis=-1)).mean(axis=0) for c in (red, green, blue)]
    assert places[0][0] == places[1][0] < places[2][0]
    assert places[0][1] == places[2][1] < places[1][1]


def test_the_detail_is_enlarged_to_the_width_of_the_image():
    image = np.full((20, 40), 0.4, np.float32)
    image[4:9, 10:20] = 1
    whole = sheet([Panel(image, "a")])
    detailed = sheet([Panel(image, "a")], detail=(4, 10, 5, 10))
    assert detailed.shape[0] > whole.shape[0] + 20
    assert count_pixels(detailed, [1, 1, 1]) >= 20 * 40 + 50


def test_a_scale_below_1_shrinks_images_but_not_details():
    image = np.zeros((40, 80), np.float32)
    image[10:20, 20:60:2] = 1  # stripes become grey when they shrink
    drawing = sheet([Panel(image, "a")], scale=0.5, detail=(10, 20, 10, 20))
    assert drawing.shape[1] < 50
    assert count_pixels(drawing, [1, 1, 1]) == 20 * 20  # half of 40 columns: stripes
    for wrong in (0, -1, 1.5, np.nan):
        with pytest.raises(FormatError, match="whole number as scale, or below 1"):
            sheet([Panel(image, "a")], scale=wrong)


def test_label_and_note_are_drawn_and_a_long_note_is_below():
    image = np.zeros((30, 200), np.float32)
    bare = sheet([Panel(image, "")])
    named = sheet([Panel(image, "TFP")])
    assert named.shape == bare.shape
    assert (named != bare).any()
    long = sheet([Panel(image, "a long name of a method", "and a note that is longer still")])
    assert long.shape[0] > named.shape[0]


def test_hostile_values_are_clipped():
    image = np.array([[np.nan, np.inf], [-np.inf, 7]], np.float32)
    drawing = sheet([Panel(image, "x")])
    assert np.isfinite(drawing).all()
    assert drawing.min() >= 0
    assert drawing.max() <= 1


@pytest.mark.parametrize(
    ("panels", "options", "message"),
    [
        ([], {}, "at least one panel"),
        ([Panel(np.zeros((2, 2)), "a"), Panel(np.zeros((2, 3)), "b")], {}, "b is 2x3"),
        ([Panel(np.zeros((2, 2, 2)), "a")], {}, "a: expected the shape"),
        ([Panel(np.zeros((9, 9)), "a")], {"detail": (5, 5, 5, 5)}, "not inside"),
    ],
)
def test_wrong_panels_and_details_are_refused(panels, options, message):
    with pytest.raises(FormatError, match=message):
        sheet(panels, **options)


def test_the_chart_is_written_atomically(tmp_path, rng):
    spikes = (rng.random((40, 12, 16)) < 0.3).astype(np.uint8)
    spikes[:, 5, 5] = 1
    statistics = measure([spikes])
    path = tmp_path / "chart.png"
    write_rate_chart(path, statistics, title="a recording")
    drawing = read_image(path)
    assert drawing.shape[2] == 3
    assert drawing.std() > 0.05
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(FormatError, match=r"ends in \.png"):
        write_rate_chart(tmp_path / "chart.pdf", statistics)


def test_the_chart_of_a_silent_recording_can_be_drawn(tmp_path):
    write_rate_chart(tmp_path / "dark.png", measure([np.zeros((3, 1, 4), np.uint8)]))
    assert (tmp_path / "dark.png").stat().st_size > 1000
