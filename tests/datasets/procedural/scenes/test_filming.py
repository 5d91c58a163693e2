"""Tests of films of scenes against single rendered frames."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from spikejax.datasets.procedural.scenes import (
    SceneOptions,
    draw_canvases,
    draw_scenes,
    film,
    render,
)
from spikejax.datasets.procedural.scenes.world import wrapped

READOUTS, COUNT = 13, 3
GREY = np.float32([0.3, 0.59, 0.11])


def drawn(options, seed=0):
    of_canvas, of_scene = jax.random.split(jax.random.key(seed))
    canvases = draw_canvases(jax.random.split(of_canvas), options)
    worlds = jnp.array([0, 1, 1])
    return canvases, draw_scenes(jax.random.split(of_scene, COUNT), worlds, options)


def looked_at(canvases, scenes, options):
    """Renders scenes frame by frame, (B, T, H, W, C)."""
    look = jax.jit(lambda scene, time: render(canvases, scene, time, options))
    return np.stack(
        [
            np.stack(
                [
                    look(jax.tree.map(lambda x, n=n: x[n], scenes), jnp.float32(t - READOUTS // 2))
                    for t in range(READOUTS)
                ]
            )
            for n in range(COUNT)
        ]
    )


@pytest.fixture(scope="module", params=[(3, 1), (1, 2)], ids=["colour", "grey"])
def world(request):
    channels, layers = request.param
    options = SceneOptions(
        height=8, width=12, channels=channels, layers=layers, speed=0.6, still=0.0
    )
    canvases, scenes = drawn(options)
    return canvases, scenes, options, looked_at(canvases, scenes, options)


@pytest.mark.parametrize("at_once", [1, 8 * 12 * COUNT * 5, 10**6])
def test_a_film_is_what_single_looks_give_however_it_is_cut(world, at_once, monkeypatch):
    canvases, scenes, options, frames = world
    monkeypatch.setattr("spikejax.datasets.procedural.scenes.filming._AT_ONCE", at_once)
    seen = film(canvases, scenes, options, readouts=READOUTS, moments=(9, 0, 6), exposure=7, cell=4)
    np.testing.assert_allclose(seen.images, frames[:, [9, 0, 6]], atol=1e-6)
    np.testing.assert_allclose(seen.blur, frames[:, 3:10].mean(1), atol=1e-6)
    grey = frames @ GREY if options.channels == 3 else frames[..., 0]
    cells = grey.reshape(COUNT, READOUTS, 2, 4, 3, 4).mean((3, 5))
    np.testing.assert_allclose(seen.light, cells, atol=1e-6)


def test_a_film_without_an_exposure_has_light_and_images(world):
    canvases, scenes, options, frames = world
    seen = film(canvases, scenes, options, readouts=READOUTS, moments=(6,))
    assert seen.blur is None
    grey = frames @ GREY if options.channels == 3 else frames[..., 0]
    np.testing.assert_allclose(seen.light, grey, atol=1e-6)
    np.testing.assert_allclose(seen.images, frames[:, [6]], atol=1e-6)


def test_a_background_alone_is_filmed():
    options = SceneOptions(height=8, width=8, layers=0, speed=0.6, still=0.0)
    canvases, scenes = drawn(options)
    seen = film(canvases, scenes, options, readouts=READOUTS, moments=(2,))
    frames = looked_at(canvases, scenes, options)
    np.testing.assert_allclose(seen.light, frames[..., 0], atol=1e-6)


@pytest.mark.parametrize("place", [-1e-6, -1e-9, 0.0, 32 - 1e-6, 32.0, 63.9999, 40.25, -7.5])
def test_a_place_on_a_periodic_canvas_is_between_two_samples(place):
    before, part = wrapped(jnp.float32(place), 32)
    assert 0 <= before <= 31 and 0 <= part <= 1
    turns = 2 * np.pi / 32
    assert abs(np.exp(1j * turns * (float(before) + float(part))) - np.exp(1j * turns * place)) < (
        1e-5
    )
