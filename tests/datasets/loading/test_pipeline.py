"""Tests of the pipeline: windows of clips, reproducible with any number of processes."""

import json

import numpy as np
import pytest

from spikejax.datasets.loading.augment import TRANSFORMS, turn_flow, turn_image, turn_spikes
from spikejax.datasets.loading.pipeline import windows
from spikejax.ops import pack_bits, unpack_bits

H, W, T = 20, 29, 121


def make_clip(number, *, height=H, width=W, centres=range(9, T, 20)):
    """Returns a clip whose pixel values are coordinates, so that a crop shows its place."""
    rng = np.random.default_rng(number)
    spikes = rng.integers(0, 2, (T, height, width)).astype(np.uint8)
    place = np.arange(height * width, dtype=np.uint16).reshape(height, width, 1)
    return {
        "packed": pack_bits(spikes),
        "width": width,
        "gain": np.float32(0.1 * (number + 1)),
        "images": np.stack([place + 1000 * n for n in range(len(centres))]),
        "centres": np.array(centres, np.int32),
        "flow": rng.normal(size=(len(centres), height, width, 2)).astype(np.float32),
    }


@pytest.fixture(scope="module")
def source():
    return [make_clip(number) for number in range(5)]


def options(**changed):
    return {"batch_size": 4, "window": 41, "windows": 2, "crop": (8, 12), "seed": 3} | changed


def take(iterator, count):
    return [next(iterator) for _ in range(count)]


def assert_same(left, right):
    assert len(left) == len(right)
    for a, b in zip(left, right, strict=True):
        assert a.keys() == b.keys()
        for key in a:
            np.testing.assert_array_equal(a[key], b[key])


def place_of(image):
    """Returns the number of the image, and the lowest row and column of the clip in it."""
    pixels = np.rint(image * 65535).astype(int)
    number, pixel = np.divmod(pixels, 1000)
    [number] = np.unique(number)
    return int(number), int(pixel.min()) // W, int((pixel % W).min())


@pytest.mark.parametrize("augment", [False, True])
def test_a_batch_holds_what_stands_in_the_clips(source, augment):
    batches = take(windows(source, **options(augment=augment)), 10)
    seen = set()
    for batch in batches:
        assert batch["packed"].shape == (4, 61, 8, 2)
        assert batch["images"].shape == (4, 2, 8, 12, 1)
        assert batch["images"].dtype == batch["gain"].dtype == np.float32
        for n in range(4):
            clip = source[round(10 * float(batch["gain"][n])) - 1]
            first, top, left = place_of(batch["images"][n, 0])
            assert place_of(batch["images"][n, 1]) == (first + 1, top, left)
            start = clip["centres"][first] - 20
            spikes = unpack_bits(clip["packed"], W)[start : start + 61]
            turned_size = {}
            for g in range(TRANSFORMS):
                h, w = (12, 8) if g & 4 else (8, 12)
                cut = np.s_[..., top : top + h, left : left + w, :]
                images = clip["images"][cut][first : first + 2].astype(np.float32) / 65535
                turned_size[g] = np.array_equal(turn_image(images, g), batch["images"][n])
                if turned_size[g]:
                    expected = turn_spikes(spikes[cut[:-1]], g)
                    np.testing.assert_array_equal(unpack_bits(batch["packed"][n], 12), expected)
                    flow = turn_flow(clip["flow"][cut][first : first + 2], g)
                    np.testing.assert_array_equal(batch["flow"][n], flow)
                    seen.add(g)
            assert sum(turned_size.values()) == 1
    assert seen == (set(range(TRANSFORMS)) if augment else {0})


def test_the_same_seed_gives_the_same_batches_and_another_seed_others(source):
    once, again, other = (take(windows(source, **options(seed=s)), 3) for s in (3, 3, 4))
    assert_same(once, again)
    assert any((a["packed"] != b["packed"]).any() for a, b in zip(once, other, strict=True))


def test_a_pass_takes_every_clip_once_in_an_order_of_its_own(source):
    batches = take(windows(source, **options(batch_size=5)), 6)
    orders = [tuple(np.rint(10 * batch["gain"]).astype(int)) for batch in batches]
    assert all(sorted(order) == [1, 2, 3, 4, 5] for order in orders)
    assert len(set(orders)) > 1


def test_it_resumes_bit_for_bit_through_json(source):
    straight = windows(source, **options())
    take(straight, 3)
    state = json.loads(json.dumps(straight.get_state()))
    expected = take(straight, 4)
    resumed = windows(source, **options())
    next(resumed)
    resumed.set_state(state)
    assert_same(take(resumed, 4), expected)
    straight.set_state(state)
    assert_same(take(straight, 4), expected)


