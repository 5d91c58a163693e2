"""`spikejax deblur` of one photograph."""

import re

import numpy as np
import pytest
from deblurred import SIZE, expected

import spikejax as sj
from spikejax.camera import ExposureTiming
from spikejax.camera.encoding import from_linear, to_linear
from spikejax.formats import read_image, read_video, write_image

COMMAND = ("deblur", "blur.png", "car.dat", "--exposure", "21", "-o")


def test_a_folder_has_an_image_a_moment_named_by_its_readout(
    spikejax, pair, student, networks, tmp_path
):
    result = spikejax(*COMMAND, "out/", "--frames", "5", "--bits", "16", *student)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("out/\n  student with ldn.safetensors; 32x48, 45 readouts of 8")
    assert "readouts 12 to 32, 10.5 ms at 2000 Hz" in result.stdout
    names = [path.name for path in sorted((tmp_path / "out").iterdir())]
    assert names == [f"{n:06d}.png" for n in (12, 17, 22, 27, 32)]
    image = expected(pair, "student", {"ldn": networks["ldn"]}, 15)
    np.testing.assert_allclose(read_image(tmp_path / "out" / names[1]), image, atol=1e-4)


def test_an_exposure_of_even_length_is_placed_and_said(spikejax, pair, student):
    result = spikejax(
        "deblur", "blur.png", "car.dat", "-o", "out.png", "--exposure", "20", *student
    )
    assert result.exit_code == 0, result.output
    assert "exposure: readouts 12 to 31" in result.stdout
    assert "45 readouts: 12 before it, 13 after; --margin places it" in result.stdout


@pytest.mark.parametrize("blind", [False, True])
def test_one_image_is_the_middle(spikejax, pair, teacher, networks, tmp_path, blind):
    result = spikejax(*COMMAND, "out.png", *teacher, *["--blind"][: int(blind)])
    assert result.exit_code == 0, result.output
    assert "one image, of readout 22" in result.stdout
    weights = {name: networks[name] for name in ("bsn", "edsr")}
    image = expected(pair, "teacher", weights, 20, blind=blind)
    np.testing.assert_allclose(read_image(tmp_path / "out.png"), image, atol=0.5 / 255 + 1e-4)


def test_stir_may_clean_the_spikes_also_on_a_sheet(spikejax, pair, networks, tmp_path):
    """30 readouts each way are read, of which this recording has 12: there time runs back."""
    stir = sj.weights.load("stir")
    sj.weights.save(tmp_path / "stir.safetensors", stir, model="stir")
    sj.weights.save(tmp_path / "edsr.safetensors", networks["edsr"], model="edsr")
    files = ("--weights=stir=stir.safetensors", "--weights=edsr=edsr.safetensors")
    result = spikejax(*COMMAND, "out.png", "-m", "stir", *files, "--sheet", "sheet.png")
    assert result.exit_code == 0, result.output
    weights = {"stir": stir, "edsr": networks["edsr"]}
    blur, spikes = pair
    options = {"times": (22,), "weights": weights, "exposure": ExposureTiming(21, 12)}
    ((_, image),) = sj.deblur.frames(blur, spikes, method="stir", **options)
    np.testing.assert_allclose(read_image(tmp_path / "out.png"), image, atol=0.5 / 255 + 1e-4)
    assert "bsn" in result.output and (tmp_path / "sheet.png").is_file()


@pytest.mark.parametrize("suffix", [".mp4", ".gif"])
def test_a_video_has_13_frames_in_colour(spikejax, pair, tmp_path, suffix):
    result = spikejax(*COMMAND, f"out{suffix}", "-m", "sdm")
    assert result.exit_code == 0, result.output
    assert "13 images" in result.stdout
    assert "10 frames/s, 120 times slower than real" in result.stdout
    frames = list(read_video(tmp_path / f"out{suffix}"))
    assert len(frames) == 13
    assert frames[0].shape == (*SIZE, 3)
    image = expected(pair, "sdm", {}, 20)
    # Noise is coarse in a video: its colour at half the resolution, or of few values.
    np.testing.assert_allclose(frames[6].mean((0, 1)), image.mean((0, 1)), atol=0.03)
    assert np.abs(frames[6] - frames[0]).mean() > 0.05


def test_a_margin_says_where_the_exposure_is(spikejax, pair, tmp_path):
    words = ("--margin", "2", "--short", "5", "-m", "sdm", "--bits", "16")
    assert spikejax(*COMMAND, "out.png", *words).exit_code == 0
    blur, spikes = pair
    exposure = ExposureTiming(21, 2, 5)
    made = sj.deblur.frames(blur, spikes[:25], method="sdm", times=(12,), exposure=exposure)
    np.testing.assert_allclose(read_image(tmp_path / "out.png"), next(made)[1], atol=1e-4)


def test_by_default_all_of_a_short_recording_is_exposed(spikejax, pair):
    result = spikejax("deblur", "blur.png", "car.dat", "-o", "out.png", "-m", "sdm")
    assert "readouts 0 to 44" in result.stdout


