"""Tests of prepared files: memory-mapped clips, and errors for damaged files."""

import json
import pickle
import re
import shutil

import numpy as np
import pytest
from published_trees import make_reds_base

from spikejax.datasets.published.clips import RecordingFolder
from spikejax.datasets.published.prepared import (
    entry_of,
    held_out_split,
    open_prepared,
    open_source,
    read_clip,
    write_clip,
    write_index,
)
from spikejax.formats import FormatError, write_dat, write_image
from spikejax.ops import unpack_bits


@pytest.fixture
def clip(rng):
    return {
        "packed": rng.integers(0, 256, (81, 9, 2)).astype(np.uint8),
        "width": np.int32(16),
        "gain": np.float32(0.4),
        "rate_hz": np.float32(2400),
        "images": rng.integers(0, 65536, (2, 9, 16, 1)).astype(np.uint16),
        "centres": np.array([30, 50], np.int32),
        "flow": rng.random((2, 9, 16, 2)).astype(np.float32),
    }


@pytest.fixture
def prepared(tmp_path, clip):
    """Writes a dataset of one clip; returns the path of the clip."""
    folder = tmp_path / "sreds" / "train"
    folder.mkdir(parents=True)
    path = folder / "000.npz"
    write_clip(path, clip)
    write_index(folder.parent, {"train": [entry_of(path)]})
    return path


def test_a_clip_is_read_as_it_was_written(prepared, clip, tmp_path):
    [read] = list(open_prepared(tmp_path, "sreds"))
    assert read.keys() == clip.keys()
    for key, value in clip.items():
        assert read[key].dtype == value.dtype
        np.testing.assert_array_equal(read[key], value)


def test_numpy_reads_a_clip_too(prepared, clip):
    with np.load(prepared) as arrays:
        for key, value in clip.items():
            np.testing.assert_array_equal(arrays[key], value)


def test_a_clip_is_mapped_and_cannot_be_changed(prepared):
    packed = read_clip(prepared)["packed"]
    assert not packed.flags.owndata
    with pytest.raises(ValueError, match="read-only"):
        packed[0] = 1


def test_a_clip_that_fills_several_chunks_is_written_whole(tmp_path, clip, monkeypatch):
    monkeypatch.setattr("spikejax.datasets.published.prepared._CHUNK_BYTES", 100)
    write_clip(tmp_path / "x.npz", clip)
    np.testing.assert_array_equal(read_clip(tmp_path / "x.npz")["packed"], clip["packed"])


def test_the_source_goes_to_worker_processes(prepared, clip, tmp_path):
    source = pickle.loads(pickle.dumps(open_prepared(tmp_path, "sreds")))
    assert len(source) == 1
    np.testing.assert_array_equal(source[0]["packed"], clip["packed"])


@pytest.mark.parametrize("kept", [0, 10, 700, -1])
def test_a_truncated_file_is_named_when_the_dataset_is_opened(prepared, tmp_path, kept):
    prepared.write_bytes(prepared.read_bytes()[:kept])
    with pytest.raises(FormatError, match=r"000\.npz: holds \d+ bytes, but index\.json states \d+"):
        open_prepared(tmp_path, "sreds")
    with pytest.raises(FormatError, match=r"000\.npz: not a complete prepared clip"):
        read_clip(prepared)


def test_a_file_that_is_no_clip_is_refused(tmp_path):
    np.savez(tmp_path / "x.npz", spikes=np.zeros((3, 4, 5), np.uint8))
    with pytest.raises(FormatError, match="it has no array 'packed'"):
        read_clip(tmp_path / "x.npz")
    np.savez_compressed(tmp_path / "y.npz", packed=np.zeros((3, 4, 5), np.uint8))
    with pytest.raises(FormatError, match=r"packed\.npy is compressed"):
        read_clip(tmp_path / "y.npz")


