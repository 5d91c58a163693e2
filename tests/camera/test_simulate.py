import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from spikejax.camera import (
    SENSORS,
    Pattern,
    Sensor,
    integrate_and_fire,
    power_on,
    record,
    simulate,
    simulate_stream,
    to_grey,
)

KEY = jax.random.key(0)
SHAPE = (23, 31)
EVERYTHING = dataclasses.replace(
    SENSORS["vidar"], stray_gap=30.0, stray_gap_std=9.0, stray_law="normal"
)
CAMERAS = {**SENSORS, "everything": EVERYTHING}


@pytest.fixture
def scene(rng):
    return np.float32(rng.random((40, *SHAPE)))


def flat(intensity, readouts, shape=(100, 100)):
    return np.full((readouts, *shape), intensity, np.float32)


# --- the recording


def test_ideal_camera_is_the_pixel_from_a_uniform_start(scene):
    start = power_on(KEY, SENSORS["ideal"], SHAPE)
    assert start.potential.min() >= 0 and start.potential.max() < 1
    assert start.potential.mean() == pytest.approx(0.5, abs=0.05)
    want, _ = integrate_and_fire(scene, initial=start.potential)
    spikes = simulate(KEY, scene, SENSORS["ideal"])
    assert spikes.dtype == jnp.uint8 and spikes.shape == scene.shape
    assert np.array_equal(spikes, want)


def test_published_circuit(golden):
    z = golden("simulate")
    sensor = SENSORS["ssdm"].without("stray")
    state = power_on(KEY, sensor, z["scene"].shape[1:])
    first = np.float32(z["circuit_first_frame"] * sensor.gain)
    state = dataclasses.replace(state, potential=jnp.asarray(first))  # below one threshold
    spikes, _ = record(state, z["scene"], sensor)
    assert np.mean(np.asarray(spikes) != z["circuit_spikes"]) <= 1e-4


def test_published_circuit_starts_from_a_readout_of_random_light():
    state = power_on(KEY, SENSORS["ssdm"], (200, 200))
    assert state.potential.max() < SENSORS["ssdm"].gain
    assert state.potential.mean() == pytest.approx(SENSORS["ssdm"].gain / 2, rel=0.02)
    assert power_on(KEY, Sensor(start="empty"), SHAPE).potential.max() == 0


@pytest.mark.parametrize("name", sorted(CAMERAS))
def test_a_scene_cut_anywhere_gives_the_same_spikes(scene, name):
    whole, after = record(power_on(KEY, CAMERAS[name], SHAPE), scene, CAMERAS[name])
    assert np.array_equal(whole, simulate(KEY, scene, CAMERAS[name]))
    cuts = np.split(scene, [1, 2, 21])  # two lengths: each is compiled for every camera
    assert np.array_equal(whole, np.concatenate([*simulate_stream(KEY, cuts, CAMERAS[name])]))
    state = power_on(KEY, CAMERAS[name], SHAPE)
    for piece in cuts:
        _, state = record(state, piece, CAMERAS[name])
    assert state.readout == after.readout == 40
    assert np.array_equal(state.potential, after.potential)
    assert np.array_equal(state.until_stray, after.until_stray)


@pytest.mark.parametrize("name", sorted(CAMERAS))
def test_the_key_determines_the_spikes(scene, name):
    spikes = simulate(KEY, scene, CAMERAS[name])
    jitted = jax.jit(lambda key, scene: simulate(key, scene, CAMERAS[name]))(KEY, scene)
    assert np.array_equal(spikes, jitted)
    assert not np.array_equal(spikes, simulate(jax.random.key(1), scene, CAMERAS[name]))


def test_a_batch_is_several_recordings_by_one_camera(rng):
    scenes = np.float32(rng.random((3, 20, *SHAPE)))
    batch = simulate(KEY, scenes, EVERYTHING)
    assert batch.shape == scenes.shape
    state = power_on(KEY, EVERYTHING, (3, *SHAPE))
    assert state.pattern.prnu.shape == SHAPE
    assert not np.array_equal(state.potential[0], state.potential[1])
    same_light = np.broadcast_to(scenes[:1], scenes.shape)
    a, b, _ = np.asarray(simulate(KEY, same_light, SENSORS["vidar"]))
    assert not np.array_equal(a, b)


def test_cameras_by_vmap(scene):
    keys = jax.random.split(KEY, 3)
    spikes = jax.vmap(lambda key: simulate(key, scene, SENSORS["vidar"]))(keys)
    for one, key in zip(spikes, keys, strict=True):
        assert np.array_equal(one, simulate(key, scene, SENSORS["vidar"]))


def test_colour_is_converted_to_grey(rng):
    colour = np.float32(rng.random((20, *SHAPE, 3)))
    grey = simulate(KEY, to_grey(colour), SENSORS["ideal"])
    assert np.array_equal(simulate(KEY, colour, SENSORS["ideal"]), grey)
    assert simulate(KEY, colour[None], SENSORS["ideal"]).shape == (1, 20, *SHAPE)


