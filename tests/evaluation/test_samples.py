"""Samples from folders, synthetic scenes and prepared datasets."""

import itertools

import numpy as np
import pytest
from evaluated_samples import chosen, sample

import spikejax as sj
from spikejax.datasets.published.truth_pairs import find_truth_pairs
from spikejax.evaluation import (
    Candidate,
    paired_samples,
    prepared_samples,
    score_samples,
    synthetic_samples,
)
from spikejax.formats import write_dat, write_image


def write_pair(spikes, truth, one, gain=0.5):
    for folder in (spikes, truth):
        folder.mkdir(parents=True, exist_ok=True)
    write_dat(spikes / f"{one.name}.dat", one.recording[:], sidecar={"gain": gain})
    write_image(truth / f"{one.name}.png", one.truth, bits=16)


def opened(folder, **options):
    samples = paired_samples(find_truth_pairs(folder, **options), title="")
    return samples.take(range(samples.count))


@pytest.mark.parametrize("layout", ["beside", "spike and gt", "test"])
def test_every_layout_gives_the_same_samples(tmp_path, layout):
    base = tmp_path / "test" if layout == "test" else tmp_path
    places = (base, base) if layout == "beside" else (base / "spike", base / "gt")
    for seed, name in ((6, "b_key_id31"), (7, "a_key_id1")):
        write_pair(*places, sample(seed, name=name))
    facts = []
    for one in opened(tmp_path):
        facts.append((one.name, one.centre, one.recording.gain))
        if one.name == "b_key_id31":
            np.testing.assert_allclose(one.truth, sample(6).truth, atol=1e-5)
            np.testing.assert_array_equal(one.recording[:], sample(6).recording[:])
    assert facts == [("a_key_id1", 0, 0.5), ("b_key_id31", 30, 0.5)]


def test_the_centre_is_the_middle_one_or_the_argument(tmp_path):
    write_pair(tmp_path, tmp_path, sample(8, name="x"))
    assert [s.centre for s in opened(tmp_path)] == [30]
    assert [s.centre for s in opened(tmp_path, centre=7)] == [7]
    with pytest.raises(ValueError, match=r"x: the true image is of readout 61.*readouts 0 to 60"):
        list(opened(tmp_path, centre=61))


def test_a_true_image_in_colour_becomes_grey(tmp_path):
    one = sample(9, name="x")
    write_pair(tmp_path, tmp_path, one)
    colour = np.random.default_rng(0).random((24, 32, 3)).astype(np.float32)
    write_image(tmp_path / "x.png", colour, bits=16)
    [grey] = opened(tmp_path)
    np.testing.assert_allclose(grey.truth, sj.camera.to_grey(colour), atol=1e-4)


def test_files_that_do_not_fit_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="no such folder"):
        find_truth_pairs(tmp_path / "none")
    with pytest.raises(ValueError, match=r"holds no \.dat"):
        find_truth_pairs(tmp_path)
    write_pair(tmp_path, tmp_path, sample(10, name="x"))
    write_image(tmp_path / "x.png", np.zeros((24, 30), np.float32))
    with pytest.raises(ValueError, match=r"x: the true image is 24x30, the recording 24x32.*x.png"):
        list(opened(tmp_path))
    (tmp_path / "x.png").unlink()
    with pytest.raises(FileNotFoundError, match=r"x.png: no such file; 1 of 1 recordings"):
        find_truth_pairs(tmp_path)
    with pytest.raises(ValueError, match="two of the methods are called 'tfp'"):
        next(score_samples([sample(11)], [Candidate("tfp"), Candidate("tfp")], chosen("PSNR")))
    with pytest.raises(ValueError, match="there is no 'magic'"):
        Candidate("magic")


def test_two_samples_of_one_name_are_refused():
    with pytest.raises(ValueError, match="two samples are called 's1'"):
        list(score_samples([sample(1), sample(1)], [Candidate("tfp")], chosen("PSNR")))


def test_synthetic_scenes_differ_and_are_the_same_again():
    samples = synthetic_samples(2, 16, 24, gain=0.5)
    assert "no published benchmark" in samples.title
    scenes = []
    again = synthetic_samples(1, 16, 24, gain=0.5)
    for one in itertools.chain(samples.take([0, 1]), again.take([0])):
        assert one.recording.shape == (201, 16, 24)
        assert (one.centre, one.recording.gain) == (100, 0.5)
        scenes.append((one.name, one.recording[:], one.truth))
    first, second, again = scenes
    assert first[0] == again[0] != second[0]
    np.testing.assert_array_equal(first[1], again[1])
    np.testing.assert_array_equal(first[2], again[2])
    assert np.abs(first[2] - second[2]).max() > 0.05
    assert first[1][90:111].mean() / 0.5 == pytest.approx(first[2].mean(), abs=0.1)


def test_prepared_images_are_read_as_they_were_written(tmp_path):
    from spikejax.datasets.published.prepared import entry_of, write_clip, write_index

    one = sample(12)
    (tmp_path / "mine" / "test").mkdir(parents=True)
    path = tmp_path / "mine" / "test" / "clip.npz"
    images = np.rint(np.stack([one.truth, one.truth[::-1]])[..., None] * 255).astype(np.uint8)
    clip = {
        "packed": sj.ops.pack_bits(one.recording[:]),
        "width": np.int32(32),
        "gain": np.float32(0.5),
        "rate_hz": np.float32(20000),
        "images": images,
        "centres": np.array([30, 40], np.int32),
    }
    write_clip(path, clip)
    write_index(tmp_path / "mine", {"test": [entry_of(path)]})
    samples = prepared_samples(tmp_path, "mine")
    assert (samples.count, samples.published) == (2, "mine")
    for number, read in enumerate(samples.take(range(2))):
        assert (read.name, read.centre, read.recording.gain) == ("clip", (30, 40)[number], 0.5)
        np.testing.assert_allclose(read.truth, images[number, ..., 0] / 255, atol=1e-7)
        np.testing.assert_array_equal(read.recording[3:9], one.recording[3:9])
        np.testing.assert_array_equal(read.recording.packed(3, 9), clip["packed"][3:9])
    with pytest.raises(ValueError, match="no split 'train'"):
        prepared_samples(tmp_path, "mine", split="train")
    with pytest.raises(FileNotFoundError, match="no prepared dataset"):
        prepared_samples(tmp_path, "other")


def test_published_numbers_belong_to_the_test_split_alone(tmp_path):
    from spikejax.datasets.published.prepared import write_index

    entry = {"file": "x.npz", "bytes": 0, "centres": [1]}
    for name, splits in (("sreds", ("train", "validation")), ("reds_base", ("train", "test"))):
        for split in splits:
            (tmp_path / name / split).mkdir(parents=True)
            (tmp_path / name / split / "x.npz").touch()
        write_index(tmp_path / name, {split: [entry] for split in splits})
        held_out = prepared_samples(tmp_path, name)
        assert held_out.published == name
        assert repr(splits[1]) in held_out.title
        assert prepared_samples(tmp_path, name, split="train").published is None
