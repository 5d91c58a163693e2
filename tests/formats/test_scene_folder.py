"""Tests of writing exposures in Spike-GOPRO's layout."""

import numpy as np
import pytest

from spikejax.formats import open_recording, read_image
from spikejax.formats.scene_folder import new_scene

FACTS = {"rate_hz": 20000.0, "gain": 0.7}


def test_a_scene_appears_when_it_is_complete(tmp_path, rng):
    photograph, spikes = rng.random((8, 12, 3)), rng.random((9, 2, 3)) < 0.5
    with new_scene(tmp_path, "street", facts=FACTS) as scene:
        for _ in range(2):
            scene.write(photograph, photograph[::-1], spikes)
        assert not (tmp_path / "spike_data").exists()
    names = sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*.*"))
    assert names == [
        *(f"blur_data/street/{n:06d}.png" for n in range(2)),
        *(f"sharp_data/street/{n:06d}.png" for n in range(2)),
        *(f"spike_data/street/{n:06d}.{kind}" for n in range(2) for kind in ("dat", "json")),
    ]
    image = read_image(tmp_path / "sharp_data" / "street" / "000001.png")
    np.testing.assert_allclose(image, photograph[::-1], atol=0.5 / 255 + 1e-6)
    with open_recording(tmp_path / "spike_data" / "street" / "000001.dat") as recording:
        np.testing.assert_array_equal(recording[:], spikes)
        assert recording.gain == 0.7


def test_a_scene_that_fails_leaves_nothing(tmp_path, rng):
    (tmp_path / "blur_data" / "older").mkdir(parents=True)
    before = sorted(tmp_path.rglob("*"))
    image = rng.random((8, 12, 3))
    with pytest.raises(KeyboardInterrupt), new_scene(tmp_path, "new", facts=FACTS) as scene:
        scene.write(image, image, np.zeros((3, 2, 3), bool))
        raise KeyboardInterrupt
    assert sorted(tmp_path.rglob("*")) == before


def test_an_existing_scene_is_not_changed(tmp_path):
    (tmp_path / "spike_data" / "a").mkdir(parents=True)
    with (
        pytest.raises(FileExistsError, match="already exists"),
        new_scene(tmp_path, "a", facts=FACTS),
    ):
        pass
    with (
        pytest.raises(ValueError, match="expected 8 or 16"),
        new_scene(tmp_path, "b", facts=FACTS, bits=12),
    ):
        pass
    assert [p.name for p in tmp_path.iterdir()] == ["spike_data"]
