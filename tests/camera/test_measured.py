"""Comparison of the simulator with measurements on a real recording of a wall.

The wall has a mean of .1965 spikes per readout and pixel over 500 readouts. The statistic is the
variance over time of each pixel's counts in adjacent windows of n readouts (unbiased: divided by
windows - 1), averaged over the pixels. An ideal pixel of rate r has the variance
frac(nr) (1 - frac(nr)), so the wall's rates must differ between pixels. With a triangular
distribution of rates they reproduce all four numbers of the ideal pixel and of the zero-reset
pixel, which checks the definition.
"""

import dataclasses

import jax
import numpy as np
import pytest

from spikejax.camera import SENSORS, simulate

SIDE, READOUTS = 160, 500
DARKEST, COMMONEST, BRIGHTEST = 0.126, 0.2095, 0.253
WINDOWS = (10, 20, 50, 100)
IDEAL = SENSORS["ideal"]


@pytest.fixture(scope="module")
def wall():
    """Returns rates (SIDE, SIDE) at the quantiles of a triangular distribution, shuffled."""
    u = (np.arange(SIDE**2) + 0.5) / SIDE**2
    width, left, right = BRIGHTEST - DARKEST, COMMONEST - DARKEST, BRIGHTEST - COMMONEST
    rates = np.where(
        u < left / width,
        DARKEST + np.sqrt(u * width * left),
        BRIGHTEST - np.sqrt((1 - u) * width * right),
    )
    return np.random.default_rng(0).permutation(rates).reshape(SIDE, SIDE)


def recording(rates, sensor, pattern=None):
    scene = np.broadcast_to(np.float32(rates), (READOUTS, SIDE, SIDE))
    return np.asarray(simulate(jax.random.key(3), scene, sensor, pattern=pattern))


def count_variances(spikes):
    return [
        np.var(spikes.reshape(-1, n, SIDE, SIDE).sum(1), axis=0, ddof=1).mean() for n in WINDOWS
    ]


def neighbouring_intervals(spikes):
    """Returns the covariance of neighbouring intervals divided by their variance.

    Both are averaged over the pixels.
    """
    covariance = variance = 0.0
    for pixel in spikes.reshape(READOUTS, -1).T[::5]:
        intervals = np.diff(np.flatnonzero(pixel))
        d = intervals - intervals.mean()
        covariance += np.mean(d[1:] * d[:-1])
        variance += np.mean(d * d)
    return covariance / variance


def test_ideal_camera(wall):
    spikes = recording(wall, IDEAL)
    assert spikes.mean() == pytest.approx(0.1965, rel=5e-3)
    assert count_variances(spikes) == pytest.approx([0.1484, 0.1736, 0.1842, 0.1982], rel=0.01)
    assert neighbouring_intervals(spikes) == pytest.approx(-0.51, abs=0.02)


def test_fitted_noise(wall):
    """The light makes each pixel of one camera fire at its measured rate."""
    sensor = SENSORS["vidar"]
    pattern = sensor.pattern(jax.random.key(9), (SIDE, SIDE))
    light = (wall * np.asarray(pattern.threshold) - np.asarray(pattern.dark)) / pattern.prnu
    spikes = recording(light, sensor, pattern)
    assert spikes.mean() == pytest.approx(0.1965, rel=5e-3)
    assert count_variances(spikes) == pytest.approx([0.1486, 0.1741, 0.1857, 0.2020], rel=0.02)
    assert neighbouring_intervals(spikes) == pytest.approx(-0.51, abs=0.02)


def test_fixed_pattern_can_replace_part_of_the_contrast(wall):
    """The fixed pattern of any camera adds to a wall with less contrast."""
    sensor = SENSORS["vidar"]
    pattern_spread = np.hypot(0.1965 * np.hypot(sensor.prnu, sensor.threshold_spread), 0.0018)
    contrast = np.sqrt(1 - (pattern_spread / wall.std()) ** 2)
    light = wall.mean() - sensor.dark + contrast * (wall - wall.mean())
    variances = count_variances(recording(light, sensor))
    assert variances == pytest.approx([0.1486, 0.1741, 0.1857, 0.2020], rel=0.02)


def test_zero_reset_has_the_expected_error(wall):
    spikes = recording(wall, dataclasses.replace(IDEAL, reset="zero"))
    assert 0.06 < 1 - spikes.mean() / 0.1965 < 0.10
    assert count_variances(spikes) == pytest.approx([0.1216, 0.1053, 0.1139, 0.1335], rel=0.025)


def test_stray_spikes_have_the_expected_error(wall):
    spikes = recording(wall, dataclasses.replace(IDEAL, stray_gap=140.0))
    assert count_variances(spikes) == pytest.approx([0.2035, 0.2857, 0.4695, 0.7672], rel=0.015)
