"""`spikejax simulate`."""

import json
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import spikejax as sj
from spikejax.camera import SENSORS
from spikejax.formats import read_image, write_image, write_video

SPIKEJAX = (sys.executable, "-c", "from spikejax.cli import main; main()")
SHAPE = (12, 17)  # no multiple of 8 and no multiple of one another


@pytest.fixture
def frames(tmp_path):
    """A folder of 21 grey frames that brighten from the left."""
    levels = np.linspace(0, 1, SHAPE[1])[None] * np.ones((SHAPE[0], 1))
    (tmp_path / "frames").mkdir()
    for n in range(21):
        write_image(tmp_path / "frames" / f"{n}.png", levels * (n + 5) / 25)
    return levels


def test_what_is_simulated_opens_with_nothing_said_twice(spikejax, frames, tmp_path):
    words = ("simulate", "frames", "out.dat", "--gain", "0.8", "--sensor", "ideal", "--seed", "3")
    result = spikejax(*words, "--encoding", "linear", "--rate", "40000")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("out.dat\n  161 readouts of 12x17")
    facts = json.loads(spikejax("info", "out.dat", "--json").stdout)
    assert (facts["readouts"], facts["height"], facts["width"]) == (161, *SHAPE)
    assert (facts["gain"], facts["rate_hz"]) == (0.8, 40000)
    assert spikejax("reconstruct", "out.dat", "-o", "out.png", "-m", "tfp").exit_code == 0
    expected = frames * (80 / 8 + 5) / 25  # the middle frame; 41 readouts at gain 0.8
    assert np.abs(read_image(tmp_path / "out.png") - expected).max() < 1 / (41 * 0.8) + 0.01
    told = json.loads((tmp_path / "out.json").read_text())["simulation"]
    assert told == {
        "video": "frames",
        "upsample": 8,
        "interpolation": "linear",
        "encoding": "linear",
        "scale": 1,
        "without": [],
        "seed": 3,
    }


