"""The dataset of procedural scenes, with the generator itself left out: it has its own tests."""

import jax
import numpy as np
import pytest
import tensorflow_datasets as tfds

from spikejax.datasets.loading.pipeline import windows
from spikejax.datasets.published import synthetic_clips
from spikejax.datasets.published.builders import SpikejaxSynthetic
from spikejax.datasets.published.preparation import main
from spikejax.datasets.published.prepared import open_prepared
from spikejax.datasets.published.synthetic_clips import SyntheticDataset
from spikejax.ops import unpack_bits


@pytest.fixture
def made(monkeypatch):
    """Puts noise in the place of scenes; keeps the batches that were made, by their spikes."""
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


def test_the_builder_keeps_what_is_generated(made, dataset, tmp_path):
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
    assert len(examples) == len(made) == 5
    for batch in made:
        [match] = [e for e in examples if e["gain"] == batch["gain"][0]]
        np.testing.assert_array_equal(unpack_bits(match["packed"], 10), batch["spikes"][0])
        np.testing.assert_allclose(match["images"] / 65535, batch["images"][0], atol=1e-5)
        assert match["centres"].tolist() == [10, 30]


def test_no_two_clips_are_alike_and_each_is_the_same_again(made, dataset):
    clips = [clip.open() for split in dataset.splits().values() for clip in split]
    assert len({clip["packed"].tobytes() for clip in clips}) == 5
    again = dataset.splits()["train"][2].open()
    np.testing.assert_array_equal(again["packed"], clips[2]["packed"])
    other = SyntheticDataset(clips=3, size=10, window=21, windows=2, seed=1)
    assert (other.splits()["train"][2].open()["packed"] != again["packed"]).any()


def test_the_command_prepares_it_without_any_files(made, tmp_path):
    words = ["spikejax_synthetic", "--data-dir", str(tmp_path), "--clips", "2", "--size", "16"]
    assert main(words) == 0
    source = open_prepared(tmp_path, "spikejax_synthetic")
    batch = next(windows(source, batch_size=2, window=61, windows=4, crop=8))
    assert batch["packed"].shape == (2, 121, 8, 1)
    assert main([*words[:-2], "--size", "24"]) == 2  # of other options: not mixed in


def test_the_command_makes_the_tfds_dataset_of_the_same_options(made, tmp_path):
    words = ["--clips", "2", "--size", "16", "--format", "array_record"]
    assert main(["spikejax_synthetic", "--data-dir", str(tmp_path), *words]) == 0
    builder = tfds.builder("spikejax_synthetic", data_dir=tmp_path)
    assert len(builder.as_data_source("train")) == 2


def test_impossible_sizes_are_refused(capsys, tmp_path):
    assert main(["spikejax_synthetic", "--data-dir", str(tmp_path), "--clips", "0"]) == 2
    assert capsys.readouterr().err == "prepare: error: clips: expected at least 1, got 0\n"


def test_with_photographs_a_clip_is_what_s_sdm_trains_on(monkeypatch, tmp_path):
    """97 readouts of exposure, 20 more on each side, images of five moments, all in colour."""
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
    wanted = ["spikejax_synthetic", "--photographs", "--clips", "1", "--size", "4"]
    assert main([*wanted, "--data-dir", str(tmp_path)]) == 0
    clip = open_prepared(tmp_path, "spikejax_synthetic")[0]
    np.testing.assert_array_equal(clip["blur"], np.rint(blur[0] * 65535))
    assert clip["images"].shape == (5, 16, 16, 3)
    batch = next(windows(open_prepared(tmp_path, "spikejax_synthetic"), batch_size=1, window=137))
    assert batch["spikes"].shape == (1, 137, 4, 4)
    assert batch["images"].shape == (1, 1, 16, 16, 3)
    assert batch["blur"].shape == (1, 16, 16, 3)
