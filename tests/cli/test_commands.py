"""`spikejax demo`, `info`, `convert` and `benchmark`, and what holds for all."""

import json
import os
import signal
import subprocess
import sys
import time

import jax
import numpy as np
import pytest

import spikejax as sj
from spikejax.formats import read_image, read_video

SPIKEJAX = (sys.executable, "-c", "from spikejax.cli import main; main()")


def test_demo_leaves_a_recording_a_picture_and_a_video_and_states_the_psnr(spikejax, tmp_path):
    result = spikejax("demo", "--size", "48x64", "--out", "made", "--seed", "5")
    assert result.exit_code == 0, result.output
    made = tmp_path / "made"
    assert {path.name for path in made.iterdir()} == {
        "scene.dat",
        "scene.json",
        "comparison.png",
        "video.mp4",
    }
    with sj.open_recording(made / "scene.dat") as recording:
        assert recording.shape == (301, 48, 64)
        assert recording.gain == 0.6
        assert 0.1 < recording[:].mean() < 0.5
        image = np.clip(recording[130:171].mean(0) / 0.6, 0, 1)
    assert read_image(made / "comparison.png").shape[2] == 3
    assert len(list(read_video(made / "video.mp4"))) == len(range(30, 271, 5))
    stated = {
        line.split()[0]: line.split()[1] for line in result.stdout.splitlines() if line[:2] == "  "
    }
    assert {"tfp", "tfi", "tfstp"} <= stated.keys()
    scene = list(sj.datasets.demo_scene(np.random.default_rng(5), 301, 48, 64))
    psnr = -10 * np.log10(np.mean((image - scene[150]) ** 2))
    assert float(stated["tfp"]) == pytest.approx(psnr, abs=0.01)


def test_info_counts_what_is_in_a_recording(spikejax, recording, tmp_path):
    result = spikejax("info", "scene.dat", "--json", "--png", "rates.png")
    assert result.exit_code == 0
    facts = json.loads(result.stdout)
    assert (facts["readouts"], facts["height"], facts["width"]) == (101, 24, 40)
    assert facts["duration_s"] == pytest.approx(101 / 20000)
    assert facts["mean_rate"] == pytest.approx(recording.mean())
    assert sum(facts["histogram"]["pixels"]) == 24 * 40
    assert read_image(tmp_path / "rates.png").shape[2] == 3
    text = spikejax("info", "scene.dat").stdout
    assert "24x40 pixels" in text
    assert "█" in text


@pytest.mark.parametrize("suffix", [".npz", ".npy"])
def test_convert_keeps_every_spike_and_what_is_known(spikejax, recording, tmp_path, suffix):
    assert spikejax("convert", "scene.dat", f"scene2{suffix}").exit_code == 0
    assert spikejax("convert", f"scene2{suffix}", "again.dat", "--out-no-flip").exit_code == 0
    with sj.open_recording(tmp_path / "again.dat") as again:
        np.testing.assert_array_equal(again[:], recording)
        assert again.gain == 0.5
    assert spikejax("convert", "scene.dat", "part.dat", "--readouts", "10:20").exit_code == 0
    with sj.open_recording(tmp_path / "part.dat") as part:
        np.testing.assert_array_equal(part[:], recording[10:20])


def test_converting_beside_a_recording_keeps_what_is_said_of_it(spikejax, recording, tmp_path):
    sidecar = {"gain": 0.5, "lens": "wide"}
    sj.write_dat(tmp_path / "down.dat", recording, flip=False, sidecar=sidecar)
    assert spikejax("convert", "down.dat", "down.npz", "--gain", "0.7").exit_code == 0
    for name in ("down.dat", "down.npz"):
        with sj.open_recording(tmp_path / name) as again:
            np.testing.assert_array_equal(again[:], recording)
            assert again.extra == {"lens": "wide"}
            assert again.gain == 0.7


def test_converting_again_replaces_file_and_sidecar(spikejax, recording, tmp_path):
    for readouts in ("5:10", "7:20"):
        assert spikejax("convert", "scene.dat", "b.npy", "--readouts", readouts).exit_code == 0
    with sj.open_recording(tmp_path / "b.npy") as part:
        np.testing.assert_array_equal(part[:], recording[7:20])


