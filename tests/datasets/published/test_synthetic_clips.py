"""Tests of the dataset of procedural scenes, with noise in place of rendered scenes."""

import jax
import numpy as np
import pytest
import tensorflow_datasets as tfds

from spikejax.datasets import prepare_dataset
from spikejax.datasets.loading.pipeline import windows
from spikejax.datasets.published import synthetic_clips
from spikejax.datasets.published.builders import SpikejaxSynthetic
from spikejax.datasets.published.prepared import open_prepared
from spikejax.datasets.published.synthetic_clips import SyntheticDataset
from spikejax.ops import unpack_bits


@pytest.fixture
def noise_batches(monkeypatch):
    """Replaces scenes by noise; collects the batches."""
    batches = []

    def batch_of(key, options, *, count):
        rng = np.random.default_rng(jax.device_get(jax.random.key_data(key)))
        size = options.scene.height
        readouts = options.window + 20 * (options.windows - 1)
        batches.append(
            {
                "spikes": rng.integers(0, 2, (count, readouts, size, size)).astype(np.uint8),
                "images": rng.random((count, options.windows, size, size, 1), np.float32),
                "gain": rng.random(count, np.float32),
            }
        )
        return batches[-1]

    monkeypatch.setattr(synthetic_clips, "synthetic_batch", batch_of)
    return batches


@pytest.fixture
def dataset():
    return SyntheticDataset(clips=3, size=10, window=21, windows=2)


def test_the_builder_keeps_what_is_generated(noise_batches, dataset, tmp_path):
    builder = SpikejaxSynthetic(dataset=dataset, data_dir=tmp_path)
    builder.download_and_prepare()
    assert {s: i.num_examples for s, i in builder.info.splits.items()} == {
        "train": 3,
        "validation": 1,
        "test": 1,
    }
    examples = [
        e for split in ("train", "validation", "test") for e in builder.as_data_source(split)
    ]
    assert len(examples) == len(noise_batches) == 5
    for batch in noise_batches:
        [match] = [e for e in examples if e["gain"] == batch["gain"][0]]
        np.testing.assert_array_equal(unpack_bits(match["packed"], 10), batch["spikes"][0])
        np.testing.assert_allclose(match["images"] / 65535, batch["images"][0], atol=1e-5)
        assert match["centres"].tolist() == [10, 30]


def test_no_two_clips_are_alike_and_each_is_the_same_again(noise_batches, dataset):
    clips = [clip.open() for split in dataset.splits().values() for clip in split]
    assert len({clip["packed"].tobytes() for clip in clips}) == 5
    again = dataset.splits()["train"][2].open()
    np.testing.assert_array_equal(again["packed"], clips[2]["packed"])
    other = SyntheticDataset(clips=3, size=10, window=21, windows=2, seed=1)
    assert (other.splits()["train"][2].open()["packed"] != again["packed"]).any()


def test_it_is_prepared_without_any_files(noise_batches, tmp_path):
    small = SyntheticDataset(clips=2, size=16)
    prepare_dataset("spikejax_synthetic", tmp_path, synthetic=small)
    source = open_prepared(tmp_path, "spikejax_synthetic")
    batch = next(windows(source, batch_size=2, window=61, windows=4, crop=8))
    assert batch["packed"].shape == (2, 121, 8, 1)
    larger = SyntheticDataset(clips=2, size=24)
    with pytest.raises(ValueError, match="was prepared with size 16, not 24; pass overwrite"):
        prepare_dataset("spikejax_synthetic", tmp_path, synthetic=larger)


def test_the_tfds_dataset_is_noise_batches_of_the_same_options(noise_batches, tmp_path):
    small = SyntheticDataset(clips=2, size=16)
    prepare_dataset("spikejax_synthetic", tmp_path, synthetic=small, format="array_record")
    builder = tfds.builder("spikejax_synthetic", data_dir=tmp_path)
    assert len(builder.as_data_source("train")) == 2


def test_impossible_sizes_are_refused():
    with pytest.raises(ValueError, match="clips: expected at least 1, got 0"):
        SyntheticDataset(clips=0)


def test_with_photographs_a_clip_is_what_s_sdm_trains_on(monkeypatch, tmp_path):
    """The exposure has 97 readouts, with 20 more on each side and images of five moments."""
    blur = np.random.default_rng(0).random((1, 16, 16, 3), np.float32)

    def batch_of(key, options, *, count):
        assert (options.scene.channels, options.scene.height) == (3, 16)
        assert (options.window, options.exposure, options.ssdm) == (137, 97, 0.5)
        assert options.shown == (20, 44, 68, 92, 116)
        return {
            "spikes": np.ones((count, 137, 4, 4), np.uint8),
            "images": np.repeat(blur[:, None], 5, 1),
            "gain": np.ones(count, np.float32),
            "blur": blur,
        }

    monkeypatch.setattr(synthetic_clips, "synthetic_batch", batch_of)
    dataset = SyntheticDataset(photographs=True, clips=1, size=4)
    prepare_dataset("spikejax_synthetic", tmp_path, synthetic=dataset)
    clip = open_prepared(tmp_path, "spikejax_synthetic")[0]
    np.testing.assert_array_equal(clip["blur"], np.rint(blur[0] * 65535))
    assert clip["images"].shape == (5, 16, 16, 3)
    batch = next(windows(open_prepared(tmp_path, "spikejax_synthetic"), batch_size=1, window=137))
    assert batch["spikes"].shape == (1, 137, 4, 4)
    assert batch["images"].shape == (1, 1, 16, 16, 3)
    assert batch["blur"].shape == (1, 16, 16, 3)
