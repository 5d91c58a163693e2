"""A session of a small recording, and its page."""

import numpy as np
import pytest
from viewer_page import Page

import spikejax as sj
from spikejax.viewer.listing import list_recordings
from spikejax.viewer.session import Session


@pytest.fixture
def spikes(rng):
    rates = rng.uniform(0.1, 0.6, (24, 40))
    return (rng.random((101, 24, 40)) < rates).astype(np.uint8)


@pytest.fixture
def scene(spikes, tmp_path, monkeypatch):
    """The file `scene.dat` in the current folder, with its size in a sidecar."""
    monkeypatch.chdir(tmp_path)
    sj.write_dat("scene.dat", spikes, sidecar={"rate_hz": 20000.0, "gain": 0.5})
    return tmp_path / "scene.dat"


@pytest.fixture
def session(scene):
    """A session of that file."""
    path = scene.relative_to(scene.parent)
    opened = Session(list_recordings(path, sj.open_recording, {}))
    yield opened
    opened.close()


@pytest.fixture
def page(session):
    return Page(session)
