"""`spikejax deblur` of a folder of pairs."""

import re

import numpy as np
import pytest
from deblurred import expected

import spikejax as sj
from spikejax.formats import read_image, read_video, write_image


@pytest.fixture
def folder(tmp_path, pair, rng):
    """pairs/ with `a`, and `b` whose recording is longer."""
    blur, spikes = pair
    (tmp_path / "pairs" / "blur").mkdir(parents=True)
    (tmp_path / "pairs" / "spikes").mkdir()
    longer = (rng.random((61, 8, 12)) < 0.4).astype(np.uint8)
    for name, filmed in (("a", spikes), ("b", longer)):
        write_image(tmp_path / "pairs" / "blur" / f"{name}.png", blur, bits=16)
        sj.write_dat(tmp_path / "pairs" / "spikes" / f"{name}.dat", filmed, sidecar={})
    return tmp_path / "pairs"


def test_every_pair_of_a_folder_gets_a_folder(spikejax, pair, folder, student, networks, tmp_path):
    words = ("--exposure", "21", "--frames", "3", "--bits", "16", *student)
    result = spikejax("deblur", "pairs", "-o", "out/", *words)
    assert result.exit_code == 0, result.output
    assert "2 photographs\n  3 images of each" in result.stdout
    made = [str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.png")]
    assert sorted(made) == [
        *(f"a/{n:06d}.png" for n in (12, 22, 32)),
        *(f"b/{n:06d}.png" for n in (20, 30, 40)),
    ]
    image = expected(pair, "student", {"ldn": networks["ldn"]}, 20)
    np.testing.assert_allclose(read_image(tmp_path / "out/a/000022.png"), image, atol=1e-4)


def test_every_pair_of_a_folder_gets_a_video(spikejax, folder, tmp_path):
    result = spikejax("deblur", "pairs", "-o", "out", "-m", "sdm", "--format", "gif")
    assert result.exit_code == 0, result.output
    assert "13 images of each" in result.stdout
    assert [path.name for path in sorted((tmp_path / "out").iterdir())] == ["a.gif", "b.gif"]
    assert len(list(read_video(tmp_path / "out" / "a.gif"))) == 13


def test_what_is_simulated_is_deblurred(spikejax, tmp_path, rng):
    (tmp_path / "street").mkdir()
    for n in range(10):
        write_image(tmp_path / "street" / f"{n}.png", rng.random((32, 48, 3)))
    words = ("--exposure", "21", "--every", "30", "--margin", "8", "--blur", "pairs")
    assert spikejax("simulate", "street", "street.dat", *words).exit_code == 0
    words = ("--exposure", "21", "--frames", "1", "-m", "sdm", "-o", "out/")
    result = spikejax("deblur", "pairs", *words)
    assert result.exit_code == 0, result.output
    made = sorted(str(p.relative_to(tmp_path / "out")) for p in (tmp_path / "out").rglob("*.png"))
    assert made == [f"street/00000{n}/000018.png" for n in (0, 1)]
    assert read_image(tmp_path / "out" / made[0]).shape == (32, 48, 3)
    (tmp_path / "pairs" / "blur_data" / "street" / "000001.png").unlink()
    result = spikejax("deblur", "pairs", *words)
    assert "000001.dat: has no photograph pairs/blur_data/street/000001.png" in result.stderr


def test_exposures_beside_the_middle_are_counted(spikejax, folder):
    words = ("--exposure", "20", "--frames", "1", "-m", "sdm", "-o", "out/")
    result = spikejax("deblur", "pairs", *words)
    assert result.exit_code == 0, result.output
    assert re.search(r"  \d exposures: the nearest to the middle of 45 readouts", result.stdout)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("pairs", "-o", "x.mp4"), "x.mp4: expected a folder"),
        (("pairs", "-o", "x/", "--sheet", "s.png"), "--sheet: is for one photograph"),
        (("pairs", "-o", "x/", "--format", "gif", "--bits", "16"), "--bits"),
        (("pairs", "-o", "x/", "--exposure", "61"), "a.dat: an exposure of 61 readouts does not"),
        (("pairs", "-o", "x/", "--frames", "46"), "--frames 46: expected at most 45"),
        (("pairs", "-o", "x/", "-m", "student"), "pass --weights ldn=FILE"),
        (("pairs/blur", "-o", "x/"), "no such folder; expected blur/X.png"),
        (("pairs", "car.dat", "-o", "x/"), "pairs: is a directory; expected a photograph"),
        (("none", "-o", "x/"), "none: no such file or folder"),
        (("blur.png", "-o", "x/"), "blur.png: expected the recording of its exposure as well"),
        (("blur.png", "car.dat", "-o", "x/", "--format", "gif"), "--format: is for a folder"),
    ],
)
def test_bad_folders_are_one_line(refused, folder, words, message):
    method = () if "-m" in words else ("-m", "sdm")
    refused("deblur", *words, *method, match=message)


def test_a_divided_folder_asks_for_a_part(refused, folder, tmp_path):
    whole = tmp_path / "whole"
    whole.mkdir()
    folder.rename(whole / "train")
    (whole / "test").mkdir()
    message = "name a part, whole/train or whole/test"
    refused("deblur", "whole", "-o", "x/", "-m", "sdm", match=message)


def test_a_bad_pair_of_a_folder_is_named_and_what_was_made_stays(spikejax, folder, tmp_path):
    write_image(folder / "blur" / "b.png", np.zeros((32, 40, 3), np.float32))
    result = spikejax("deblur", "pairs", "-o", "out/", "-m", "sdm", "--frames", "1")
    assert result.exit_code == 2
    assert "b.png: expected a photograph of 4 times" in result.stderr
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a"]
    (folder / "spikes" / "a.dat").unlink()
    result = spikejax("deblur", "pairs", "-o", "out/", "-m", "sdm")
    assert result.exit_code == 2
    assert "a.png: no file of this name in" in result.stderr
