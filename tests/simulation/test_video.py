"""Videos to spikes and photographs, piece by piece."""

import dataclasses
import sys

import jax
import numpy as np
import pytest
import skimage.color

from spikejax.camera import SENSORS, simulate
from spikejax.simulation import video as simulation
from spikejax.simulation.optical_flow import optical_flow
from spikejax.simulation.shutter import ShutterTimes, SimulatedExposure
from spikejax.simulation.video import Filming, simulate_video

VIDAR = SENSORS["vidar"]
KEY = jax.random.key(5)
FILMING = Filming(upsample=4, encoding="linear")


@pytest.fixture(scope="module")
def frames():
    return np.random.default_rng(0).random((13, 8, 12, 3), np.float32)


def light_of(frames, upsample):
    """(T, H, W, 3) by the definition, in float64."""
    times = np.arange((len(frames) - 1) * upsample + 1) / upsample
    before = np.minimum(times.astype(int), len(frames) - 2)
    t = (times - before)[:, None, None, None]
    return (1 - t) * frames[before] + t * frames[before + 1]


def film(frames, **options):
    pieces = list(simulate_video(KEY, frames, VIDAR, **{"filming": FILMING, **options}))
    exposures = [exposure for _, finished in pieces for exposure in finished]
    return np.concatenate([spikes for spikes, _ in pieces]), exposures


def test_spikes_are_those_of_the_whole_scene_at_once(frames):
    spikes, _ = film(iter(frames))
    light = light_of(frames, 4) @ [0.30, 0.59, 0.11]
    expected = np.asarray(simulate(KEY, light.astype(np.float32), VIDAR))
    assert spikes.shape == (49, 8, 12)
    assert spikes.dtype == np.uint8
    assert np.mean(spikes != expected) < 1e-3  # rounding of the light


@pytest.mark.parametrize("values", [1, 96 * 3, 96 * 4 * 3, 96 * 4 * 12])
def test_the_pieces_do_not_matter(frames, values, monkeypatch):
    """Pieces of one readout, of three, of three frames, of exactly the video."""
    whole, _ = film(frames)
    monkeypatch.setattr(simulation, "_VALUES", values)
    np.testing.assert_array_equal(film(frames)[0], whole)


def test_the_seed_is_the_camera(frames):
    other = np.concatenate([s for s, _ in simulate_video(jax.random.key(6), frames, VIDAR)])
    assert np.mean(other[:49] != film(frames)[0]) > 0.1


def test_encoded_colour_becomes_linear_grey_in_cells():
    stored = np.zeros((2, 5, 9, 3), np.float32)  # the last row and column fill no cell
    stored[:, :2, :4] = 0.5, 0.25, 0.75
    sensor = dataclasses.replace(SENSORS["ideal"], start="empty")
    filming = Filming(upsample=400, scale=4)
    pieces = simulate_video(KEY, stored, sensor, filming=filming)
    rate = np.concatenate([s for s, _ in pieces]).mean(0)
    grey = skimage.color.rgb2xyz(np.stack([stored[0, 0, 0, :, None]] * 3, -1))[:, 0, 1]
    assert rate.shape == (1, 2)
    assert rate[0, 0] == pytest.approx(grey @ [0.30, 0.59, 0.11] / 2, abs=1 / 400)
    assert rate[0, 1] == 0


def test_photographs_are_the_mean_light_with_the_spikes_around_it(frames, monkeypatch):
    times = ShutterTimes(length=9, every=6, margin=3)
    monkeypatch.setattr(simulation, "_VALUES", 96 * 4 * 2)
    spikes, exposures = film(frames, times=times)
    light = light_of(frames, 4)
    starts = [start for start in range(4, 49, 6) if start + 9 + 3 <= 49]
    assert [e.number for e in exposures] == list(range(len(starts)))
    for start, exposure in zip(starts, exposures, strict=True):
        assert isinstance(exposure, SimulatedExposure)
        np.testing.assert_allclose(exposure.blur, light[start : start + 9].mean(0), atol=1e-6)
        np.testing.assert_allclose(exposure.sharp, light[start + 4], atol=1e-6)
        np.testing.assert_array_equal(exposure.spikes, spikes[start - 3 : start + 12])


def test_taking_photographs_changes_no_spike(frames):
    np.testing.assert_array_equal(film(frames, times=ShutterTimes(length=9))[0], film(frames)[0])


def test_the_defaults_take_spike_gopro_s_exposures():
    times = ShutterTimes()
    assert times.first(8) == 24  # a frame, so that the sharp image is one: 24 + 48 = 9 * 8
    assert times.least_readouts(8) == 24 + 97 + 20


def test_one_frame_or_two_sizes_are_no_video(frames):
    with pytest.raises(ValueError, match="at least 2 frames, got 1"):
        film(frames[:1])
    with pytest.raises(ValueError, match="of one size"):
        film([frames[0], frames[1], frames[2][:4]])
    with pytest.raises(ValueError, match="upsample: expected 1 or more"):
        Filming(upsample=0)
    with pytest.raises(ValueError, match="do not fill a cell of 9x9"):
        film(frames, filming=Filming(scale=9))


def test_motion_needs_opencv_and_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(ValueError, match=r"needs OpenCV: pip install 'spikejax\[motion\]'"):
        Filming(interpolation="motion")


def textured(shift):
    y, x = np.mgrid[:40, :56].astype(np.float32)
    x = x - shift
    return 0.5 + 0.2 * np.sin(0.4 * x + 0.3 * y) + 0.2 * np.sin(0.25 * x - 0.5 * y + 1)


def test_flow_follows_a_shift():
    pytest.importorskip("cv2")
    first, second = ((255 * textured(s)).astype(np.uint8) for s in (0, 3))
    flow = optical_flow(first, second)
    assert flow.shape == (40, 56, 2)
    assert np.abs(np.median(flow[8:-8, 8:-8], (0, 1)) - (3, 0)).max() < 0.1
    assert optical_flow(first[:3, :5], second[:3, :5]).shape == (3, 5, 2)
    with pytest.raises(ValueError, match="uint8 frames"):
        optical_flow(textured(0), textured(3))


def test_motion_sees_things_where_they_are():
    """Photographs of one readout show the light itself."""
    pytest.importorskip("cv2")
    frames = [np.stack([textured(4 * n)] * 3, -1) for n in range(3)]
    times = ShutterTimes(length=1, every=2, margin=0)
    errors = {}
    for kind in ("linear", "motion"):
        filming = Filming(upsample=4, interpolation=kind, encoding="linear")
        _, exposures = film(frames, filming=filming, times=times)
        truth = [textured(2.0 * n) for n in range(len(exposures))]
        inner = np.s_[8:-8, 8:-8]
        errors[kind] = max(
            np.abs(e.sharp[..., 0] - t)[inner].max() for e, t in zip(exposures, truth, strict=True)
        )
    assert errors["linear"] > 0.07
    assert errors["motion"] < 0.02