def test_a_part_may_not_share_the_sidecar_of_the_whole(refused, recording, tmp_path):
    part = ("--readouts", "5:10")
    refused("convert", "scene.dat", "scene.npz", *part, match=r"share scene\.json with scene\.dat")
    np.save(tmp_path / "array.npy", recording)
    refused("convert", "array.npy", "array.dat", *part, match=r"share array\.json with array\.npy")


def test_convert_reads_weights_and_sets_their_gain(spikejax, tmp_path):
    variables = sj.models.create("lrn").init(jax.random.key(0))
    sj.weights.save(tmp_path / "a.safetensors", variables, model="lrn")
    words = ("convert", "a.safetensors", "b.safetensors", "--model", "lrn", "--gain", "0.4")
    result = spikejax(*words)
    assert result.exit_code == 0, result.output
    read = sj.weights.load(tmp_path / "b.safetensors")
    assert sj.weights.trained_gain(read) == pytest.approx(0.4)
    jax.tree.map(np.testing.assert_array_equal, read["params"], dict(variables["params"]))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("scene.dat", "x.safetensors"), "cannot convert scene.dat"),
        (("scene.dat", "x.npz", "--model", "stir"), "--model: is for weights"),
        (("scene.dat", "x.npz", "--readouts", "5:500"), "--readouts"),
        (("scene.dat", "x.npz", "--out-no-flip"), "--out-no-flip: is for a .dat"),
        (("bad.pth", "x.safetensors"), "--model: say which network"),
        (("bad.pth", "x.safetensors", "--model", "stir"), "bad.pth"),
        (("scene.dat", "scene.dat"), "is the file that is read"),
    ],
)
def test_convert_refuses_in_one_line(refused, recording, tmp_path, words, message):
    (tmp_path / "bad.pth").write_bytes(b"PK\x03\x04 no zip at all")
    refused("convert", *words, match=message)


def test_benchmark_measures_and_counts(spikejax):
    words = ("benchmark", "-m", "lrn", "-m", "tfp", "--size", "16x24", "--repeats", "2", "--json")
    result = spikejax(*words)
    assert result.exit_code == 0, result.output
    lrn, tfp = json.loads(result.stdout)["methods"]
    assert lrn["parameters"] == 180_705
    assert lrn["multiply_adds"] == 180_432 * 16 * 24  # its kernels, at every pixel
    assert lrn["latency_s"] > 0
    assert lrn["memory_bytes"] > 0
    assert tfp["parameters"] is None
    assert tfp["readouts"] == 41
    text = spikejax(*words[:-1])
    assert "180,705" in text.stdout


def test_benchmark_refuses_unknown_methods_and_sizes(refused):
    refused("benchmark", "-m", "magic", match="--method: there is no 'magic'")
    refused("benchmark", "-m", "tfp", "--size", "0x3", match="--size: expected HEIGHTxWIDTH")
    refused("demo", "--size", "20x20", match="--size: expected 48x48")


def test_wrong_command_lines_are_one_line(refused):
    refused("reconstruct", match="Missing argument 'FILE'")
    refused("nonsense", match="No such command 'nonsense'")
    refused("info", "x.dat", "--heigth", "3", match="No such option: --heigth")


def test_debug_shows_where_an_error_comes_from(spikejax):
    result = spikejax("info", "nope.dat", "--debug")
    assert result.exit_code == 2
    assert "Traceback" in result.stderr


@pytest.mark.parametrize(
    "command",
    ["demo", "info", "reconstruct", "deblur", "simulate", "prepare", "convert", "benchmark"],
)
def test_every_command_explains_itself_with_examples(spikejax, command):
    result = spikejax(command, "--help")
    assert result.exit_code == 0
    assert "Examples:" in result.stdout
    assert f"spikejax {command}" in result.stdout


def run_python(code):
    words = (sys.executable, "-c", code)
    return subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("words", [["--version"], ["--help"], ["deblur", "--help"]])
def test_help_needs_nothing_heavy(words):
    run = run_python(
        "import sys; from spikejax.cli import main\n"
        f"try: main({words})\n"
        "except SystemExit as end: assert not end.code\n"
        "print(sorted({'jax', 'numpy', 'PIL', 'av', 'matplotlib', 'flax'} & set(sys.modules)))"
    )
    assert run.stdout.splitlines()[-1] == "[]", run.stderr
    if words == ["--version"]:
        assert run.stdout.splitlines()[0] == f"spikejax {sj.__version__}"