def test_the_parts_of_all_processes_are_the_whole_batch(source):
    whole = take(windows(source, **options()), 3)
    parts = [
        take(windows(source, **options(), process_index=p, process_count=2), 3) for p in (0, 1)
    ]
    joined = [{k: np.concatenate([a[k], b[k]]) for k in a} for a, b in zip(*parts, strict=True)]
    assert_same(joined, whole)


def test_a_state_goes_to_another_number_of_processes(source):
    whole = windows(source, **options())
    take(whole, 2)
    part = windows(source, **options(), process_index=1, process_count=4)
    part.set_state(whole.get_state())
    np.testing.assert_array_equal(next(part)["packed"], next(whole)["packed"][1:2])


def test_worker_processes_make_the_same_batches(source):
    expected = take(windows(source, **options()), 5)
    worked = windows(source, **options(), workers=1)
    assert_same(take(worked, 2), expected[:2])
    state = worked.get_state()
    assert_same(take(worked, 1), expected[2:3])
    worked.set_state(state)
    assert_same(take(worked, 3), expected[2:])


def test_without_a_crop_a_whole_clip_is_taken_and_keeps_its_shape(source):
    batch = next(windows(source, **options(crop=None)))
    assert batch["packed"].shape == (4, 61, H, -(-W // 8))


def test_a_crop_that_does_not_fit_across_is_not_transposed(source):
    batches = take(windows(source, **options(crop=(8, 24))), 4)
    for image in np.concatenate([batch["images"][:, 0, ..., 0] for batch in batches]):
        assert abs(np.rint(65535 * (image[0, 1] - image[0, 0]))) == 1  # along a row of the clip


def test_finer_photographs_are_cut_with_the_spikes():
    clip = make_clip(0) | {"centres": np.array([60], np.int32)}
    del clip["flow"]
    place = np.arange(H * W).reshape(H, W) // 4  # under 256
    fine = np.kron(place, np.ones((4, 4)))[..., None].repeat(3, -1).astype(np.uint8)
    clip |= {"images": fine[None], "blur": fine}
    batch = next(windows([clip], **options(batch_size=1, window=121, windows=1, crop=8)))
    assert batch["spikes"].shape == (1, 121, 8, 8)  # packed ones would not give their width
    assert batch["images"].shape == (1, 1, 32, 32, 3)
    np.testing.assert_array_equal(batch["images"][:, 0], batch["blur"])


def test_clips_without_images_are_cut_anywhere(source):
    bare = [{k: clip[k] for k in ("packed", "width", "gain")} for clip in source]
    batch = next(windows(bare, **options()))
    assert sorted(batch) == ["gain", "spikes"]
    assert batch["spikes"].shape == (4, 61, 8, 12)


def test_only_windows_around_images_are_taken():
    clip = make_clip(0, centres=[5, 60, 79, 110])  # 5 and 110 are too near the ends
    batches = take(windows([clip], **options(batch_size=8, windows=1)), 3)
    numbers = {place_of(b["images"][n, 0])[0] for b in batches for n in range(8)}
    assert numbers == {1, 2}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"window": 61, "windows": 4}, r"readouts with images at 9, 29, 49, ..., 109 hold no 4"),
        ({"crop": 24}, r"first clip: 20x29 pixels are smaller than the crop of 24x24"),
        ({"crop": (8, 0)}, r"crop: expected a side or \(h, w\), at least 1, got \(8, 0\)"),
        ({"process_count": 3}, r"batch_size: cannot divide 4 examples among 3 processes"),
        ({"process_index": 2, "process_count": 2}, r"of which this has index 2"),
        ({"seed": -1}, r"seed: expected 0 to"),
        ({"workers": -1}, r"workers of at least 0, got 41, 2 and -1"),
    ],
)
def test_what_cannot_be_done_is_refused_at_once(source, changed, message):
    with pytest.raises(ValueError, match=message):
        windows(source, **options(**changed))


def test_an_empty_source_is_refused():
    with pytest.raises(ValueError, match="at least one clip"):
        windows([], **options())


def test_clips_of_several_sizes_need_a_crop(source):
    iterator = windows([*source, make_clip(5, height=16)], **options(batch_size=6, crop=None))
    with pytest.raises(ValueError, match=r": examples of a batch differ, .* pass crop="):
        next(iterator)


def test_a_state_of_another_seed_is_refused(source):
    with pytest.raises(ValueError, match="the state is of seed 7, the iterator of 3"):
        windows(source, **options()).set_state({"step": 1, "seed": 7})
