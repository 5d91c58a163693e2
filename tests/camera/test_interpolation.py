"""Tests of interpolation between frames and of encodings."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import skimage.color
import skimage.measure

from spikejax.camera.encoding import from_linear, to_linear
from spikejax.camera.interpolation import in_between, mean_of_cells

TIMES = np.array([0.0, 0.25, 0.5], np.float32)


def shifted(shift):
    """Returns an image of a smooth bump, `shift` pixels right of the middle."""
    y, x = np.mgrid[:24, :32].astype(np.float32)
    bump = np.exp(-((x - 15.5 - shift) ** 2 + (y - 11.5) ** 2) / 18)
    return bump[None, :, :, None].astype(np.float32)


def test_interpolation_without_flows_is_linear(rng):
    first, second = rng.random((2, 3, 4, 5, 2), np.float32)
    light = jax.jit(in_between)(first, second, TIMES)
    assert light.shape == (3, 3, 4, 5, 2)
    for i, t in enumerate(TIMES):
        np.testing.assert_allclose(light[:, i], (1 - t) * first + t * second, atol=1e-6)


def test_interpolation_with_flows_follows_the_motion():
    flow = np.zeros((1, 24, 32, 2), np.float32)
    flow[..., 0] = 4
    frames = shifted(-2), shifted(2)
    light = jax.jit(in_between)(*frames, TIMES, forward=flow, backward=-flow)
    np.testing.assert_array_equal(light[:, 0], frames[0])
    for i, t in enumerate(TIMES):
        expected = shifted(-2 + 4 * t)
        assert np.abs(light[0, i] - expected[0]).max() < 1e-3
        if t > 0:  # linear interpolation does not
            assert np.abs(in_between(*frames, TIMES)[0, i] - expected[0]).max() > 0.05


def test_time_zero_is_the_first_frame_for_any_flow(rng):
    first, second = rng.random((2, 1, 6, 7, 1), np.float32)
    there, back = rng.normal(size=(2, 1, 6, 7, 2)).astype(np.float32)
    light = in_between(first, second, TIMES[:1], forward=there, backward=back)
    np.testing.assert_array_equal(light[:, 0], first)


def test_wrong_shapes_are_named():
    frame, flow = jnp.zeros((1, 4, 5, 1)), jnp.zeros((1, 4, 5, 2))
    with pytest.raises(ValueError, match=r"two arrays \(P, H, W, C\)"):
        in_between(frame, frame[:, :3], TIMES)
    with pytest.raises(ValueError, match="both flows or none"):
        in_between(frame, frame, TIMES, forward=flow)
    with pytest.raises(ValueError, match=r"fractions \(G,\)"):
        in_between(frame, frame, 0.5)


def test_every_pixel_is_the_mean_of_its_cell(rng):
    image = rng.random((2, 6, 9, 3), np.float32)
    expected = skimage.measure.block_reduce(image, (1, 3, 3, 1), np.mean)
    np.testing.assert_allclose(mean_of_cells(jnp.asarray(image), 3), expected, atol=1e-6)
    with pytest.raises(ValueError, match="6x9 does not divide into cells of 2"):
        mean_of_cells(jnp.asarray(image), 2)


def test_srgb_decoding_agrees_with_skimage():
    values = np.linspace(0, 1, 256, dtype=np.float32)
    expected = skimage.color.rgb2xyz(np.stack([values] * 3, -1)[None])[0, :, 1]
    np.testing.assert_allclose(jax.jit(to_linear)(values), expected, atol=2e-6)


@pytest.mark.parametrize("encoding", ["srgb", "linear", 2.2, "0.5"])
def test_encoding_inverts_decoding(encoding):
    values = np.linspace(0, 1, 256, dtype=np.float32)
    again = from_linear(to_linear(values, encoding), encoding)
    np.testing.assert_allclose(again, values, atol=1e-5)


def test_other_encodings():
    values = np.linspace(0, 1, 5, dtype=np.float32)
    np.testing.assert_array_equal(to_linear(values, "linear"), values)
    np.testing.assert_allclose(to_linear(values, 2.2), values**2.2, rtol=1e-5)
    for wrong in ("rec709", 0.0, "-1", None):
        with pytest.raises(ValueError, match="expected srgb, linear or an exponent"):
            to_linear(values, wrong)
