"""Tests of the TFDS builders over the published layouts, without TensorFlow."""

import sys

import numpy as np
import pytest
import tensorflow_datasets as tfds
from published_trees import (
    make_crop_mini,
    make_reds_base,
    make_spike_gopro,
    make_spike_rsb,
    make_sreds,
)

import spikejax.datasets.published.builders  # noqa: F401 (registers the builders)
from spikejax.datasets.loading.pipeline import windows
from spikejax.ops import unpack_bits


@pytest.fixture
def built(tmp_path):
    """Returns a function that builds a dataset, by name, from a tree."""
    manual_dir = tmp_path / "manual"
    manual_dir.mkdir()

    def build(name):
        builder = tfds.builder(name, data_dir=tmp_path / "data")
        config = tfds.download.DownloadConfig(manual_dir=manual_dir)
        builder.download_and_prepare(download_config=config)
        return builder

    build.manual_dir = manual_dir
    return build


def check_spikes(example, spikes):
    assert example["packed"].dtype == np.uint8
    np.testing.assert_array_equal(unpack_bits(example["packed"], int(example["width"])), spikes)


def check_images(images, expected):
    assert images.dtype == np.uint16
    np.testing.assert_allclose(images / 65535, expected, atol=1e-6)


def test_sreds_joins_the_files_of_a_scene_and_knows_the_readouts_of_its_frames(built, rng):
    clips = make_sreds(built.manual_dir, rng)
    crops = make_crop_mini(built.manual_dir, rng)
    builder = built("sreds")
    assert {s: i.num_examples for s, i in builder.info.splits.items()} == {
        "train": 2,
        "validation": 1,
        "crop_mini": 1,
    }
    for split in ("train", "validation"):
        for example in builder.as_data_source(split):
            spikes, images = clips[split, example["name"].decode()]
            check_spikes(example, spikes)
            check_images(example["images"][..., 0], images)
            # Window j covers readouts [20 j - 11, 20 j + 50); its centre is that of frame j + 1.
            assert example["centres"].tolist() == [20 * j - 11 + 30 for j in range(0, 4)]
            assert example["gain"] == pytest.approx(0.4)
            assert example["rate_hz"] == 2400
    [crop] = builder.as_data_source("crop_mini")
    check_spikes(crop, crops[0])
    check_images(crop["images"][..., 0], crops[1])


def test_reds_base_counts_the_readout_in_a_name_from_one(built, rng):
    clips = make_reds_base(built.manual_dir, rng)
    builder = built("reds_base")
    for split in ("train", "test"):
        [example] = builder.as_data_source(split)
        check_spikes(example, clips[split][0])
        check_images(example["images"][0, ..., 0], clips[split][1])
        assert example["centres"].tolist() == [60]
        assert example["gain"] == pytest.approx(0.6)


def test_spike_gopro_has_photographs_four_times_as_fine(built, rng):
    clips = make_spike_gopro(built.manual_dir, rng)
    builder = built("spike_gopro")
    for split in ("train", "test"):
        [example] = builder.as_data_source(split)
        check_spikes(example, clips[split][0])
        check_images(example["images"][0], clips[split][1])
        check_images(example["blur"], clips[split][2])
        assert example["centres"].tolist() == [68]
        assert example["gain"] == pytest.approx(0.9927, abs=1e-4)
        assert example["rate_hz"] == 1920


def test_spike_rsb_has_no_sharp_images(built, rng):
    spikes = make_spike_rsb(built.manual_dir, rng)
    [example] = built("spike_rsb").as_data_source("train")
    check_spikes(example, spikes)
    assert "images" not in example
    assert example["blur"].shape == (16, 24, 3)
    blue = np.broadcast_to([0, 0, 1], (16, 24, 3))
    np.testing.assert_allclose(example["blur"] / 65535, blue, atol=0.02)


def test_what_is_built_is_read_again_and_feeds_the_pipeline(built, rng, tmp_path):
    make_sreds(built.manual_dir, rng)
    built("sreds")
    assert "tensorflow" not in sys.modules
    source = tfds.builder("sreds", data_dir=tmp_path / "data").as_data_source("train")
    batch = next(windows(source, batch_size=2, window=21, windows=2, crop=8))
    assert batch["packed"].shape == (2, 41, 8, 1)
    assert batch["images"].shape == (2, 2, 8, 8, 1)


def test_a_missing_folder_is_named_with_the_layout(built, rng):
    make_spike_gopro(built.manual_dir, rng)
    (built.manual_dir / "train" / "blur_data").rename(built.manual_dir / "elsewhere")
    with pytest.raises(FileNotFoundError, match=r"train/blur_data: no such folder; spike_gopro ex"):
        built("spike_gopro")


def test_every_builder_is_registered_and_described(tmp_path):
    for name in ("sreds", "reds_base", "spike_gopro", "spike_rsb", "spikejax_synthetic"):
        info = tfds.builder(name, data_dir=tmp_path).info
        assert {"packed", "width", "gain", "rate_hz"} <= set(info.features)
        assert info.description