@pytest.mark.parametrize("dtype", ["uint8", "bool", "float32", "bfloat16"])
def test_spikes_have_the_requested_dtype(scene, dtype):
    spikes = simulate(KEY, scene, EVERYTHING, dtype=dtype)
    assert spikes.dtype == dtype
    assert np.array_equal(spikes.astype("uint8"), simulate(KEY, scene, EVERYTHING))


# --- noise


@pytest.mark.parametrize("gain", [0.2, 0.9])
@pytest.mark.parametrize("name", ["ideal", "vidar"])
def test_mean_rate_is_the_expected_one(name, gain):
    sensor = dataclasses.replace(SENSORS[name], gain=gain)
    pattern = sensor.pattern(KEY, (100, 100))
    spikes = simulate(KEY, flat(0.6, 100), sensor, pattern=pattern)
    assert spikes.mean() == pytest.approx(float(sensor.rate(0.6, pattern).mean()), rel=2e-3)


def test_fixed_pattern_is_that_of_the_maps_in_every_recording():
    pattern = SENSORS["vidar"].pattern(KEY, (40, 40))
    rate = SENSORS["vidar"].rate(0.5, pattern)
    for seed in (1, 2):
        spikes = simulate(
            jax.random.key(seed), flat(0.5, 2000, (40, 40)), SENSORS["vidar"], pattern=pattern
        )
        np.testing.assert_allclose(np.mean(spikes, 0), rate, atol=2e-3)


def test_measured_maps_may_be_numbers(scene):
    maps = Pattern(prnu=np.full(SHAPE, 1.1), dark=0.02, threshold=np.full(SHAPE, 0.9))
    spikes = simulate(KEY, scene, SENSORS["ideal"], pattern=maps)
    start = power_on(KEY, SENSORS["ideal"], SHAPE, pattern=maps).potential
    want, _ = integrate_and_fire(1.1 * scene + 0.02, threshold=0.9, initial=start)
    assert np.mean(np.asarray(spikes) != np.asarray(want)) < 1e-3


@pytest.mark.parametrize("noise", ["prnu", "dark", "threshold", "shot", "jitter", "stray"])
def test_every_noise_acts_alone(scene, noise):
    others = {"prnu", "dark", "threshold", "shot", "jitter", "stray"} - {noise}
    loud = dataclasses.replace(EVERYTHING, electrons=100.0, threshold_jitter=0.1)
    alone = simulate(KEY, scene, loud.without(*others))
    assert not np.array_equal(alone, simulate(KEY, scene, SENSORS["ideal"]))
    silent = loud.without(*others).without(noise)
    assert np.array_equal(simulate(KEY, scene, silent), simulate(KEY, scene, SENSORS["ideal"]))


def test_traced_noise_of_strength_zero_changes_nothing(scene):
    """Inside jit the strength is unknown, so the noise is drawn but adds zero."""
    jitted = jax.jit(lambda sensor: simulate(KEY, scene, sensor))
    assert np.array_equal(jitted(SENSORS["ideal"]), simulate(KEY, scene, SENSORS["ideal"]))


def test_shot_noise_has_the_variance_of_counted_electrons():
    sensor = dataclasses.replace(SENSORS["ideal"], gain=0.1, electrons=200.0, start="empty")
    state = power_on(KEY, sensor, (100, 100))
    spikes, after = record(state, flat(0.5, 400), sensor)
    charge = np.asarray(after.potential) + np.sum(spikes, 0, dtype=float)
    assert charge.mean() == pytest.approx(0.1 * 0.5 * 400, rel=1e-3)
    # In electrons, with 200 / 0.1 per threshold, the mean is 200 * 0.5 * 400.
    assert charge.var() * (200 / 0.1) ** 2 == pytest.approx(200 * 0.5 * 400, rel=0.05)


def test_jitter_moves_the_threshold_of_every_spike():
    sensor = dataclasses.replace(SENSORS["ideal"], threshold_jitter=0.02, start="empty")
    spikes, after = record(power_on(KEY, sensor, (100, 100)), flat(0.3, 300), sensor)
    count = np.sum(spikes, 0, dtype=float)
    spent = 0.3 * 300 - np.asarray(after.potential)  # the sum of one threshold per spike
    assert (spent - count).std() == pytest.approx(0.02 * np.sqrt(count.mean()), rel=0.15)


