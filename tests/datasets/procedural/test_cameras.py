"""Tests of the cameras of procedural scenes: shares of their kinds, and their spike rates."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from spikejax.camera import SENSORS
from spikejax.datasets.procedural import cameras
from spikejax.datasets.procedural.cameras import record_scenes

GAIN = float(SENSORS["ssdm"].gain)


def recorded(count, level=0.5, readouts=40, **options):
    light = jnp.full((count, readouts, 2, 3), level, jnp.float32)
    keys = jax.random.split(jax.random.key(7), count)
    options = {"gain": (0.3, 0.9), "ideal": 1.0} | options
    return keys, light, jax.device_get(record_scenes(keys, light, **options))


def test_the_share_of_published_cameras_is_as_asked():
    _, _, (_, gain) = recorded(600, ssdm=0.25, readouts=1)
    published = np.isclose(gain, GAIN)
    assert abs(published.mean() - 0.25) < 3 * (0.25 * 0.75 / 600) ** 0.5
    assert (gain[~published] <= 0.9).all() and gain[~published].std() > 0.1


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_each_kind_counts_light_as_its_gain_says(share):
    _, _, (spikes, gain) = recorded(40, ssdm=share, readouts=200)
    assert spikes.dtype == np.uint8 and gain.dtype == np.float32
    published = np.isclose(gain, GAIN)
    assert published.mean() in ({share} if share in (0, 1) else set(np.arange(8, 33) / 40))
    rate = spikes.mean((1, 2, 3))
    error = np.abs(rate - 0.5 * gain)
    assert error[~published].max(initial=0) < 1 / 200
    assert error[published].max(initial=0) < 1 / 140 + 1 / 200  # plus stray spikes


def test_the_others_are_the_same_whatever_the_share():
    _, _, (without, gain) = recorded(30, ideal=0.3)
    _, _, (some, gains) = recorded(30, ideal=0.3, ssdm=0.5)
    others = ~np.isclose(gains, GAIN)
    assert 5 < others.sum() < 25
    np.testing.assert_array_equal(gains[others], gain[others])
    np.testing.assert_array_equal(some[others], without[others])


def test_which_cameras_are_published_ones_does_not_depend_on_the_noise_of_the_others():
    keys, _, (_, gains) = recorded(400, ideal=0.0, ssdm=0.5, readouts=1)
    of_cameras = jax.vmap(jax.random.split)(keys)[:, 0]
    drawn = jax.vmap(lambda key: cameras._drawn(key, (0.3, 0.9), 0.0))(of_cameras)
    others = ~np.isclose(gains, GAIN)
    np.testing.assert_array_equal(drawn.gain[others], gains[others])
    strength = np.asarray(drawn.prnu[others]) / SENSORS["vidar"].prnu
    assert strength.min() < 0.55
    assert strength.max() > 1.45


def test_an_example_depends_on_its_key_alone():
    keys, light, (spikes, gain) = recorded(6, ideal=0.3, ssdm=0.5)
    alone = record_scenes(keys[3:4], light[3:4], gain=(0.3, 0.9), ideal=0.3, ssdm=0.5)
    np.testing.assert_array_equal(alone[0][0], spikes[3])
    assert alone[1][0] == gain[3]
