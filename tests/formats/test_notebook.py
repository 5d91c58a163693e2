"""A recording as HTML."""

import base64
import io
import re
from html.parser import HTMLParser

import numpy as np
import PIL.Image
import pytest

import spikejax as sj


@pytest.fixture
def recording(rng):
    spikes = (rng.random((60, 12, 20)) < np.linspace(0.1, 0.9, 20)).astype(np.uint8)
    spikes[30:] = 1
    return sj.Recording.from_array(spikes, gain=0.5, sensor="<script>alert(1)</script>")


def test_it_is_one_piece_with_facts_a_curve_and_a_picture(recording):
    text = recording._repr_html_()
    assert "60 of 12 x 20" in text
    assert "3 ms at 20000 Hz" in text
    assert not re.search(r"(src|href)=\"(?!data:)", text)
    data = re.search(r"base64,([^\"]+)", text)[1]
    image = np.asarray(PIL.Image.open(io.BytesIO(base64.b64decode(data))))
    assert image.shape == (12, 20)
    assert image[:, 0].mean() < image[:, -1].mean()


def test_the_curve_has_a_point_per_readout(recording):
    points = re.search(r'points="([^"]+)"', recording._repr_html_())[1].split()
    heights = [float(point.partition(",")[2]) for point in points]
    assert len(heights) == 60
    assert heights[-1] == pytest.approx(4)  # all pixels fire: the top
    assert heights[0] == pytest.approx(56 - 52 * recording[0].mean(), abs=0.1)


def test_names_are_escaped_and_tags_are_closed(recording):
    text = recording._repr_html_()
    assert "<script" not in text

    class Open(HTMLParser):
        tags: list[str] = []  # noqa: RUF012

        def handle_starttag(self, tag, attributes):
            if tag not in ("img", "br"):
                self.tags.append(tag)

        def handle_endtag(self, tag):
            if tag not in ("img", "br", "polyline"):
                assert self.tags.pop() == tag

        def handle_startendtag(self, tag, attributes):
            pass

    parser = Open()
    parser.feed(text)
    assert parser.tags == []


def test_a_closed_recording_has_a_line(recording):
    recording.close()
    assert "closed" in recording._repr_html_()