def test_photographs_from_cameras_are_decoded_and_encoded_again(spikejax, pair, tmp_path):
    words = ("-m", "sdm", "--bits", "16", "--encoding", "srgb")
    assert spikejax(*COMMAND, "out.png", *words).exit_code == 0
    light = np.asarray(to_linear(pair[0])), pair[1]
    image = from_linear(expected(light, "sdm", {}, 20))
    np.testing.assert_allclose(read_image(tmp_path / "out.png"), image, atol=1e-4)


def test_a_homography_fits_a_photograph_of_another_size(spikejax, pair, tmp_path):
    blur, _ = pair
    write_image(tmp_path / "large.png", np.pad(blur, ((3, 4), (5, 0), (0, 0))), bits=16)
    np.savetxt(tmp_path / "h.txt", [[1, 0, -5], [0, 1, -3], [0, 0, 1]])
    common = ("car.dat", "--exposure", "21", "-m", "sdm", "--bits", "16", "-o")
    words = ("deblur", "large.png", *common, "a.png", "--homography", "h.txt")
    assert spikejax(*words).exit_code == 0
    assert spikejax("deblur", "blur.png", *common, "b.png").exit_code == 0
    images = [read_image(tmp_path / name) for name in ("a.png", "b.png")]
    np.testing.assert_allclose(*images, atol=1e-3)


def test_a_grey_photograph_gives_an_image_without_colour(spikejax, pair, tmp_path):
    write_image(tmp_path / "grey.png", pair[0][..., 0])
    assert spikejax("deblur", "grey.png", "car.dat", "-o", "out.png", "-m", "sdm").exit_code == 0
    image = read_image(tmp_path / "out.png")
    assert np.ptp(image, axis=-1).max() == 0


def test_a_sheet_compares_what_can_be_had(spikejax, pair, student, tmp_path):
    words = ("--sheet", "new/sheet.png", "--frames", "2", *student)
    result = spikejax(*COMMAND, "out.gif", *words)
    assert result.exit_code == 0, result.output
    assert "left out: teacher: the weights of bsn and edsr do not ship" in result.stdout
    sheet = read_image(tmp_path / "new" / "sheet.png")
    panels = 3 * (480 + 12) + 12  # photograph, TFP and student, each pixel ten times
    assert sheet.shape[1] == panels
    assert spikejax(*COMMAND, "a.png", "-m", "sdm", "--sheet", "b.png", *student).exit_code == 0
    assert read_image(tmp_path / "b.png").shape[1] == panels + 480 + 12


def test_a_sheet_has_teacher_and_student(spikejax, pair, student, teacher, tmp_path):
    result = spikejax(*COMMAND, "a.png", "--sheet", "b.png", *student, *teacher)
    assert result.exit_code == 0, result.output
    assert "left out" not in result.stdout
    assert read_image(tmp_path / "b.png").shape[1] == 4 * (480 + 12) + 12


