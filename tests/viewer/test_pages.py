"""The page, the list of recordings, and what happens to files meanwhile."""

import re

import numpy as np
import pytest
from viewer_page import TOKEN, Page

import spikejax as sj
from spikejax.viewer.listing import list_recordings
from spikejax.viewer.session import Session


def test_the_page_and_its_files_come_from_the_package(page):
    html = page.http.get(f"/{TOKEN}/")
    assert html.headers["content-type"].startswith("text/html")
    assert not re.search(r"https?://", html.text)
    assert "<script>" not in html.text
    assert "style=" not in html.text
    names = set(re.findall(r'static/([\w.]+)"', html.text))
    seen = set()
    while names - seen:
        name = (names - seen).pop()
        seen.add(name)
        file = page.http.get(f"/{TOKEN}/static/{name}")
        assert file.status_code == 200, name
        assert "http" not in file.text.replace("http://", "", 0) or name.endswith(".js")
        names |= set(re.findall(r'from "\./([\w.]+)"', file.text))
    assert "stage.js" in seen


@pytest.mark.parametrize("name", ["../routes.py", "..%2froutes.py", "no.js", "%2e%2e/session.py"])
def test_no_other_file_is_served(page, name):
    assert page.http.get(f"/{TOKEN}/static/{name}").status_code == 404


def test_the_facts_of_a_recording(page):
    facts = page.get("recording", recording=0)
    shape = (facts["readouts"], facts["height"], facts["width"])
    assert shape == (101, 24, 40)
    assert (facts["gain"], facts["rate_hz"], facts["warning"]) == (0.5, 20000.0, None)
    methods = {m["id"]: m for m in page.get("session")["methods"]}
    assert methods["tfp"]["quick"]
    assert not methods["tfstp"]["quick"]


def test_a_deleted_recording_is_shown_with_a_line(page, scene, spikes):
    page.get("recording")
    scene.unlink()
    assert "scene.dat was deleted" in page.get("overview")["warning"]
    _, image = page.pixels("image", method="tfp", centre=50, window=41)
    np.testing.assert_allclose(image, spikes[30:71].mean(0) / 0.5, rtol=1e-6)


def test_a_recording_that_is_cut_is_a_line_and_the_server_lives_on(page, scene):
    page.pixels("image", method="tfp", centre=5, window=3)
    with scene.open("r+b") as file:
        file.truncate(20 * 120)
    problem = page.get("image", status=400, method="tfp", centre=60, window=3)["problem"]
    assert "the file was cut" in problem
    page.pixels("image", method="tfp", centre=6, window=3)
    assert "was changed on disk" in page.get("overview")["warning"]


def test_a_folder_lists_its_recordings_and_opens_one_when_it_is_looked_at(tmp_path, spikes):
    (tmp_path / "deep").mkdir()
    sj.write_dat(tmp_path / "b.dat", spikes, sidecar={})
    sj.formats.write_array(tmp_path / "deep" / "a.npy", spikes)
    (tmp_path / "broken.dat").write_bytes(b"no recording")
    (tmp_path / "note.txt").write_text("not listed")
    session = Session(list_recordings(tmp_path, sj.open_recording, {}))
    page = Page(session)
    names = page.get("session")["recordings"]
    assert names == ["b.dat", "broken.dat", "deep/a.npy"]
    assert not any(entry.is_open for entry in session.entries)
    assert page.get("recording", recording=2)["readouts"] == 101
    problem = page.get("recording", status=400, recording=1)["problem"]
    assert "a .dat does not contain its size" in problem
    session.close()


def test_an_error_of_the_server_is_a_line(page, session, monkeypatch):
    def fail(*_):
        raise TypeError("a mistake\nof ours")

    monkeypatch.setattr(session.imager, "image", fail)
    answer = page.get("image", status=500, method="tfp", centre=3)
    assert answer["problem"] == "TypeError: a mistake of ours"
    assert page.get("recording")["readouts"] == 101