def test_what_is_missing_is_named_with_the_command_that_makes_it(prepared, tmp_path):
    command = re.escape("`spikejax prepare sreds --data-dir")
    with pytest.raises(ValueError, match="no split 'test'; it has 'train'"):
        open_prepared(tmp_path, "sreds", split="test")
    with pytest.raises(
        FileNotFoundError, match="gopro: no prepared dataset; run `spikejax prepare"
    ):
        open_prepared(tmp_path, "gopro")
    prepared.unlink()
    with pytest.raises(FileNotFoundError, match=rf"000\.npz: no such file; run {command}"):
        open_prepared(tmp_path, "sreds")
    (prepared.parents[1] / "index.json").unlink()
    with pytest.raises(FileNotFoundError, match=rf"did not finish; continue it with {command}"):
        open_prepared(tmp_path, "sreds")


def test_an_index_of_another_version_or_damaged_is_refused(prepared, tmp_path):
    index = prepared.parents[1] / "index.json"
    index.write_text(json.dumps({"version": 99, "splits": {}}))
    with pytest.raises(FormatError, match="version 99, expected 1; run `spikejax prepare` again"):
        open_prepared(tmp_path, "sreds")
    index.write_text("{")
    with pytest.raises(FormatError, match="not a dataset's index"):
        open_prepared(tmp_path, "sreds")


def test_a_folder_of_one_s_own_recordings_is_a_source(tmp_path, rng):
    spikes = rng.integers(0, 2, (61, 6, 11)).astype(np.uint8)
    image = rng.integers(0, 256, (6, 11)).astype(np.float32) / 255
    write_dat(tmp_path / "a.dat", spikes, sidecar={"gain": 0.7, "rate_hz": 40000.0})
    write_image(tmp_path / "a.png", image)
    [clip] = list(open_source("recordings", tmp_path))
    assert clip["gain"] == np.float32(0.7)
    assert clip["rate_hz"] == 40000
    assert clip["centres"].tolist() == [30]
    np.testing.assert_array_equal(unpack_bits(clip["packed"][20:30, 2:5], 11), spikes[20:30, 2:5])
    np.testing.assert_allclose(clip["images"][0, ..., 0] / 255, image, atol=1e-6)


def test_a_test_set_is_not_taken_to_train_on(tmp_path, rng):
    clips = make_reds_base(tmp_path, rng)
    for folder in (tmp_path, tmp_path / "train"):
        [clip] = list(RecordingFolder(folder, gain=0.6))
        np.testing.assert_array_equal(unpack_bits(clip["packed"][:], 12), clips["train"][0])
    shutil.rmtree(tmp_path / "train")
    with pytest.raises(ValueError, match="train/spike and train/gt"):
        RecordingFolder(tmp_path)


def test_a_folder_of_recordings_has_no_other_split_and_a_prepared_one_no_other_gain(
    prepared, tmp_path
):
    with pytest.raises(ValueError, match="only has the split 'train', not 'test'"):
        open_source("recordings", tmp_path, split="test")
    with pytest.raises(ValueError, match="sreds is prepared and states its gain"):
        open_source("sreds", tmp_path, gain=0.5)


def test_what_is_tested_on_is_the_test_split_else_the_validation_split(tmp_path):
    for name, splits in (("a", ("train", "validation", "test")), ("b", ("train", "validation"))):
        (tmp_path / name).mkdir()
        write_index(tmp_path / name, {split: [] for split in splits})
    held_out = [held_out_split(tmp_path, name) for name in ("a", "b", "none")]
    assert held_out == ["test", "validation", "test"]


def test_sixteen_bits_of_an_image_are_kept(tmp_path, rng):
    image = rng.integers(0, 65536, (6, 11)).astype(np.float32) / 65535
    write_dat(tmp_path / "a.dat", np.zeros((61, 6, 11), np.uint8))  # takes the image's size
    write_image(tmp_path / "a.png", image, bits=16)
    clip = RecordingFolder(tmp_path, gain=0.6)[0]
    assert clip["gain"] == np.float32(0.6)
    np.testing.assert_allclose(clip["images"][0, ..., 0] / 65535, image, atol=1e-6)


def test_an_image_of_another_size_is_refused(tmp_path):
    write_dat(tmp_path / "a.dat", np.zeros((61, 6, 11), np.uint8), sidecar={"gain": 1.0})
    write_image(tmp_path / "a.png", np.zeros((6, 12)))
    with pytest.raises(FormatError, match=r"a\.png: 6x12 pixels do not fit readouts of 6x11"):
        RecordingFolder(tmp_path)[0]
