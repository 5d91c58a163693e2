"""`spikejax reconstruct`."""

import jax
import numpy as np
import pytest
import skimage.io

import spikejax as sj
from spikejax.formats import read_image, read_video


def test_one_image_is_the_middle_readout_as_it_is(spikejax, recording, tmp_path):
    result = spikejax("reconstruct", "scene.dat", "-o", "out.png", "-m", "tfp", "--bits", "16")
    assert result.exit_code == 0
    assert result.stdout.startswith("out.png\n")
    expected = np.clip(recording[30:71].mean(0) / 0.5, 0, 1)
    np.testing.assert_allclose(read_image(tmp_path / "out.png"), expected, atol=1e-4)
    assert skimage.io.imread(tmp_path / "out.png").dtype == np.uint16


def test_a_list_of_centres_becomes_a_folder_of_images(spikejax, recording, tmp_path):
    words = ("reconstruct", "scene.dat", "-o", "frames", "-m", "tfi", "--centres", "3,30:60:20")
    assert spikejax(*words).exit_code == 0
    names = [path.name for path in sorted((tmp_path / "frames").iterdir())]
    assert names == ["000003.png", "000030.png", "000050.png"]
    expected = np.clip(sj.classical.tfi(recording, 50, gain=0.5), 0, 1)
    image = read_image(tmp_path / "frames" / "000050.png")
    np.testing.assert_allclose(image, expected, atol=0.5 / 255 + 1e-6)


def test_a_name_that_ends_in_a_slash_is_a_folder(spikejax, recording, tmp_path):
    words = ("reconstruct", "scene.dat", "-m", "tfp", "--bits", "16", "--stride", "30")
    assert spikejax(*words, "-o", "version.2/deep/").exit_code == 0
    names = [path.name for path in sorted((tmp_path / "version.2" / "deep").iterdir())]
    assert names == ["000020.png", "000050.png", "000080.png"]


@pytest.mark.parametrize("suffix", [".mp4", ".gif"])
def test_a_video_has_a_frame_a_centre(spikejax, recording, tmp_path, suffix):
    out = tmp_path / f"out{suffix}"
    words = ("reconstruct", "scene.dat", "-o", out, "-m", "tfp", "--stride", "10")
    result = spikejax(*words)
    assert result.exit_code == 0
    assert "80 times slower than real" in result.stdout
    frames = list(read_video(out))
    assert len(frames) == len(range(20, 81, 10))
    assert frames[0].shape[:2] == (24, 40)


def test_display_stretches_what_would_look_dark(spikejax, recording, tmp_path):
    common = ("reconstruct", "scene.dat", "-m", "tfp", "--gain", "5")
    dark = spikejax(*common, "-o", "data.png")
    assert "--display stretches it" in dark.stdout
    assert spikejax(*common, "-o", "shown.png", "--display").exit_code == 0
    assert read_image(tmp_path / "data.png").max() < 0.2
    assert read_image(tmp_path / "shown.png").max() > 0.95


def test_weights_from_a_file_are_used(spikejax, recording, tmp_path):
    variables = sj.models.create("lrn").init(jax.random.key(0))
    sj.weights.save(tmp_path / "lrn.safetensors", variables, model="lrn")
    words = ("reconstruct", "scene.dat", "-o", "out.png", "-m", "lrn", "--bits", "16", "--weights")
    assert spikejax(*words, "lrn.safetensors").exit_code == 0
    image = sj.models.create("lrn").apply(variables, recording[None, 30:71])[0, ..., 0] / 0.5
    expected = np.clip(image, 0, 1)
    np.testing.assert_allclose(read_image(tmp_path / "out.png"), expected, atol=1e-4)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("-o", ""), "--output: expected a name"),
        (("-o", "x.bmp"), "x.bmp: expected a name that ends in"),
        (("-o", "x.png", "-m", "magic"), "there is no 'magic'; there are tfp"),
        (("-o", "x.png", "--centres", "101"), "101 is not among the recording's readouts 0 to 100"),
        (("-o", "x.png", "--centres", "3,4"), "2 images need a folder"),
        (("-o", "x.png", "--centres", "abc"), "--centres: expected readouts"),
        (("-o", "x.png", "--stride", "3"), "--stride"),
        (("-o", "x", "--stride", "0"), "stride"),
        (("-o", "x.png", "--gain", "0"), "gain"),
        (("-o", "x.png", "--bits", "12"), "--bits"),
        (("-o", "x.mp4", "--fps", "0"), "--fps"),
        (("-o", "x.png", "--weights", "no.pth"), "--weights: say with --method"),
        (("-o", "x.png", "-m", "lrn", "--weights", "no.pth"), "no.pth"),
        (("-o", "x.png", "-m", "lrn", "--weights", "scene.dat"), "scene.dat"),
        (("-o", "x.png", "-m", "tfp", "--window", "4"), "window: expected an odd number"),
        (("-o", "x.png", "-m", "tfi", "--window", "0"), "window: expected at least 1"),
        (("-o", "x.png", "-m", "tfp", "--window", "-3"), "window: expected at least 1"),
        (
            ("-o", "x.png", "-m", "tfstp", "--window", "41"),
            "window: tfstp reads all readouts",
        ),
        (("-o", "x.png", "--height", "25"), "25x40"),
        (
            (
                "-o",
                "scene.dat/x.png",
            ),
            "scene.dat",
        ),
        (("-o", "x.png", "--device", "tpu"), "--device tpu: there is none"),
        (("-o", "x.png", "--tile", "big"), "--tile"),
    ],
)
def test_bad_options_are_one_line(refused, recording, words, message):
    method = () if "-m" in words or "--weights" in words else ("-m", "tfp")
    refused("reconstruct", "scene.dat", *words, *method, match=message)


