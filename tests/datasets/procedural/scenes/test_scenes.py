import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikejax import ops
from spikejax.datasets.procedural import scenes
from spikejax.datasets.procedural.scenes import SceneOptions, draw_canvases, draw_scenes, render
from spikejax.datasets.procedural.scenes.motion import Motion, draw_motions, to_canvas, to_picture
from spikejax.datasets.procedural.scenes.shapes import KINDS, Shape, coverage, draw_shapes, reach
from spikejax.datasets.procedural.scenes.textures import noise

OPTIONS = SceneOptions(height=32, width=40, layers=1, speed=0.4, channels=3)


@pytest.fixture(scope="module")
def canvases():
    return jax.jit(lambda keys: draw_canvases(keys, OPTIONS))(jax.random.split(jax.random.key(0)))


def scene(seed, world=0, options=OPTIONS):
    scenes = draw_scenes(jax.random.key(seed)[None], jnp.array([world]), options)
    return jax.tree.map(lambda field: field[0], scenes)


@pytest.fixture(scope="module")
def look(canvases):
    return jax.jit(lambda scene, time: render(canvases, scene, time, OPTIONS))


@pytest.fixture(scope="module")
def flow(canvases):
    return jax.jit(
        lambda scene, time, since: scenes.flow(canvases, scene, time, OPTIONS, since=since)
    )


def test_canvases_are_light_times_coverage(canvases):
    assert canvases.shape == (2, 2, 4, OPTIONS.side, OPTIONS.side)
    light, cover = canvases[:, :, :3], canvases[:, :, 3:]
    assert (cover[:, 0] == 1).all() and 0 < cover[:, 1].mean() < 0.9
    assert (light >= 0).all() and (light <= cover + 1e-6).all()
    assert not np.allclose(canvases[0], canvases[1])


def test_a_picture_is_colour_in_the_range(look):
    pictures = np.stack([look(scene(seed, seed % 2), jnp.float32(0)) for seed in range(8)])
    assert pictures.shape == (8, 32, 40, 3)
    assert pictures.min() >= 0 and pictures.max() <= 1
    assert pictures.std((1, 2, 3)).min() > 0.01
    assert np.abs(pictures[..., 0] - pictures[..., 2]).max() > 0.05


def test_what_moves_is_warped_back_by_its_flow(flow, look):
    differences = []
    for seed in range(6):
        one, time = scene(seed, seed % 2), jnp.float32(4)
        backward = flow(one, time, jnp.float32(0))
        there = look(one, time)
        warped = ops.warp(there[None], backward[None])[0]
        moved, error = (np.abs(x - look(one, jnp.float32(0)))[4:-4, 4:-4] for x in (there, warped))
        differences.append((np.median(moved), np.median(error)))
    moved, error = np.sum(differences, 0)
    assert error < 0.35 * moved


def test_the_flow_since_another_moment_is_zero_at_that_moment(flow):
    nowhere = flow(scene(3), jnp.float32(-7), jnp.float32(-7))
    np.testing.assert_allclose(nowhere, 0, atol=2e-4)


def test_a_still_scene_does_not_change(flow, look):
    one = scene(1, options=dataclasses.replace(OPTIONS, still=1.0))
    np.testing.assert_array_equal(look(one, jnp.float32(-30)), look(one, jnp.float32(30)))
    assert np.abs(flow(one, jnp.float32(30), jnp.float32(0))).max() < 1e-3


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**31 - 1), time=st.floats(-100, 100))
def test_the_way_to_the_canvas_and_back_is_the_identity(seed, time):
    y, x = np.float32([-40.0, 0.0, 17.5]), np.float32([33.0, 0.0, -48.0])
    back = there_and_back(jax.random.key(seed), np.float32(time), y, x)
    np.testing.assert_allclose(back, (y, x), atol=5e-3)


@jax.jit
def there_and_back(key, time, y, x):
    motions = draw_motions(key, 1, side=240, speed=0.3, fastest=2.0, still=0.0)
    one = jax.tree.map(lambda field: field[0], motions)
    return to_picture(one, time, *to_canvas(one, time, y, x, density=1.5), density=1.5)


def test_no_layer_is_faster_than_the_limit():
    keys = jax.random.split(jax.random.key(0), 200)
    motions = jax.jit(
        jax.vmap(lambda k: draw_motions(k, 3, side=100, speed=0.3, fastest=0.9, still=0.2))
    )(keys)
    speed = np.linalg.norm(motions.velocity, axis=-1)
    assert speed.max() < 0.9 + 1e-4
    assert 0.1 < (speed.max(-1) == 0).mean() < 0.3
    assert 0.2 < np.median(speed[speed > 0]) < 0.5