def test_before_main_runs_only_the_standard_library_is_imported():
    run = run_python("import sys; from spikejax.cli import main; print('typer' in sys.modules)")
    assert run.stdout == "False\n", run.stderr


INTERRUPT_THE_FIRST_IMPORT = (
    "import signal, sys\n"
    "class Finder:\n"
    "    def find_spec(self, name, path=None, target=None):\n"
    "        if name == 'typer': signal.raise_signal(signal.{signal})\n"
    "sys.meta_path.insert(0, Finder())\n"
    "from spikejax.cli import main\n"
    "main(['--version'])\n"
)


def test_ctrl_c_before_anything_is_imported_is_heard():
    run = run_python(INTERRUPT_THE_FIRST_IMPORT.format(signal="SIGINT"))
    assert (run.returncode, run.stderr) == (130, "spikejax: interrupted\n")
    run = run_python(INTERRUPT_THE_FIRST_IMPORT.format(signal="SIGTERM"))
    assert (run.returncode, run.stderr) == (143, "")


def test_a_terminal_that_lacks_letters_is_no_bad_input(recording, tmp_path):
    run = subprocess.run(
        [*SPIKEJAX, "info", "scene.dat"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert "24x40 pixels" in run.stdout


def test_being_told_to_end_leaves_nothing_half_written(tmp_path):
    rng = np.random.default_rng(0)
    sj.write_dat(tmp_path / "long.dat", (rng.random((3000, 64, 64)) < 0.3).astype(np.uint8))
    before = sorted(tmp_path.iterdir())
    words = ("reconstruct", "long.dat", "--height", "64", "--width", "64", "-m", "tfp")
    process = subprocess.Popen(
        [*SPIKEJAX, *words, "-o", "long.mp4", "--stride", "1"],
        cwd=tmp_path,
        stderr=subprocess.DEVNULL,
    )
    started = time.monotonic()
    while sorted(tmp_path.iterdir()) == before:  # until a temporary file appears
        assert process.poll() is None
        assert time.monotonic() - started < 60
        time.sleep(0.01)
    process.terminate()
    assert process.wait(timeout=60) == 128 + signal.SIGTERM
    assert sorted(tmp_path.iterdir()) == before


def test_ctrl_c_leaves_finished_images_whole_and_nothing_else(tmp_path):
    rng = np.random.default_rng(0)
    sj.write_dat(tmp_path / "long.dat", (rng.random((3000, 64, 64)) < 0.3).astype(np.uint8))
    words = ("reconstruct", "long.dat", "--height", "64", "--width", "64", "-m", "tfp")
    process = subprocess.Popen(
        [*SPIKEJAX, *words, "-o", "frames", "--stride", "1"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
    )
    frames = tmp_path / "frames"
    started = time.monotonic()
    while not frames.is_dir() or len(list(frames.iterdir())) < 20:
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() - started < 60
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in errors
    files = sorted(frames.iterdir())
    assert len(files) < 2960
    for number, path in enumerate(files):
        assert path.name == f"{20 + number:06d}.png"
        assert read_image(path).shape == (64, 64)


def test_info_shows_no_control_characters_of_a_sidecar(spikejax, recording, tmp_path):
    path = tmp_path / "scene.json"
    facts = json.loads(path.read_text())
    path.write_text(json.dumps({**facts, "place": "\x1b[31mred\nline"}))
    result = spikejax("info", "scene.dat")
    assert result.exit_code == 0
    assert "\x1b[31m" not in result.stdout
    assert "\\x1b[31mred\\nline" in result.stdout


@pytest.mark.parametrize("seconds", [0.4, 1.0, 1.7, 2.4])
def test_ctrl_c_at_any_moment_ends_the_demo(tmp_path, seconds):
    process = subprocess.Popen(
        [*SPIKEJAX, "demo", "--size", "400x640"], cwd=tmp_path, stderr=subprocess.PIPE, text=True
    )
    time.sleep(seconds)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert not list(tmp_path.rglob("*.part"))
