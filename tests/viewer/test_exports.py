"""Exports: the same bytes from the page, the command and Python."""

import io
import shlex
import time
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner
from viewer_page import TOKEN

import spikejax as sj
from spikejax.cli import app

KINDS = {
    "png": {"kind": "png", "method": "tfp", "centre": 40, "window": 21},
    "png16": {"kind": "png", "method": "tfi", "centre": 3, "bits": 16, "low": 0.1, "high": 0.9},
    "coloured": {
        "kind": "png",
        "method": "tfp",
        "centre": 40,
        "window": 1,
        "low": 0.05,
        "high": 0.75,
        "gamma": 1.7,
        "colours": "inferno",
        "gain": 0.6,
    },
    "mp4": {"kind": "mp4", "method": "tfp", "centre": 0, "start": 10, "stop": 60, "stride": 10},
    "gif": {
        "kind": "gif",
        "method": "tfi",
        "centre": 0,
        "start": 10,
        "stop": 40,
        "stride": 10,
        "low": 0.0,
        "high": 1.5,
        "fps": 12.5,
        "colours": "viridis",
    },
    "folder": {"kind": "folder", "method": "tfp", "centre": 0, "start": 5, "stop": 66},
    "dat": {
        "kind": "dat",
        "centre": 0,
        "start": 10,
        "stop": 60,
        "rows": [4, 20],
        "columns": [3, 30],
    },
}


def exported(page, values):
    """The files of an export by name."""
    job = page.post("export", **values)
    deadline = time.monotonic() + 60
    while not job["ready"] and not job["problem"]:
        assert time.monotonic() < deadline
        time.sleep(0.01)
        job = page.get(f"export/{job['id']}")
    assert job["problem"] is None
    response = page.http.get(f"/{TOKEN}/api/export/{job['id']}/{job['name']}")
    assert job["name"] in response.headers["content-disposition"]
    if not job["name"].endswith(".zip"):
        return {job["name"]: response.content}
    with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def files_in(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.stem != "scene"
    }


@pytest.mark.parametrize("name", KINDS)
def test_the_page_the_command_and_python_write_the_same_bytes(page, name, tmp_path, monkeypatch):
    ours = exported(page, KINDS[name])
    assert ours
    repeated = page.post("repeat", **KINDS[name])
    words = shlex.split(repeated["command"])
    assert words[0] == "spikejax"
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", "set elsewhere")
    result = CliRunner().invoke(app, words[1:])
    assert result.exit_code == 0, result.output
    assert files_in(tmp_path) == ours
    for path in (tmp_path / file for file in ours):
        path.unlink()
    exec(compile(repeated["python"], "copied", "exec"), {})
    assert files_in(tmp_path) == ours


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"kind": "exe"}, "kind: expected png, mp4"),
        ({"low": 2, "high": 1}, "expected a black point below the white point"),
        ({"kind": "mp4", "start": 50, "stop": 50}, "stop: expected 51 to 101"),
        ({"kind": "dat", "rows": [3, 99]}, "last: expected 4 to 24"),
        ({"kind": "dat", "rows": "all"}, "rows: expected two numbers"),
        ({"centre": 101}, "centre: expected 0 to 100, got 101"),
        ({"colours": "jet"}, "colours: expected gray"),
    ],
    ids=str,
)
def test_wrong_exports_are_answered_with_a_line(page, change, line):
    answer = page.post("export", status=400, **{**KINDS["png"], **change})
    assert line in answer["problem"]


def test_an_export_can_be_given_up(page, monkeypatch):
    slow = {**KINDS["folder"], "stride": 1}
    original = sj.formats.write_image

    def write(*arguments, **options):
        time.sleep(0.02)
        original(*arguments, **options)

    monkeypatch.setattr("spikejax.viewer.exporting.write_image", write)
    job = page.post("export", **slow)
    page.post(f"export/{job['id']}/end")
    deadline = time.monotonic() + 20
    while page.get(f"export/{job['id']}")["problem"] != "given up":
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_old_exports_make_room(page, session):
    for _ in range(6):
        exported(page, KINDS["png"])
    assert len(list(Path(session.jobs._folder.name).iterdir())) == 4
    assert "no export 1" in page.get("export/1", status=400)["problem"]
