"""Tests of user folders of photographs with spikes: search, checks, crops, preparation."""

import shutil

import numpy as np
import PIL.Image
import pytest

from spikejax.datasets import batches, find_blur_pairs, prepare_dataset
from spikejax.datasets.loading.pipeline import windows
from spikejax.datasets.published.blur_pairs import BlurPairFolder
from spikejax.datasets.published.prepared import open_prepared
from spikejax.formats import FormatError, write_dat, write_image
from spikejax.ops import unpack_bits

READOUTS, H, W = 31, 6, 11


def write_pair(base, name, rng, *, readouts=READOUTS, kind=".dat", sharp=False, facts=None):
    """Writes a pair; returns its spikes and its photograph (H, W, 3) uint8."""
    for folder in ("blur", "spikes", *(("sharp",) if sharp else ())):
        (base / folder).mkdir(parents=True, exist_ok=True)
    spikes = rng.integers(0, 2, (readouts, H, W)).astype(np.uint8)
    photograph = rng.integers(0, 256, (4 * H, 4 * W, 3)).astype(np.uint8)
    write_image(base / "blur" / f"{name}.png", photograph / np.float32(255))
    if kind == ".dat":
        write_dat(base / "spikes" / f"{name}.dat", spikes, sidecar=facts)
    elif kind == ".npy":
        np.save(base / "spikes" / f"{name}.npy", spikes)
    else:
        np.savez(base / "spikes" / f"{name}.npz", spikes=spikes)
    if sharp:
        write_image(base / "sharp" / f"{name}.png", photograph[::-1] / np.float32(255))
    return spikes, photograph


@pytest.fixture
def pairs(tmp_path, rng):
    """Writes three pairs with different kinds of recordings; returns their contents by name."""
    return {
        name: write_pair(tmp_path, name, rng, kind=kind)
        for name, kind in (("b", ".dat"), ("a", ".npy"), ("c", ".npz"))
    }


def test_pairs_are_found_by_name(pairs, tmp_path):
    (tmp_path / "blur" / ".hidden.png").write_bytes(b"")
    (tmp_path / "spikes" / "b.json").write_text("{}")
    PIL.Image.new("RGB", (44, 24)).save(tmp_path / "blur" / "b.JPG", "JPEG")
    (tmp_path / "blur" / "b.png").unlink()
    listed = find_blur_pairs(tmp_path)
    assert [pair.name for pair in listed] == ["a", "b", "c"]
    assert listed[1].blur.name == "b.JPG" and listed[1].spikes.name == "b.dat"
    assert {pair.sharp for pair in listed} == {None}


def test_what_is_trained_on_is_what_the_files_hold(pairs, tmp_path):
    batch = next(windows(BlurPairFolder(tmp_path), batch_size=3, window=31, augment=False))
    assert {name: x.shape for name, x in batch.items()} == {
        "gain": (3,),
        "spikes": (3, 31, H, W),
        "blur": (3, 4 * H, 4 * W, 3),
    }
    assert batch["gain"].tolist() == [1, 1, 1]
    order = []
    for spikes, blur in zip(batch["spikes"], batch["blur"], strict=True):
        [name] = [n for n, (_, p) in pairs.items() if np.array_equal(np.rint(255 * blur), p)]
        np.testing.assert_array_equal(spikes, pairs[name][0])
        order.append(name)
    assert sorted(order) == ["a", "b", "c"]


def test_longer_recordings_are_cut_in_the_middle_where_the_photograph_was_exposed(tmp_path, rng):
    written = {n: write_pair(tmp_path, f"{n}", rng, readouts=n)[0] for n in (31, 32, 34, 35)}
    batch = next(windows(BlurPairFolder(tmp_path), batch_size=4, window=31, augment=False))
    starts = {31: 0, 32: 1, 34: 2, 35: 2}
    expected = {written[n][start : start + 31].tobytes() for n, start in starts.items()}
    assert {spikes.tobytes() for spikes in batch["spikes"]} == expected


