"""Preparing datasets: complete files, continued after an interruption; bad input is named."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
from published_trees import make_crop_mini, make_reds_base, make_spike_gopro, make_sreds

from spikejax.datasets import prepare_dataset
from spikejax.datasets.loading.pipeline import windows
from spikejax.datasets.published.prepared import open_prepared
from spikejax.datasets.published.synthetic_clips import SyntheticDataset
from spikejax.formats import write_dat, write_image
from spikejax.ops import unpack_bits


@pytest.fixture
def manual_dir(tmp_path):
    folder = tmp_path / "manual"
    folder.mkdir()
    return folder


@pytest.fixture
def prepare(manual_dir, tmp_path):
    """Prepares a dataset from this folder of published files."""

    def run(name, **options):
        return prepare_dataset(name, tmp_path / "d", **{"manual_dir": manual_dir, **options})

    return run


@pytest.fixture
def refused(prepare):
    """Prepares with bad input; returns the message."""

    def run(name, **options):
        with pytest.raises((ValueError, OSError)) as error:
            prepare(name, **options)
        return str(error.value)

    return run


def files_of(folder):
    return {p.relative_to(folder): p.stat().st_mtime_ns for p in folder.rglob("*.npz")}


def test_what_is_prepared_is_what_lay_in_the_files(prepare, manual_dir, tmp_path, rng):
    scenes = make_sreds(manual_dir, rng)
    make_crop_mini(manual_dir, rng)
    assert prepare("sreds") == {"train": 2, "validation": 1, "crop_mini": 1}
    source = open_prepared(tmp_path / "d", "sreds", split="train")
    for clip, (spikes, images) in zip(source, list(scenes.values())[:2], strict=True):
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
        "module.prepare_dataset('sreds', sys.argv[1], manual_dir=sys.argv[2])\n"
    )
    data_dir = tmp_path / "d"
    words = [sys.executable, "-c", killed, str(data_dir), str(manual_dir)]
    assert subprocess.run(words, check=False, timeout=120).returncode == -9
    kept = files_of(data_dir)
    assert len(kept) == 1
    with pytest.raises(FileNotFoundError, match="did not finish; continue it with"):
        open_prepared(data_dir, "sreds")

    prepare("sreds")
    assert files_of(data_dir).items() >= kept.items()  # not written again
    assert len(open_prepared(data_dir, "sreds")) == 2
    assert not list(data_dir.rglob("*.part"))


def test_a_damaged_clip_is_made_again(prepare, manual_dir, tmp_path, rng):
    make_reds_base(manual_dir, rng)
    prepare("reds_base")
    clip = next((tmp_path / "d" / "reds_base" / "train").glob("*.npz"))
    whole = clip.read_bytes()
    clip.write_bytes(whole[:100])
    prepare("reds_base")
    assert clip.read_bytes() == whole


def test_splits_are_prepared_one_after_another(prepare, manual_dir, tmp_path, rng, refused):
    make_reds_base(manual_dir, rng)
    assert prepare("reds_base", splits=["test"]) == {"test": 1}
    assert prepare("reds_base", splits=["train"]) == {"train": 1}
    for split in ("train", "test"):
        assert len(open_prepared(tmp_path / "d", "reds_base", split=split)) == 1
    message = "reds_base: no split 'val'; it has 'train', 'test'"
    assert message in refused("reds_base", splits=["val"])


def test_overwriting_a_split_leaves_the_others(prepare, manual_dir, tmp_path, rng, refused):
    make_reds_base(manual_dir, rng)
    prepare("reds_base")
    base = tmp_path / "d" / "reds_base"
    before = files_of(base)
    test = {"splits": ["test"], "overwrite": True}
    prepare("reds_base", **test)
    changed = [path.parts[0] for path, time in files_of(base).items() if before[path] != time]
    assert changed == ["test"]
    for split in ("train", "test"):
        assert len(open_prepared(tmp_path / "d", "reds_base", split=split)) == 1
    other = tmp_path / "other"
    shutil.copytree(manual_dir, other)
    message = "delete the split 'train' to replace it"
    assert message in refused("reds_base", **test, manual_dir=other)
    shutil.rmtree(base / "train")
    prepare("reds_base", **test, manual_dir=other)
    with pytest.raises(ValueError, match="no split 'train'; it has 'test'"):
        open_prepared(tmp_path / "d", "reds_base")


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("reds_base", {"gain": 0.5}, "gain=0.5: does not apply to reds_base"),
        ("recordings", {"synthetic": SyntheticDataset()}, "synthetic: does not apply to rec"),
        ("spikejax_synthetic", {}, "manual: does not apply to spikejax_synthetic"),
        ("pairs", {"manual_dir": None}, "pairs: pass manual_dir=FOLDER, which holds blur/X.png"),
        ("sreds", {"format": "zip"}, "format='zip': expected mapped or array_record"),
        ("imagenet", {}, "imagenet: no such dataset; expected sreds, reds_base, spike_gopro"),
    ],
)
def test_options_of_other_datasets_are_refused(refused, name, options, message):
    assert message in refused(name, **options)


def test_the_gain_of_recordings_must_be_said(refused, prepare, manual_dir, tmp_path, rng):
    write_dat(manual_dir / "a.dat", rng.integers(0, 2, (61, 6, 11)).astype(np.uint8))
    write_image(manual_dir / "a.png", np.zeros((6, 11)))
    assert "a.dat: no sidecar states its gain" in refused("recordings")
    prepare("recordings", gain=0.5)
    assert open_prepared(tmp_path / "d", "recordings")[0]["gain"] == np.float32(0.5)


def test_files_of_another_place_are_not_mixed_in(prepare, manual_dir, tmp_path, rng, refused):
    make_reds_base(manual_dir, rng)
    prepare("reds_base")
    other = tmp_path / "other"
    shutil.copytree(manual_dir, other)
    assert "pass overwrite=True to replace it" in refused("reds_base", manual_dir=other)
    prepare("reds_base", overwrite=True, manual_dir=other)


@pytest.mark.parametrize("sidecar", [None, {"gain": 0.9, "rate_hz": 40000.0}])
def test_a_sidecar_knows_better_than_the_published_figures(
    prepare, manual_dir, tmp_path, rng, sidecar
):
    make_spike_gopro(manual_dir, rng)
    if sidecar:
        [dat] = (manual_dir / "train").rglob("*.dat")
        dat.with_suffix(".json").write_text(json.dumps(sidecar))
    prepare("spike_gopro")
    [clip] = list(open_prepared(tmp_path / "d", "spike_gopro"))
    assert float(clip["gain"]) == pytest.approx(sidecar["gain"] if sidecar else 0.9927, abs=1e-4)
    assert clip["rate_hz"] == (40000 if sidecar else 1920)


def test_what_is_missing_is_named_with_the_layout(refused, manual_dir, rng, tmp_path):
    layout = "sreds expects spike/{train,val}/interp_20_alpha_0.40/SCENE/NNNNNNNN.dat"
    assert f"{manual_dir}/spike/train: no such folder" in refused("sreds")
    none = tmp_path / "none"
    line = refused("sreds", manual_dir=none)
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
    assert f"{dat}: 1814 bytes are not a whole number of 10x12 readouts" in refused("reds_base")
    [image] = (manual_dir / "train").rglob("*.png")
    image.write_bytes(b"no image")
    assert f"{image}: not a readable image" in refused("reds_base")


def test_a_file_of_too_few_readouts_is_named(refused, manual_dir, rng):
    make_sreds(manual_dir, rng, size=(8, 16))
    dat = manual_dir / "spike/train/interp_20_alpha_0.40/000/00000001.dat"
    dat.write_bytes(dat.read_bytes()[:160])
    assert f"{dat}: 10 readouts of 8x16, expected 20" in refused("sreds")


def test_the_tfds_dataset_is_replaced_only_if_asked(prepare, manual_dir, tmp_path, rng, refused):
    make_reds_base(manual_dir, rng)
    options = {"format": "array_record"}
    assert prepare("reds_base", **options) == {"train": 1, "test": 1}
    [records] = (tmp_path / "d" / "reds_base" / "1.0.0").glob("*train.array_record*")
    before = records.stat().st_mtime_ns
    message = "1.0.0: already exists; pass overwrite=True to replace it"
    assert message in refused("reds_base", **options)
    assert records.stat().st_mtime_ns == before
    prepare("reds_base", **options, overwrite=True)
    assert records.stat().st_mtime_ns > before
    assert "all their splits" in refused("reds_base", **options, splits=["train"])


def test_progress_counts_the_clips(prepare, manual_dir, rng):
    make_sreds(manual_dir, rng)
    counts = []

    def progress(clips, label, total):
        for done, clip in enumerate(clips, 1):
            yield clip
            counts.append((label, done, total))

    prepare("sreds", progress=progress)
    assert counts == [("preparing clips of sreds", done, 3) for done in (1, 2, 3)]