def test_help_names_every_method_and_network(spikejax, monkeypatch):
    monkeypatch.setenv("COLUMNS", "500")
    text = spikejax("deblur", "--help").stdout
    for method in sj.deblur.METHODS.values():
        assert f"{method.name} (" in text
        assert all(re.search(rf"\b{network}\b", text) for network in method.networks)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("-o", ""), "--output: expected a name"),
        (("-o", "x.bmp"), "x.bmp: expected a name that ends in"),
        (("-o", "car.dat/x.png"), "car.dat"),
        (("-o", "car.dat/"), "car.dat: is a file"),
        (("-o", "blur.png"), "blur.png: is an input; expected another name"),
        (("-o", "x.png", "--sheet", "blur.png"), "blur.png: is an input; expected another name"),
        (("-o", "x.png", "--sheet", "x.png"), "--sheet: x.png is already the name of an image"),
        (("-o", "x.png", "--sheet", "x.jpg"), "--sheet: expected a name that ends in .png"),
        (("-o", "x.png", "--frames", "3"), "--frames: 3 images need a folder"),
        (("-o", "x/", "--frames", "22", "--exposure", "21"), "--frames 22: expected at most 21"),
        (("-o", "x/", "--frames", "0"), "--frames"),
        (("-o", "x/", "--bits", "12"), "--bits"),
        (("-o", "x.mp4", "--fps", "0"), "--fps"),
        (("-o", "x/", "--exposure", "46"), "exposure of 46 readouts does not fit into .* 45"),
        (("-o", "x/", "--exposure", "40", "--margin", "6"), "after a margin of 6 does not fit"),
        (("-o", "x/", "--margin", "1"), "does not fit"),
        (("-o", "x/", "--short", "8"), "--short: expected an odd number of readouts, got 8"),
        (("-o", "x/", "--short", "11", "--exposure", "9"), "at most the 9 of the exposure, got 11"),
        (("-o", "x/", "--encoding", "rec709"), "encoding: expected srgb, linear"),
        (("-o", "x/", "--height", "9"), "not a whole number of 9x12 readouts"),
        (
            ("-o", "x/", "--height", "4", "--width", "24", "--stored-width", "24"),
            "blur.png: expected a photograph of 4 times .* 32x48 and 4x24: 8 and 2 times",
        ),
        (("-o", "x/", "--weights", "ldn.pth"), "--weights: expected NAME=FILE with ldn, bsn"),
        (("-o", "x/", "--weights", "lrn=a"), "--weights: expected NAME=FILE with ldn, bsn"),
        (("-o", "x/", "--weights", "stir=a"), "--weights: the method sdm has no network stir"),
        (("-o", "x/", "-m", "stir"), "stir: the weights of stir and edsr do not .* stir=FILE and"),
        (("-o", "x/", "-m", "stir", "--blind"), "--blind: is for --method teacher; stir has no"),
        (("-o", "x/", "--weights", "ldn=a"), "--weights: the method sdm has no network ldn"),
        (("-o", "x/", "-m", "student", "--weights", "ldn=no.pth"), "no.pth: No such file"),
        (("-o", "x/", "-m", "student", "--weights", "ldn=car.dat"), "car.dat: damaged"),
        (("-o", "x/", "-m", "student", "--weights=ldn=a", "--weights=ldn=b"), "ldn appears twice"),
        (("-o", "x/", "-m", "student"), "student: the weights of ldn do not .* --weights ldn=FILE"),
        (("-o", "x/", "-m", "sdm", "--blind"), "--blind: is for --method teacher; sdm has no BSN"),
        (("-o", "x/", "-m", "teacher", "--weights", "bsn=a"), "teacher: the weights of edsr do"),
        (("-o", "x/", "-m", "magic"), "--method magic: expected student, teacher, stir, sdm"),
        (("-o", "x/", "--device", "tpu"), "--device tpu: there is none"),
        (("-o", "x/", "--homography", "no.txt"), "no.txt: no such file"),
        (("-o", "x/", "--homography", "car.dat"), "car.dat: expected 3x3 numbers"),
        (("-o", "x/", "--homography", "singular.txt"), "homography: expected a matrix with an inv"),
        (("-o", "x/", "--homography", "infinite.txt"), "homography: maps pixels"),
        (("-o", "x/", "--homography", "elsewhere.txt"), "only 0 % .* is the matrix inverted"),
        (("-o", "x/", "--sheet", "blur.png/s.png"), "--sheet: .*blur.png is a file"),
    ],
)
def test_bad_options_are_one_line(refused, pair, tmp_path, words, message):
    (tmp_path / "singular.txt").write_text("1 0 0 0 0 0 0 0 1")
    (tmp_path / "infinite.txt").write_text("1 0 0 0 1 0 0.1 0 1")
    (tmp_path / "elsewhere.txt").write_text("1 0 99999 0 1 0 0 0 1")
    method = () if "-m" in words else ("-m", "sdm")
    refused("deblur", "blur.png", "car.dat", *words, *method, match=message)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such file"),
        ("folder", "is a directory"),
        (b"", r"bad: not a readable image \(it is empty\)"),
        (b"no image at all", r"bad: not a readable image \(unknown format\)"),
        ("half", "bad"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "bad: not a readable image"),
        ("bomb", "bad: not a readable image"),
        ("other", "bad: .*32x40 and 8x12: 4 and 3.333 times"),
    ],
)
def test_bad_photographs_are_one_line(refused, pair, tmp_path, content, message):
    whole, path = (tmp_path / "blur.png").read_bytes(), tmp_path / "bad"
    if content == "folder":
        path.mkdir()
    elif content == "half":
        path.write_bytes(whole[: len(whole) // 2])
    elif content == "bomb":  # says that it is 2^24 x 2^24
        path.write_bytes(whole[:16] + bytes((1, 0, 0, 0, 1, 0, 0, 0)) + whole[24:])
    elif content == "other":
        write_image(tmp_path / "other.png", np.zeros((32, 40, 3), np.float32))
        (tmp_path / "other.png").rename(path)
    elif content is not None:
        path.write_bytes(content)
    refused("deblur", path, "car.dat", "-o", "x/", "-m", "sdm", match=message)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such file"),
        ("folder", "is a directory"),
        (b"", "empty"),
        (b"\x01" * 13, "not a whole number of 8x12"),
        (b"\x01" * 12 * 4, "bad.dat"),
    ],
)
def test_bad_recordings_are_one_line(refused, pair, tmp_path, content, message):
    path = tmp_path / "bad.dat"
    if content == "folder":
        path.mkdir()
    elif content is not None:
        path.write_bytes(content)
    words = ("-m", "sdm", "--exposure", "21", "--height", "8", "--width", "12")
    refused("deblur", "blur.png", path, "-o", "x/", *words, match=message)


def test_an_output_that_fails_halfway_leaves_whole_images_and_no_others(
    spikejax, pair, tmp_path, monkeypatch
):
    (tmp_path / "out" / "000017.png").mkdir(parents=True)  # stands where an image should
    result = spikejax(*COMMAND, "out/", "--frames", "5", "-m", "sdm")
    assert result.exit_code == 2
    assert "000017.png: is a directory" in result.stderr
    assert [p.name for p in sorted((tmp_path / "out").iterdir())] == ["000012.png", "000017.png"]
    assert read_image(tmp_path / "out" / "000012.png").shape == (*SIZE, 3)
