import jax
import jax.numpy as jnp
import numpy as np
import PIL.Image
import pytest

from spikejax import classical, ops
from spikejax.datasets import (
    SyntheticBatches,
    SyntheticOptions,
    batches,
    spikes_of,
    synthetic_batch,
)
from spikejax.datasets.procedural.photograph_pieces import PhotographPieces
from spikejax.datasets.procedural.scenes import SceneOptions, draw_canvases, draw_scenes, render

OPTIONS = {
    "source": "synthetic",
    "size": 16,
    "layers": 1,
    "still": 1.0,
    "ideal": 1.0,
    "share": 1,
    "gain": (0.3, 0.6),
}


def opened(process_index=0, process_count=1, **changes):
    return batches(
        OPTIONS | changes,
        batch_size=2,
        window=21,
        windows=2,
        seed=3,
        process_index=process_index,
        process_count=process_count,
    )


@pytest.fixture(scope="module")
def halves():
    sources = [opened(process_index=i, process_count=2) for i in range(2)]
    return [[jax.device_get(next(source)) for source in sources] for _ in range(2)]


def test_a_batch_has_what_it_should(halves):
    first = halves[0][0]
    assert {name: (x.shape, x.dtype) for name, x in first.items()} == {
        "spikes": ((1, 41, 16, 16), np.uint8),
        "images": ((1, 2, 16, 16, 1), np.float32),
        "gain": ((1,), np.float32),
    }
    assert first["spikes"].max() == 1 and 0.3 <= first["gain"][0] <= 0.6


def test_an_ideal_camera_counts_the_light_of_a_still_scene(halves):
    for batch in halves[0]:
        rate = classical.tfp(jnp.asarray(batch["spikes"][0]), 20, window=41)
        truth = batch["gain"][0] * batch["images"][0, 0, ..., 0]
        assert np.abs(rate - truth).max() < 1 / 41 + 1e-5  # one spike of 41 readouts


def test_processes_make_one_batch_together(halves):
    whole = opened()
    for parts in halves:
        batch = next(whole)
        for name, values in batch.items():
            np.testing.assert_array_equal(np.concatenate([p[name] for p in parts]), values)


def test_batches_differ_and_go_on_from_a_kept_place(halves):
    source = opened(process_count=2)
    next(source)
    place = source.get_state()
    again = opened(process_count=2)
    again.set_state(place)
    second = next(again)
    np.testing.assert_array_equal(second["spikes"], halves[1][0]["spikes"])
    assert (second["images"] != halves[0][0]["images"]).mean() > 0.9


def test_a_place_of_another_seed_is_refused():
    with pytest.raises(ValueError, match="seed 4, the iterator of 3"):
        opened().set_state({"step": 1, "seed": 4})


def test_photographs_are_what_the_scene_shows(tmp_path):
    for name, value in (("dark", 40), ("light", 200)):
        PIL.Image.new("RGB", (64, 48), (value, value, value)).save(tmp_path / f"{name}.png")
    batch = next(opened(process_count=2, source="photographs", folder=str(tmp_path)))
    # sRGB 40 and 200 are .021 and .578 in linear light, times a factor of .5 to 1.
    values = np.asarray(batch["images"]).ravel()
    assert values.min() > 0.5 * 0.02 and values.max() < 0.6
    assert len(np.unique(np.round(values, 3))) < 120  # only the two values and soft edges


def test_pieces_of_photographs_are_drawn_from_all_of_them(tmp_path):
    (tmp_path / "more").mkdir()
    PIL.Image.new("L", (40, 40), 0).save(tmp_path / "black.png")
    PIL.Image.new("RGB", (300, 200), (255, 0, 0)).save(tmp_path / "more" / "red.jpg", quality=95)
    pieces = PhotographPieces(tmp_path).pieces(np.random.default_rng(0), 12, 50, channels=3)
    assert pieces.shape == (12, 3, 50, 50)
    means = {tuple(np.round(p.mean((1, 2)), 1)) for p in pieces}
    assert means == {(0.0, 0.0, 0.0), (1.0, 0.0, 0.0)}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"source": "nowhere"}, "data.folder: expected the folder"),
        ({"source": "photographs"}, "data.folder: expected the folder"),
        ({"source": "photographs", "folder": "none"}, "no such folder"),
        ({"gain": (0.0, 1.0)}, "the lowest and the highest gain"),
        ({"process_count": 3}, "multiple of the 3 processes"),
    ],
)
def test_what_cannot_be_opened_is_said(changes, message):
    with pytest.raises(ValueError, match=message):
        opened(**changes)


def test_a_folder_without_photographs_is_said(tmp_path):
    (tmp_path / "notes.txt").write_text("no picture")
    with pytest.raises(ValueError, match=r"holds no photographs; expected files \.png"):
        PhotographPieces(tmp_path)