def test_a_network_whose_weights_do_not_ship_asks_for_them(refused, recording, monkeypatch):
    monkeypatch.setattr("spikejax.weights.sources.available", lambda: ())
    words = ("-o", "x.png", "-m", "lrn")
    refused("reconstruct", "scene.dat", *words, match="no weights of 'lrn' ship .*give a")


@pytest.mark.parametrize(
    ("shipped", "expected"), [((), "tfp"), (("lrn",), "lrn"), (("stir", "lrn"), "stir")]
)
def test_the_default_method_is_the_best_that_ships(
    spikejax, recording, tmp_path, monkeypatch, shipped, expected
):
    monkeypatch.setattr(sj.weights, "available", lambda: shipped)
    assert sj.inference.default_method() == expected
    if expected != "stir":  # which takes long to compile
        assert (
            f"  {expected}, gain 0.5\n"
            in spikejax("reconstruct", "scene.dat", "-o", "x.png").stdout
        )


@pytest.mark.parametrize("command", ["info", "reconstruct", "convert"])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such file"),
        ("folder", "is a directory"),
        (b"", "empty"),
        (b"\x01" * 1001, "not a whole number of 20x20 readouts"),
    ],
)
def test_bad_recordings_are_one_line(refused, tmp_path, command, content, message):
    path = tmp_path / "bad.dat"
    if content == "folder":
        path.mkdir()
    elif content is not None:
        path.write_bytes(content)
    words = {"info": (), "reconstruct": ("-o", "x.png", "-m", "tfp"), "convert": ("x.npz",)}
    size = ("--height", "20", "--width", "20")
    refused(command, path, *words[command], *size, match=message)


def test_a_recording_without_a_size_says_which_sizes_would_fit(refused, tmp_path):
    (tmp_path / "car.dat").write_bytes(bytes(12500))
    refused("info", "car.dat", match="pass --height and --width.*250x400")


def test_levels_and_colours_are_those_that_are_given(spikejax, recording, tmp_path):
    words = ("reconstruct", "scene.dat", "-o", "out.png", "-m", "tfp", "--levels", "0.1,0.9")
    assert spikejax(*words, "--gamma", "2.2", "--colours", "viridis").exit_code == 0
    shown = sj.pictures.Display(levels=(0.1, 0.9), gamma=2.2)(recording[30:71].mean(0) / 0.5)
    expected = sj.pictures.coloured(shown, "viridis")
    np.testing.assert_allclose(read_image(tmp_path / "out.png"), expected, atol=0.02)


@pytest.mark.parametrize(
    ("words", "match"),
    [
        (("--levels", "0.9,0.1"), "levels: expected two rising numbers"),
        (("--levels", "0,1", "--percentiles", "1,99"), "--levels: fixes what --percentiles"),
        (("--colours", "jet"), "--colours: expected gray, viridis"),
    ],
)
def test_a_wrong_mapping_is_refused(refused, recording, words, match):
    refused("reconstruct", "scene.dat", "-o", "out.png", "-m", "tfp", *words, match=match)