@pytest.mark.parametrize(("law", "std"), [("normal", 15.0), ("geometric", 40.0)])
def test_stray_spikes_come_at_their_rate_from_the_first_readout(law, std):
    sensor = Sensor(stray_gap=40.0, stray_gap_std=15.0, stray_law=law, start="empty")
    spikes = np.asarray(simulate(KEY, flat(0, 160), sensor), float)
    for part in np.split(spikes, 4):
        assert part.mean() == pytest.approx(1 / 40, rel=0.03)
    gaps = np.concatenate([np.diff(np.flatnonzero(p)) for p in spikes.reshape(160, -1).T])
    if law == "normal":  # the recording truncates the longest gaps
        assert np.median(gaps) == pytest.approx(40, rel=0.05)
    assert gaps.std() < std


# --- gradients


def test_gradients_reach_all_parameters_of_the_rate():
    rng = np.random.default_rng(0)
    light = jnp.float32(0.2 + 0.5 * rng.random(SHAPE))
    sensor = dataclasses.replace(SENSORS["vidar"], gain=0.8)
    pattern = sensor.pattern(KEY, SHAPE)

    def counts(light, sensor, pattern):
        scene = jnp.broadcast_to(light, (50, *SHAPE))
        spikes = simulate(
            KEY, scene, sensor, pattern=pattern, dtype="float32", surrogate="straight_through"
        )
        return spikes.mean(0).sum()

    def expected(light, sensor, pattern):
        return sensor.rate(light, pattern).sum()

    got = jax.jit(jax.grad(counts, (0, 1, 2)))(light, sensor, pattern)
    want = jax.grad(expected, (0, 1, 2))(light, sensor, pattern)
    np.testing.assert_allclose(got[0], want[0], rtol=5e-3)
    assert got[1].gain == pytest.approx(float(want[1].gain), rel=2e-3)
    np.testing.assert_allclose(got[2].prnu, want[2].prnu, rtol=5e-3)
    np.testing.assert_allclose(got[2].dark, want[2].dark, rtol=5e-3)
    np.testing.assert_allclose(got[2].threshold, want[2].threshold, rtol=1e-2)


@pytest.mark.parametrize("name", sorted(CAMERAS))
def test_gradients_are_finite_for_any_scene(name):
    scene = np.zeros((12, 3, 4), np.float32)
    scene[:, 0] = [0.3, np.nan, np.inf, -np.inf]
    scene[:, 1] = [1e38, -1e38, 1e-40, -0.2]

    def total(scene, sensor, key):
        spikes = simulate(key, scene, sensor, dtype="float32", detach_reset=False)
        return spikes.sum(), spikes

    gradients, spikes = jax.grad(total, (0, 1), has_aux=True)(scene, CAMERAS[name], KEY)
    assert np.isin(spikes, (0, 1)).all()
    for leaf in jax.tree.leaves(gradients):
        assert np.isfinite(leaf).all()
    assert gradients[0][0, 0, 0] > 0  # ordinary light
    assert gradients[0][0, 2, 0] > 0  # darkness
    assert not gradients[0][:, 0, 1:].any() and not gradients[0][:, 1, 3].any()


def test_recomputation_changes_nothing(scene):
    def loss(scene, every):
        spikes = simulate(KEY, scene, EVERYTHING, dtype="float32", checkpoint_every=every)
        return jnp.sum(spikes * scene)

    want, got = (jax.grad(loss)(scene, every) for every in (None, 7))
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-5)


# --- errors


@pytest.mark.parametrize(
    ("scene", "message"),
    [
        (np.ones((5, 4, 4), np.uint8), "scene: expected floating .* divide 8-bit values by 255"),
        (np.ones((4, 4), np.float32), r"scene: expected \(T, H, W\), .* got shape \(4, 4\)"),
        (np.ones((0, 4, 4), np.float32), r"got shape \(0, 4, 4\)"),
        (np.ones((2, 5, 4, 4, 4), np.float32), r"got shape \(2, 5, 4, 4, 4\)"),
    ],
)
def test_wrong_scenes_are_refused(scene, message):
    with pytest.raises(ValueError, match=message):
        simulate(KEY, scene, SENSORS["ideal"])


def test_maps_of_another_camera_are_refused(scene):
    pattern = SENSORS["vidar"].pattern(KEY, (31, 23))
    with pytest.raises(ValueError, match=r"pattern: expected maps of shape \(23, 31\), got"):
        simulate(KEY, scene, SENSORS["vidar"], pattern=pattern)
    with pytest.raises(ValueError, match=r"record: the camera has pixels \(23, 31\), the scene"):
        record(power_on(KEY, SENSORS["ideal"], SHAPE), scene[:, :, :-1], SENSORS["ideal"])
    with pytest.raises(ValueError, match=r"power_on: expected a shape \(H, W\) or \(B, H, W\)"):
        power_on(KEY, SENSORS["ideal"], (1, 2, 3, 4))
    with pytest.raises(ValueError, match="record: the camera has pixels"):
        list(simulate_stream(KEY, [scene, scene[:, 1:]], SENSORS["ideal"]))