def test_sharp_images_are_of_the_middle_and_belong_to_the_same_readouts(tmp_path, rng):
    spikes, photograph = write_pair(
        tmp_path, "a", rng, readouts=34, sharp=True, facts={"gain": 0.5}
    )
    batch = next(windows(BlurPairFolder(tmp_path), batch_size=1, window=31, augment=False))
    assert batch["gain"].tolist() == [0.5]
    np.testing.assert_array_equal(batch["spikes"][0], spikes[2:33])  # 17 is in their middle
    np.testing.assert_array_equal(np.rint(255 * batch["images"][0, 0]), photograph[::-1])


def test_crops_of_photographs_lie_over_those_of_spikes(tmp_path, rng):
    (tmp_path / "blur").mkdir()
    (tmp_path / "spikes").mkdir()
    spikes = rng.integers(0, 2, (31, 9, 16)).astype(np.uint8)
    write_dat(tmp_path / "spikes" / "a.dat", spikes)
    image = np.kron(spikes[15], np.ones((4, 4), np.uint8))[..., None].repeat(3, -1)
    write_image(tmp_path / "blur" / "a.png", image.astype(np.float32))
    options = {"folder": str(tmp_path), "size": 4}
    source = batches(options, batch_size=6, window=31)
    for _ in range(3):
        batch = next(source)
        np.testing.assert_array_equal(batch["blur"][:, ::4, ::4, 0], batch["spikes"][:, 15])


def test_the_source_is_the_pairs_of_a_folder_or_else_scenes(pairs, tmp_path):
    own = next(batches({"source": "", "folder": str(tmp_path), "size": 4}, batch_size=1, window=31))
    assert sorted(own) == ["blur", "gain", "spikes"]
    scenes = next(batches({"folder": "", "size": 8, "layers": 0}, batch_size=1, window=5))
    assert sorted(scenes) == ["gain", "images", "spikes"]


def test_a_folder_that_is_split_has_its_splits_and_another_one_is_all_to_train_on(tmp_path, rng):
    for split, name in (("train", "a"), ("test", "b")):
        write_pair(tmp_path / "split" / split, name, rng)
    write_pair(tmp_path / "whole", "c", rng)
    assert [p.name for p in find_blur_pairs(tmp_path / "split")] == ["a"]
    assert [p.name for p in find_blur_pairs(tmp_path / "split", split="test")] == ["b"]
    assert [p.name for p in find_blur_pairs(tmp_path / "whole")] == ["c"]
    with pytest.raises(ValueError, match=r"whole: no split 'test'; it has 'train'$"):
        find_blur_pairs(tmp_path / "whole", split="test")
    with pytest.raises(ValueError, match=r"no split 'val'; it has 'train', 'test'$"):
        find_blur_pairs(tmp_path / "split", split="val")


def test_a_gain_is_asked_for_only_where_there_are_sharp_images(tmp_path, rng):
    write_pair(tmp_path, "a", rng, sharp=True)
    options = {"source": "pairs", "folder": str(tmp_path), "size": 4}
    with pytest.raises(ValueError, match=r"a\.dat: no sidecar states its gain"):
        batches(options, batch_size=1, window=31)
    batch = next(batches(options | {"recording_gain": 0.4}, batch_size=1, window=31))
    assert batch["gain"].tolist() == pytest.approx([0.4])


@pytest.mark.parametrize(
    ("spoil", "error", "message"),
    [
        (lambda base: shutil.rmtree(base / "blur"), OSError, r"blur: no such folder; expected"),
        (lambda base: shutil.rmtree(base / "spikes"), OSError, r"spikes: no such folder"),
        (
            lambda base: [p.unlink() for p in (base / "blur").iterdir()],
            ValueError,
            r"blur: holds no photographs; expected blur/X\.png",
        ),
        (
            lambda base: (base / "spikes" / "b.dat").unlink(),
            OSError,
            r"b\.png: no file of this name in .*spikes; 1 of 3 have none",
        ),
        (
            lambda base: (base / "blur" / "c.png").unlink(),
            OSError,
            r"c\.npz: no file of this name in .*blur; 1 of 3",
        ),
        (
            lambda base: shutil.copy(base / "blur" / "a.png", base / "blur" / "a.jpg"),
            ValueError,
            r"a\.png: a\.jpg has the same name",
        ),
        (shutil.rmtree, OSError, r": no such folder$"),
    ],
)
def test_a_folder_that_is_not_whole_is_refused(pairs, tmp_path, spoil, error, message):
    spoil(tmp_path)
    with pytest.raises(error, match=message):
        BlurPairFolder(tmp_path)