def test_a_plain_motion_is_its_formula():
    zeros = jnp.zeros(2)
    plain = Motion(
        origin=jnp.array([10.0, 20.0]),
        velocity=jnp.array([0.5, -0.25]),
        acceleration=zeros,
        angle=jnp.float32(np.pi / 2),
        spin=jnp.float32(0),
        zoom=jnp.float32(0),
        bend=zeros,
        wave=zeros,
        phase=zeros,
        pulse=zeros,
    )
    row, column = to_canvas(plain, jnp.float32(4), jnp.array([3.0]), jnp.array([5.0]), density=2.0)
    np.testing.assert_allclose((row[0], column[0]), (10 + 2 * 6, 20 - 2 * 1), rtol=1e-5)


@pytest.mark.parametrize(("kind", "area"), [("ellipse", np.pi * 12 * 7), ("box", 4 * 12 * 7)])
def test_a_shape_covers_its_area(kind, area):
    shape = Shape(
        kind=jnp.int32(KINDS.index(kind)),
        radii=jnp.array([12.0, 7.0]),
        angle=jnp.float32(0.7),
        softness=jnp.float32(1.5),
        form=jnp.full(4, 0.5),
        cells=jnp.ones((6, 6)),
    )
    y, x = jnp.meshgrid(jnp.arange(-20.0, 21.0), jnp.arange(-20.0, 21.0), indexing="ij")
    assert abs(float(coverage(shape, y, x).sum()) - area) < 0.02 * area


def test_every_kind_of_shape_covers_a_part():
    y, x = jnp.meshgrid(jnp.arange(-20.0, 21.0), jnp.arange(-20.0, 21.0), indexing="ij")
    cover = jax.jit(coverage)
    for kind in range(len(KINDS)):
        shape = Shape(
            kind=jnp.int32(kind),
            radii=jnp.array([12.0, 12.0]),
            angle=jnp.float32(0.2),
            softness=jnp.float32(1.5),
            form=jnp.array([0.3, 0.2, 0.5, 0.9]),
            cells=jnp.eye(6),
        )
        part = cover(shape, y, x)
        assert 60 < part.sum() < 700, KINDS[kind]
        assert part.min() == 0 and part.max() == 1


@pytest.mark.parametrize(("smallest", "softness"), [(24.0, 1.5), (3.0, 1.0), (8.0, 6.0)])
def test_beyond_its_reach_a_shape_covers_nothing(smallest, softness):
    shapes = draw_shapes(
        jax.random.key(1), 300, smallest=smallest, largest=8 * smallest, softness=softness
    )
    far, cover = jax.jit(jax.vmap(reach)), jax.jit(jax.vmap(coverage))
    limits = far(shapes)
    limited = np.isfinite(limits)
    assert set(np.asarray(shapes.kind)[limited]) >= set(range(len(KINDS) - 1))
    angles = np.linspace(0, 2 * np.pi, 181)[None, :, None]
    times = np.array([1.0, 1.01, 1.2, 2.0, 5.0])[None, None]
    distance = np.where(limited, limits, 0)[:, None, None] * times
    y, x = (np.float32(distance * f(angles)) for f in (np.sin, np.cos))
    assert (np.asarray(cover(shapes, y, x))[limited] == 0).all()
    assert limits[limited].mean() < 3 * np.asarray(shapes.radii).max(1)[limited].mean()


@pytest.mark.parametrize("exponent", [0.7, 1.4])
def test_noise_falls_off_as_natural_images_do(exponent):
    side, spectra = 128, []
    draw = jax.jit(lambda key: noise(key, side, exponent=exponent, density=1.0))
    for seed in range(8):
        field = draw(jax.random.key(seed))
        assert abs(float(field.mean())) < 1e-4 and abs(float(field.std()) - 1) < 1e-3
        spectra.append(np.abs(np.fft.fft2(field)))
    f = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.fftfreq(side)[None])
    some = (f > 0.03) & (f < 0.3)
    slope = np.polyfit(np.log(f[some]), np.log(np.mean(spectra, 0)[some]), 1)[0]
    assert abs(slope + exponent) < 0.05


def test_options_that_make_no_scene_are_refused():
    with pytest.raises(ValueError, match="at least 8x8 pixels, got 4x96"):
        SceneOptions(height=4)
    with pytest.raises(ValueError, match="1 or 3 channels, got 2"):
        SceneOptions(channels=2)
    with pytest.raises(ValueError, match=r"still from 0 to 1, .* got 5, 1\.5, 0\.2 and 2\.0"):
        SceneOptions(still=5)
    with pytest.raises(ValueError, match="share of at least 1"):
        SceneOptions(share=0)