def test_the_same_seed_gives_the_same_file(spikejax, frames, tmp_path):
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        words = ("simulate", "frames", f"{name}.dat", "--frames", "3", "--seed", seed)
        assert spikejax(*words).exit_code == 0
    a, b, c = ((tmp_path / f"{name}.dat").read_bytes() for name in "abc")
    assert len(a) == 17 * -(-12 * 17 // 8)
    assert a == b
    assert a != c


def test_a_video_becomes_the_light_that_it_shows(spikejax, tmp_path):
    levels = np.linspace(0.1, 0.9, 32)[None] * np.ones((16, 1))
    write_video(tmp_path / "a.mp4", [levels] * 6, fps=30)
    words = ("simulate", "a.mp4", "a.dat", "--sensor", "vidar", "--upsample", "40")
    result = spikejax(*words, "--without", "prnu", "--without", "threshold", "--without", "dark")
    assert result.exit_code == 0, result.output
    with sj.open_recording(tmp_path / "a.dat") as recording:
        rate = recording[:].mean((0, 1))
        assert recording.sensor == "simulated, vidar"
    stored = (levels[0] * 255).round() / 255
    light = np.where(stored <= 0.04045, stored / 12.92, ((stored + 0.055) / 1.055) ** 2.4)
    assert np.abs(rate - light).max() < 0.04  # H.264 does not keep every level


def test_photographs_come_in_the_layout_of_spike_gopro(spikejax, frames, tmp_path):
    words = ("simulate", "frames", "out.dat", "--blur", "data/train", "--encoding", "linear")
    result = spikejax(*words, "--bits", "16", "--every", "8", "--sensor", "ideal")
    assert result.exit_code == 0, result.output
    assert "3 photographs" in result.stdout
    assert "left out: the video's last rows (0) and columns (1)" in result.stdout
    base = tmp_path / "data" / "train"
    for n in range(3):
        start = 24 + 8 * n
        blur = read_image(base / "blur_data" / "frames" / f"{n:06d}.png")
        sharp = read_image(base / "sharp_data" / "frames" / f"{n:06d}.png")
        middle = frames[:, :16, None] * ((start + 48) / 8 + 5) / 25
        assert blur.shape == sharp.shape == (12, 16, 3)
        np.testing.assert_allclose(sharp, np.repeat(middle, 3, -1), atol=2 / 255)
        np.testing.assert_allclose(blur, sharp, atol=2 / 255)  # it brightens evenly
        with (
            sj.open_recording(base / "spike_data" / "frames" / f"{n:06d}.dat") as spikes,
            sj.open_recording(tmp_path / "out.dat") as whole,
        ):
            np.testing.assert_array_equal(spikes[:], whole[start - 20 : start + 117])
            assert spikes.shape[1:] == (3, 4)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("nope.mp4", "x.dat"), r"nope\.mp4: no such file; expected a video"),
        (("text.mp4", "x.dat"), r"text\.mp4: not a readable video"),
        (("empty.mp4", "x.dat"), r"empty\.mp4: not a readable video"),
        (("empty", "x.dat"), "empty: holds no images"),
        (("one", "x.dat"), "one: a video needs at least 2 frames, got 1"),
        (("frames", "x.npz"), r"x\.npz: expected a name that ends in \.dat"),
        (("frames", "new/x.dat", "--gain", "0"), "--gain: expected a positive number, got 0"),
        (("frames", "x.dat", "--encoding", "foo"), "encoding: expected srgb, linear or"),
        (("frames", "x.dat", "--scale", "13"), "12x17 pixels do not fill a cell of 13x13"),
        (("frames", "x.dat", "--sensor", "none"), "--sensor: expected ideal, .*, got 'none'"),
        (("frames", "new/x.dat", "--blur", "b", "--frames", "18"), "needs 141; try a smaller"),
        (("frames", "x.dat", "--blur", "b", "--bits", "12"), "bits: expected 8 or 16, got 12"),
        (("frames", "x.dat", "--bits", "16"), "--bits: requires --blur"),
        (("frames", "x.dat", "--exposure", "9"), "--exposure: requires --blur"),
        (("frames", "x.dat", "--blur", "there"), "already exists; delete it"),
        (("frames", "notes.dat"), r"notes\.json: exists without notes\.dat"),
        (("broken", "new/x.dat"), r"broken/1\.png: not a readable image"),
        (("broken", "new/x.dat", "--blur", "new/b", "--scale", "1"), "not a readable image"),
    ],
)
def test_simulate_refuses_in_one_line(refused, frames, tmp_path, words, message):
    for name in ("empty", "one", "broken", "there/spike_data/frames"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "text.mp4").write_text("hello")
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "notes.json").write_text("{}")
    write_image(tmp_path / "one" / "0.png", frames)
    for n in range(40):
        write_image(tmp_path / "broken" / f"{n}.png", frames)
    (tmp_path / "broken" / "1.png").write_bytes(b"no image")
    refused("simulate", *words, match=message)


def test_ctrl_c_leaves_nothing_half_written(tmp_path):
    rng = np.random.default_rng(0)
    write_video(tmp_path / "a.mp4", (rng.random((96, 96)) for _ in range(12)), fps=30)
    before = sorted(tmp_path.iterdir())
    process = subprocess.Popen(
        [*SPIKEJAX, "simulate", "a.mp4", "new/a.dat", "--blur", "b", "--upsample", "20000"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
    )
    started = time.monotonic()
    while not any(path.stat().st_size > 0 for path in tmp_path.glob("new/.*.part")):
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() - started < 60
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    assert sorted(tmp_path.iterdir()) == before


def test_an_option_that_names_a_noise_switches_it_off(spikejax, frames, tmp_path):
    common = ("simulate", "frames", "out.dat", "--frames", "2", "--upsample", "2000")
    noises = ("prnu", "dark", "threshold", "shot", "jitter")
    words = [word for noise in noises for word in ("--without", noise)]
    assert spikejax(*common, *words).exit_code == 0
    with sj.open_recording(tmp_path / "out.dat") as recording:
        columns = recording[:].sum(0, dtype=int)
    assert np.ptp(columns, axis=0).max() <= 1  # equal light, equal pixels, another start


def test_help_names_every_camera_and_has_examples(spikejax):
    result = spikejax("simulate", "--help")
    text = " ".join(result.stdout.replace("│", " ").split())
    assert all(name in text for name in SENSORS)
    assert result.exit_code == 0
    assert "Examples:" in result.stdout
    assert "spikejax simulate street.mp4" in result.stdout
