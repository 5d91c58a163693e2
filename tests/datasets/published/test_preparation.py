"""Preparing datasets: resumable, whole or not at all, and one clear line about bad input."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
from published_trees import make_crop_mini, make_reds_base, make_spike_gopro, make_sreds

from spikejax.datasets.loading.pipeline import windows
from spikejax.datasets.published.preparation import main
from spikejax.datasets.published.prepared import open_prepared
from spikejax.formats import write_dat, write_image
from spikejax.ops import unpack_bits


@pytest.fixture
def manual_dir(tmp_path):
    folder = tmp_path / "manual"
    folder.mkdir()
    return folder


@pytest.fixture
def prepare(manual_dir, tmp_path):
    """Runs the command with this folder of published files."""

    def run(name, *words, folder=manual_dir):
        return main([name, "--manual-dir", str(folder), "--data-dir", str(tmp_path / "d"), *words])

    return run


@pytest.fixture
def refused(prepare, capsys):
    """Runs what must fail in one line with exit code 2; returns the line."""

    def run(name, *words, **options):
        assert prepare(name, *words, **options) == 2
        [line] = capsys.readouterr().err.splitlines()
        assert line.startswith("prepare: error: ")
        return line

    return run


def files_of(folder):
    return {p.relative_to(folder): p.stat().st_mtime_ns for p in folder.rglob("*.npz")}


def test_what_is_prepared_is_what_lay_in_the_files(prepare, manual_dir, tmp_path, rng, capsys):
    made = make_sreds(manual_dir, rng)
    make_crop_mini(manual_dir, rng)
    assert prepare("sreds") == 0
    assert capsys.readouterr().out.endswith("sreds: 2 train, 1 validation, 1 crop_mini\n")
    source = open_prepared(tmp_path / "d", "sreds", split="train")
    for clip, (spikes, images) in zip(source, list(made.values())[:2], strict=True):
        np.testing.assert_array_equal(unpack_bits(clip["packed"], int(clip["width"])), spikes)
        np.testing.assert_allclose(clip["images"][..., 0] / 255, images, atol=1e-6)
        assert clip["images"].dtype == np.uint8
        assert clip["centres"].tolist() == [19, 39, 59, 79]
        assert clip["gain"] == np.float32(0.4)
    batch = next(windows(source, batch_size=2, window=21, windows=2, crop=8))
    assert batch["packed"].shape == (2, 41, 8, 1)


def test_a_killed_preparation_goes_on_where_it_was(prepare, manual_dir, tmp_path, rng):
    make_sreds(manual_dir, rng)
    killed = (
        "import os, signal, sys, spikejax.datasets.published.preparation as module\n"
        "write, done = module.write_clip, []\n"
        "def write_or_die(path, clip):\n"
        "    if done:\n"
        "        (path.parent / '.0123.part').write_bytes(b'half')\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "    done.append(write(path, clip))\n"
        "module.write_clip = write_or_die\n"
        "module.main(sys.argv[1:])\n"
    )
    data_dir = tmp_path / "d"
    words = ["sreds", "--manual-dir", str(manual_dir), "--data-dir", str(data_dir)]
    run = subprocess.run([sys.executable, "-c", killed, *words], check=False, timeout=120)
    assert run.returncode == -9
    kept = files_of(data_dir)
    assert len(kept) == 1
    with pytest.raises(FileNotFoundError, match="did not finish; continue it with"):
        open_prepared(data_dir, "sreds")

    assert prepare("sreds") == 0
    assert files_of(data_dir).items() >= kept.items()  # not written again
    assert len(open_prepared(data_dir, "sreds")) == 2
    assert not list(data_dir.rglob("*.part"))


def test_a_damaged_clip_is_made_again(prepare, manual_dir, tmp_path, rng):
    make_reds_base(manual_dir, rng)
    assert prepare("reds_base") == 0
    clip = next((tmp_path / "d" / "reds_base" / "train").glob("*.npz"))
    whole = clip.read_bytes()
    clip.write_bytes(whole[:100])
    assert prepare("reds_base") == 0
    assert clip.read_bytes() == whole


def test_splits_are_prepared_one_after_another(prepare, manual_dir, tmp_path, rng, refused):
    make_reds_base(manual_dir, rng)
    assert prepare("reds_base", "--split", "test") == 0
    assert prepare("reds_base", "--split", "train") == 0
    for split in ("train", "test"):
        assert len(open_prepared(tmp_path / "d", "reds_base", split=split)) == 1
    assert "--split val: expected train or test" in refused("reds_base", "--split", "val")


def test_overwriting_a_split_leaves_the_others(prepare, manual_dir, tmp_path, rng, refused):
    make_reds_base(manual_dir, rng)
    assert prepare("reds_base") == 0
    base = tmp_path / "d" / "reds_base"
    before = files_of(base)
    assert prepare("reds_base", "--split", "test", "--overwrite") == 0
    changed = [path.parts[0] for path, time in files_of(base).items() if before[path] != time]
    assert changed == ["test"]
    for split in ("train", "test"):
        assert len(open_prepared(tmp_path / "d", "reds_base", split=split)) == 1
    other = tmp_path / "other"
    shutil.copytree(manual_dir, other)
    words = ("reds_base", "--split", "test", "--overwrite")
    assert "delete the split 'train' to replace it" in refused(*words, folder=other)
    shutil.rmtree(base / "train")
    assert prepare(*words[0:3], "--overwrite", folder=other) == 0
    with pytest.raises(ValueError, match="no split 'train'; it has 'test'"):
        open_prepared(tmp_path / "d", "reds_base")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("reds_base", ("--gain", "0.5")),
        ("reds_base", ("--clips", "3")),
        ("recordings", ("--seed", "0")),
        ("spikejax_synthetic", ()),  # the fixture gives --manual-dir
    ],
)
def test_options_of_other_datasets_are_refused(refused, name, words):
    option = words[0] if words else "--manual-dir"
    assert f"{option}: has no meaning for {name}" in refused(name, *words)


def test_the_gain_of_recordings_must_be_said(refused, prepare, manual_dir, tmp_path, rng):
    write_dat(manual_dir / "a.dat", rng.integers(0, 2, (61, 6, 11)).astype(np.uint8))
    write_image(manual_dir / "a.png", np.zeros((6, 11)))
    assert "a.dat: no sidecar says its gain" in refused("recordings")
    assert prepare("recordings", "--gain", "0.5") == 0
    assert open_prepared(tmp_path / "d", "recordings")[0]["gain"] == np.float32(0.5)


def test_files_of_another_place_are_not_mixed_in(
    prepare, manual_dir, tmp_path, rng, refused, capsys
):
    make_reds_base(manual_dir, rng)
    assert prepare("reds_base") == 0
    other = tmp_path / "other"
    shutil.copytree(manual_dir, other)
    capsys.readouterr()
    assert "pass --overwrite to replace it" in refused("reds_base", folder=other)
    assert prepare("reds_base", "--overwrite", folder=other) == 0


@pytest.mark.parametrize("sidecar", [None, {"gain": 0.9, "rate_hz": 40000.0}])
def test_a_sidecar_knows_better_than_the_published_figures(
    prepare, manual_dir, tmp_path, rng, sidecar
):
    make_spike_gopro(manual_dir, rng)
    if sidecar:
        [dat] = (manual_dir / "train").rglob("*.dat")
        dat.with_suffix(".json").write_text(json.dumps(sidecar))
    assert prepare("spike_gopro") == 0
    [clip] = list(open_prepared(tmp_path / "d", "spike_gopro"))
    assert float(clip["gain"]) == pytest.approx(sidecar["gain"] if sidecar else 0.9927, abs=1e-4)
    assert clip["rate_hz"] == (40000 if sidecar else 1920)


def test_what_is_missing_is_named_with_the_layout(refused, manual_dir, rng, tmp_path):
    layout = "sreds expects spike/{train,val}/interp_20_alpha_0.40/SCENE/NNNNNNNN.dat"
    assert f"{manual_dir}/spike/train: no such folder" in refused("sreds")
    none = tmp_path / "none"
    line = refused("sreds", folder=none)
    assert f"{none}: no such folder" in line
    assert layout in line
    make_sreds(manual_dir, rng)
    scene = manual_dir / "imgs" / "val" / "val_orig" / "010"
    shutil.move(scene, tmp_path)
    assert "imgs/val: holds no *.png" in refused("sreds")
    shutil.copytree(tmp_path / "010", scene.with_name("011"))
    assert "imgs/val: has no images of the scene 010" in refused("sreds")
    shutil.move(tmp_path / "010", scene)
    (manual_dir / "spike/train/interp_20_alpha_0.40/000/00000002.dat").unlink()
    assert "00000001.dat: the next file is 00000003.dat; one is missing" in refused("sreds")


def test_damaged_files_are_named(refused, manual_dir, rng):
    make_reds_base(manual_dir, rng)
    [dat] = (manual_dir / "train").rglob("*.dat")
    dat.write_bytes(dat.read_bytes()[:-1])
    assert f"{dat}: 1814 bytes are no whole number of 10x12 readouts" in refused("reds_base")
    [image] = (manual_dir / "train").rglob("*.png")
    image.write_bytes(b"no image")
    assert f"{image}: not a readable image" in refused("reds_base")


def test_a_file_of_too_few_readouts_is_named(refused, manual_dir, rng):
    make_sreds(manual_dir, rng, size=(8, 16))
    dat = manual_dir / "spike/train/interp_20_alpha_0.40/000/00000001.dat"
    dat.write_bytes(dat.read_bytes()[:160])
    assert f"{dat}: 10 readouts of 8x16, expected 20" in refused("sreds")


def test_a_wrong_command_is_told_so(refused, prepare, tmp_path, capsys):
    line = refused("imagenet")
    assert "imagenet: no such dataset; expected sreds, reds_base, spike_gopro" in line
    assert main(["sreds", "--data-dir", str(tmp_path)]) == 2
    assert "sreds: pass --manual-dir, which holds spike/" in capsys.readouterr().err
    assert main(["sreds"]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("prepare: error: Missing option '--data-dir' (see python -m spikejax")
    assert main(["sreds", "--manual-dir"]) == 2
    assert main(["--help"]) == 0


def test_the_tfds_dataset_is_made_by_the_same_command(
    prepare, manual_dir, tmp_path, rng, refused, capsys
):
    make_reds_base(manual_dir, rng)
    words = ("reds_base", "--format", "array_record")
    assert prepare(*words) == 0
    [made] = (tmp_path / "d" / "reds_base" / "1.0.0").glob("*train.array_record*")
    before = made.stat().st_mtime_ns
    capsys.readouterr()
    assert "1.0.0: is there already; pass --overwrite" in refused(*words)
    assert made.stat().st_mtime_ns == before
    assert prepare(*words, "--overwrite") == 0
    assert made.stat().st_mtime_ns > before


def test_progress_is_told_in_lines_where_there_is_no_terminal(
    prepare, manual_dir, rng, capsys, monkeypatch
):
    make_sreds(manual_dir, rng)
    monkeypatch.setattr("spikejax.datasets.progress._LINE_EVERY_S", -1.0)
    assert prepare("sreds") == 0
    assert "sreds: 2 of 3 clips" in capsys.readouterr().err
