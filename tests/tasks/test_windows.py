import jax
import jax.numpy as jnp
import numpy as np
import pytest

from spikejax import ops
from spikejax.tasks import windows

LENGTH = 41


@pytest.fixture(scope="module")
def batch():
    """Returns two scenes of three windows, 9 x 11 pixels."""
    rng = np.random.default_rng(1)
    return {
        "spikes": (rng.random((2, LENGTH + 40, 9, 11)) < 0.4).astype(np.uint8),
        "images": rng.random((2, 3, 9, 11, 1), np.float32),
        "gain": np.float32([0.5, 0.8]),
    }


def test_window_j_begins_at_readout_20_j(batch):
    got = windows.spikes(batch, LENGTH)
    assert got.shape == (6, LENGTH, 9, 11)
    for scene in range(2):
        for j in range(3):
            expected = batch["spikes"][scene, 20 * j : 20 * j + LENGTH]
            np.testing.assert_array_equal(got[3 * scene + j], expected)


def test_packed_spikes_give_the_same_windows(batch):
    packed = {**batch, "packed": ops.pack_bits(batch["spikes"])}
    del packed["spikes"]
    got = jax.jit(lambda b: windows.spikes(b, LENGTH, first=1))(packed)
    np.testing.assert_array_equal(got, windows.spikes(batch, LENGTH, first=1))


def test_images_gains_and_windows_stay_together(batch):
    for first in (0, 1):
        rates = windows.rates(batch, first=first)
        for index, (scene, j) in enumerate((s, j) for s in range(2) for j in range(first, 3)):
            expected = batch["images"][scene, j] * batch["gain"][scene]
            np.testing.assert_allclose(rates[index], expected, rtol=1e-6)


def test_intensity_undoes_the_gain_and_clips(batch):
    np.testing.assert_allclose(
        windows.intensity(windows.rates(batch), batch), windows.images(batch), atol=1e-6
    )
    assert windows.intensity(windows.rates(batch) + 9, batch).max() == 1


def test_the_preview_is_the_mean_of_the_middle_third(batch):
    got = windows.preview(batch, LENGTH)
    mean = batch["spikes"][1, 20 + 13 : 20 + 28].mean(0) / 0.8
    np.testing.assert_allclose(got[4, ..., 0], np.clip(mean, 0, 1), atol=1e-6)


def test_the_first_window_of_several_does_not_count(batch):
    assert windows.first_counted(batch) == 1
    assert windows.first_counted({"images": jnp.zeros((2, 1, 9, 11, 1))}) == 0


def test_a_wrong_number_of_readouts_is_refused(batch):
    with pytest.raises(ValueError, match="expected 101 readouts for 3 windows of 61, got 81"):
        windows.spikes(batch, 61)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (None, r"expected 'images' to train on, got \['gain', '(packed|spikes)'\]"),
        ((2, 3, 9, 11, 3), r"expected grey images \(B, J, H, W, 1\), got \(2, 3, 9, 11, 3\)"),
        ((2, 3, 36, 44, 1), r"the size of the spikes, got 36x44 with (packed|spikes) of \("),
        ((2, 3, 8, 11, 1), r"the size of the spikes, got 8x11 with"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_images_that_do_not_fit_are_refused(batch, images, message, packed):
    other = dict(batch)
    if packed:
        other["packed"] = ops.pack_bits(other.pop("spikes"))
    del other["images"]
    if images is not None:
        other["images"] = np.zeros(images, np.float32)
    for look in (lambda b: windows.spikes(b, LENGTH), windows.images, windows.first_counted):
        with pytest.raises(ValueError, match=message):
            look(other)