def test_sharp_images_for_some_photographs_alone_are_refused(pairs, tmp_path):
    (tmp_path / "sharp").mkdir()
    shutil.copy(tmp_path / "blur" / "b.png", tmp_path / "sharp")
    assert [pair.sharp is not None for pair in find_blur_pairs(tmp_path)] == [False, True, False]
    with pytest.raises(FileNotFoundError, match=r"a\.png: there is no sharp image .*; 2 of 3"):
        BlurPairFolder(tmp_path)


@pytest.mark.parametrize(
    ("size", "ratio"),
    [((H, W), "not 1"), ((2 * H, 2 * W), "not 2"), ((4 * H, 3 * W), "not 4 down and 3 across")],
)
def test_a_photograph_of_another_ratio_is_refused_with_the_ratio(tmp_path, rng, size, ratio):
    for kind, facts in ((".npy", None), (".dat", {"height": H, "width": W})):
        base = tmp_path / kind[1:]
        write_pair(base, "a", rng, kind=kind, facts=facts)
        write_image(base / "blur" / "a.png", np.zeros((*size, 3)))
        message = rf"a\.png: .* do not fit readouts of 6x11 .* 24x44, 4 times .* {ratio}$"
        with pytest.raises(FormatError, match=message):
            BlurPairFolder(base)


@pytest.mark.parametrize(
    ("content", "message"), [(b"", "the file is empty"), (b"no image", "not a readable image")]
)
def test_a_photograph_that_is_none_is_named_at_once(pairs, tmp_path, content, message):
    (tmp_path / "blur" / "b.png").write_bytes(content)
    with pytest.raises(FormatError, match=rf"b\.png: {message}$"):
        BlurPairFolder(tmp_path)


def test_a_truncated_photograph_is_named_at_the_latest_when_it_is_trained_on(pairs, tmp_path):
    path = tmp_path / "blur" / "b.jpg"
    PIL.Image.open(tmp_path / "blur" / "b.png").save(path, quality=95)
    (tmp_path / "blur" / "b.png").unlink()
    path.write_bytes(path.read_bytes()[:700])
    source = windows(BlurPairFolder(tmp_path), batch_size=3, window=31)
    with pytest.raises(FormatError, match=r"b\.jpg: not a readable image \(.*truncated"):
        next(source)


def test_a_photograph_that_lies_on_its_side_is_turned_as_its_camera_noted(tmp_path, rng):
    write_pair(tmp_path, "a", rng)
    path = tmp_path / "blur" / "a.png"
    image = PIL.Image.open(path)
    exif = image.getexif()
    exif[0x0112] = 6
    image.transpose(PIL.Image.Transpose.ROTATE_90).save(tmp_path / "blur" / "a.tif", exif=exif)
    path.unlink()
    np.testing.assert_array_equal(BlurPairFolder(tmp_path)[0]["blur"], np.asarray(image))


def test_a_recording_that_is_shorter_than_the_window_is_named(tmp_path, rng):
    write_pair(tmp_path, "a", rng)
    write_pair(tmp_path, "b", rng, readouts=20)
    message = r"b\.dat: 20 readouts with no images hold no window of 31 readouts in the middle"
    with pytest.raises(ValueError, match=message):
        windows(BlurPairFolder(tmp_path), batch_size=2, window=31)


def test_pairs_are_prepared(tmp_path, rng):
    train = write_pair(tmp_path / "own" / "train", "a", rng)
    write_pair(tmp_path / "own" / "test", "b", rng)
    counts = prepare_dataset("pairs", tmp_path / "d", manual_dir=tmp_path / "own")
    assert counts == {"train": 1, "test": 1}
    [clip] = list(open_prepared(tmp_path / "d", "pairs"))
    np.testing.assert_array_equal(unpack_bits(clip["packed"], W), train[0])
    np.testing.assert_array_equal(clip["blur"], train[1])
    options = {"source": "pairs", "folder": str(tmp_path / "d"), "split": "test", "size": 4}
    assert next(batches(options, batch_size=2, window=31))["blur"].shape == (2, 16, 16, 3)