def test_windows_must_be_some():
    with pytest.raises(ValueError, match="at least 1 readout"):
        SyntheticOptions(window=0)
    with pytest.raises(ValueError, match="height and width multiples of 4, got 96x98"):
        SyntheticOptions(scene=SceneOptions(channels=3, width=98))
    with pytest.raises(ValueError, match="an exposure from 0 to 61 readouts, got 97"):
        SyntheticOptions(exposure=97)
    with pytest.raises(ValueError, match=r"moments from 0 to 60, got \(30, 61\)"):
        SyntheticOptions(moments=(30, 61))
    with pytest.raises(ValueError, match="ideal from 0 to 1, got 2"):
        SyntheticOptions(ideal=2)
    with pytest.raises(ValueError, match="ssdm from 0 to 1, got -1"):
        SyntheticOptions(ssdm=-1)


def test_colour_scenes_are_seen_at_a_quarter_of_the_size_and_photographed():
    scene = SceneOptions(height=16, width=24, channels=3, layers=0, still=1.0, share=1)
    options = SyntheticOptions(scene=scene, window=41, exposure=21, ideal=1.0)
    batch = jax.device_get(synthetic_batch(jax.random.key(0), options, count=1))
    assert {name: x.shape for name, x in batch.items()} == {
        "spikes": (1, 41, 4, 6),
        "images": (1, 1, 16, 24, 3),
        "blur": (1, 16, 24, 3),
        "gain": (1,),
    }
    # Nothing moves, so the photograph is the scene and the camera counts its grey per cell.
    np.testing.assert_allclose(batch["blur"], batch["images"][:, 0], atol=1e-6)
    grey = batch["images"][0, 0] @ np.float32([0.3, 0.59, 0.11])
    cells = grey.reshape(4, 4, 6, 4).mean((1, 3))
    rate = batch["spikes"][0].mean(0)
    assert np.abs(rate - batch["gain"][0] * cells).max() < 1 / 41 + 1e-5


def rendered(options, key, example):
    """Renders the frames of one example one by one, (T, H, W, C)."""
    readouts = options.window + 20 * (options.windows - 1)
    of_canvas, of_scene = jax.random.split(key)
    world = example // options.scene.share
    canvases = draw_canvases(jax.random.fold_in(of_canvas, world)[None], options.scene)
    scene_key = jax.random.split(jax.random.fold_in(of_scene, example))[0]
    scenes = draw_scenes(scene_key[None], jnp.zeros(1, jnp.int32), options.scene)
    scene = jax.tree.map(lambda x: x[0], scenes)
    look = jax.jit(lambda time: render(canvases, scene, time, options.scene))
    return np.stack([look(jnp.float32(t - (readouts - 1) / 2)) for t in range(readouts)])


@pytest.fixture(scope="module")
def moving():
    """Makes a batch of moving colour scenes; returns its options and the batch."""
    options = SyntheticOptions(
        scene=SceneOptions(
            height=16, width=24, channels=3, layers=1, speed=0.5, still=0.0, share=2
        ),
        window=41,
        exposure=21,
        moments=(10, 40, 3),
        ideal=1.0,
    )
    return options, jax.device_get(synthetic_batch(jax.random.key(4), options, count=2))


def test_images_are_of_the_moments_and_the_photograph_is_the_mean_of_its_exposure(moving):
    options, batch = moving
    for n in range(2):
        frames = rendered(options, jax.random.key(4), n)
        np.testing.assert_allclose(batch["images"][n], frames[[10, 40, 3]], atol=2e-6)
        np.testing.assert_allclose(batch["blur"][n], frames[10:31].mean(0), atol=2e-6)
        assert np.abs(frames[0] - frames[-1]).mean() > 0.01  # the scene moves


def test_an_ideal_camera_counts_the_grey_light_of_a_moving_colour_scene(moving):
    options, batch = moving
    frames = rendered(options, jax.random.key(4), 1)
    cells = (frames @ np.float32([0.3, 0.59, 0.11])).reshape(41, 4, 4, 6, 4).mean((2, 4))
    rate = batch["spikes"][1].mean(0)
    assert np.abs(rate - batch["gain"][1] * cells.mean(0)).max() < 1 / 41 + 1e-5


def test_a_configuration_may_ask_for_colour_a_photograph_and_moments():
    asked = {
        "channels": 3,
        "exposure": 5,
        "ssdm": 0.5,
        "moments": [0, 40],
        "size": 4,
        "shape": "unknown",
    }
    batch = jax.eval_shape(opened(**asked).__next__)
    assert {name: x.shape for name, x in batch.items()} == {
        "spikes": (2, 41, 4, 4),
        "images": (2, 2, 16, 16, 3),
        "blur": (2, 16, 16, 3),
        "gain": (2,),
    }


def test_spikes_travel_packed_or_not():
    spikes = np.random.default_rng(0).integers(0, 2, (2, 3, 4, 11), np.uint8)
    images = np.zeros((2, 1, 4, 11, 1), np.float32)
    packed = {"packed": ops.pack_bits(spikes), "images": images}
    np.testing.assert_array_equal(jax.jit(spikes_of)(packed), spikes)
    np.testing.assert_array_equal(spikes_of({"spikes": spikes, "images": images}), spikes)
    with pytest.raises(ValueError, match="expected 'spikes' or 'packed', got"):
        spikes_of({"images": images})


def test_the_batch_must_divide_among_processes():
    with pytest.raises(ValueError, match="multiple of the 2 processes"):
        SyntheticBatches(SyntheticOptions(), batch_size=3, seed=0, process_count=2)
