import dataclasses

import jax
import numpy as np
import pytest

from spikejax.camera import SENSORS, Pattern, Sensor

KEY = jax.random.key(0)


def test_presets_have_the_published_figures():
    assert {"ideal", "vidar", "ssdm", "sreds", "reds_base"} <= set(SENSORS)
    assert SENSORS["ssdm"].gain == pytest.approx(0.9927, abs=5e-5)
    assert SENSORS["ssdm"].gain == pytest.approx(1.9854280510018212 / 2)  # the golden gain / 2 V
    assert (SENSORS["sreds"].gain, SENSORS["reds_base"].gain) == (0.4, 0.6)
    assert SENSORS["ideal"] == Sensor()
    vidar = SENSORS["vidar"]
    assert (vidar.reset, vidar.strict, vidar.rate_hz) == ("subtract", False, 20_000)


def test_pattern_has_the_spreads_of_the_sensor():
    pattern = SENSORS["vidar"].pattern(KEY, (250, 400))
    for drawn, mean, std in (
        (pattern.prnu, 1, 0.058),
        (pattern.dark, 0.0047, 0.0018),
        (pattern.threshold, 1, 0.046),
    ):
        assert drawn.shape == (250, 400)
        assert drawn.mean() == pytest.approx(mean, rel=0.01)
        assert drawn.std() == pytest.approx(std, rel=0.02)
    maps = [np.ravel(m) for m in jax.tree.leaves(pattern)]
    assert np.abs(np.corrcoef(maps) - np.eye(3)).max() < 0.02


def test_the_key_determines_the_camera():
    draw = SENSORS["vidar"].pattern
    same, other = draw(KEY, (6, 7)), draw(jax.random.key(1), (6, 7))
    assert np.array_equal(draw(KEY, (6, 7)).prnu, same.prnu)
    assert not np.array_equal(other.prnu, same.prnu)


def test_maps_are_physical_for_any_spread():
    sensor = Sensor(prnu=2.0, dark_spread=1.0, threshold_spread=2.0)
    pattern = sensor.pattern(KEY, (60, 60))
    assert pattern.prnu.min() > 0 and pattern.threshold.min() > 0 and pattern.dark.min() == 0


@pytest.mark.parametrize(
    ("noise", "fields"),
    [
        ("prnu", {"prnu": 0}),
        ("dark", {"dark": 0, "dark_spread": 0}),
        ("threshold", {"threshold_spread": 0}),
        ("shot", {"electrons": np.inf}),
        ("jitter", {"threshold_jitter": 0}),
    ],
)
def test_every_noise_switches_off_alone(noise, fields):
    vidar = dataclasses.asdict(SENSORS["vidar"])
    changed = dataclasses.asdict(SENSORS["vidar"].without(noise))
    assert {name for name in vidar if vidar[name] != changed[name]} == set(fields)
    assert {name: changed[name] for name in fields} == fields


def test_without_all_noise_vidar_is_ideal():
    quiet = SENSORS["vidar"].without("prnu", "dark", "threshold", "shot", "jitter")
    assert quiet == SENSORS["ideal"]
    assert SENSORS["ssdm"].without("stray").stray_gap == np.inf


def test_rate():
    sensor = Sensor(gain=0.5, dark=0.01)
    assert sensor.rate(0.4) == pytest.approx(0.21)
    assert sensor.rate(3.0) == 1
    maps = Pattern(prnu=np.float32([[1, 1.1]]), dark=0.02, threshold=np.float32([[1, 0.8]]))
    np.testing.assert_allclose(sensor.rate(0.4, maps), [[0.22, 0.3]], rtol=1e-6)


def test_a_sensor_is_a_pytree_of_its_numbers():
    numbers, structure = jax.tree.flatten(SENSORS["ssdm"])
    assert len(numbers) == 9 and all(isinstance(n, float) for n in numbers)
    assert jax.tree.unflatten(structure, numbers) == SENSORS["ssdm"]
    out = jax.jit(lambda sensor: sensor)(SENSORS["ssdm"])
    assert (out.reset, out.strict, out.start, out.stray_law) == ("modulo", True, "light", "normal")
    assert jax.grad(lambda sensor: sensor.rate(0.3))(SENSORS["ideal"]).gain == pytest.approx(0.3)


def test_sensors_are_immutable():
    with pytest.raises(dataclasses.FrozenInstanceError):
        SENSORS["ideal"].gain = 2.0


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"reset": "none"}, "Sensor.reset: expected one of subtract, zero, modulo, got 'none'"),
        ({"start": "full"}, "Sensor.start: expected one of uniform"),
        ({"stray_law": "poisson"}, "Sensor.stray_law: expected one of normal"),
        ({"gain": -1.0}, "Sensor.gain: expected 0 or more, got -1"),
        ({"prnu": float("nan")}, "Sensor.prnu: expected 0 or more, got nan"),
        ({"electrons": 0.0}, "Sensor.electrons: expected 1 or more, got 0"),
        ({"stray_gap": 0.5}, "Sensor.stray_gap: expected 1 or more"),
    ],
)
def test_impossible_sensors_are_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        Sensor(**fields)


def test_unknown_noise_is_named():
    with pytest.raises(ValueError, match=r"without: expected any of prnu, .* got 'rain'"):
        SENSORS["vidar"].without("rain")
