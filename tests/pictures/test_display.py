import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikejax.formats import FormatError
from spikejax.formats.pixels import as_image, quantise
from spikejax.pictures import DATA, SCREEN, Display

anything = st.lists(st.floats(width=32, allow_nan=True), min_size=1, max_size=20)


@given(anything, st.sampled_from([DATA, SCREEN, Display(gain=3.0, levels=(-1.0, 0.5), gamma=1.8)]))
def test_display_values_are_finite_and_within_0_and_1(values, display):
    with np.errstate(over="ignore"):
        displayed = display(np.float32(values))
    assert displayed.dtype == np.float32
    assert ((displayed >= 0) & (displayed <= 1)).all()


def test_data_display_clips_only(rng):
    image = rng.random((4, 5), dtype=np.float32)
    np.testing.assert_array_equal(DATA(image), image)
    np.testing.assert_array_equal(DATA(np.float32([-0.5, 1.5])), [0, 1])


def test_order_is_stretch_gain_clip_gamma():
    display = Display(levels=(0.2, 0.6), gain=0.5, gamma=2.0)
    image = np.float32([0.1, 0.2, 0.4, 0.6, 2.0])
    np.testing.assert_allclose(display(image), np.sqrt([0, 0, 0.25, 0.5, 1.0]), rtol=1e-6)


def test_percentiles_are_scipys(rng):
    import scipy.stats

    image = rng.normal(size=(50, 60)).astype(np.float32)
    low, high = scipy.stats.scoreatpercentile(image, [2, 97])
    expected = np.clip((image - low) / (high - low), 0, 1)
    np.testing.assert_allclose(Display(percentiles=(2, 97))(image), expected, atol=1e-6)


def test_a_fixed_stretch_is_the_same_for_all_images(rng):
    first = rng.random((8, 9), dtype=np.float32)
    display = SCREEN.fixed(first)
    assert display.percentiles is None
    assert display.levels == pytest.approx(tuple(np.percentile(first, [0.5, 99.5])))
    np.testing.assert_allclose(display(first), SCREEN(first), atol=1e-6)
    np.testing.assert_array_equal(display(np.stack([first, first / 2]))[1], display(first / 2))
    assert DATA.fixed(first) is DATA


def test_a_fixed_stretch_uses_the_percentiles_of_all_images(rng):
    images = [rng.random((4, 5)) * k for k in (1, 2, 3)]
    expected = tuple(np.percentile(np.stack(images), [0.5, 99.5]))
    assert SCREEN.fixed(images).levels == pytest.approx(expected)


def test_large_images_are_sampled(rng):
    image = rng.random((2000, 1500), dtype=np.float32)
    assert SCREEN.fixed(image).levels == pytest.approx((0.005, 0.995), abs=5e-4)


@pytest.mark.parametrize("value", [0.0, 0.5, np.nan])
def test_an_image_of_one_intensity_is_not_stretched(value):
    image = np.full((3, 4), value, np.float32)
    expected = 0 if np.isnan(value) else value
    np.testing.assert_array_equal(Display(percentiles=(1, 99))(image), np.full((3, 4), expected))


@pytest.mark.parametrize(
    "options",
    [
        {"gain": 0},
        {"gain": np.nan},
        {"gamma": -2.2},
        {"levels": (1, 0)},
        {"levels": (0, np.inf)},
        {"percentiles": (5, 5)},
        {"percentiles": (-1, 99)},
        {"percentiles": (1, 101)},
        {"percentiles": (1, 99), "levels": (0, 1)},
    ],
)
def test_impossible_displays_are_refused(options):
    with pytest.raises(ValueError, match="expected"):
        Display(**options)


def test_images_are_grey_or_rgb():
    import jax.numpy as jnp

    assert as_image(np.zeros((2, 3, 1))).shape == (2, 3)
    assert as_image(np.zeros((2, 3, 3), bool)).dtype == np.float32
    assert as_image(jnp.zeros((2, 3), jnp.bfloat16)).dtype == np.float32
    for shape in ((3,), (2, 3, 4), (1, 2, 3, 1), (0, 3)):
        with pytest.raises(FormatError, match=r"\(H, W\) or \(H, W, 3\), got"):
            as_image(np.zeros(shape))
    for dtype in (np.uint8, np.int32, complex, "U1", [("a", "f4")]):
        with pytest.raises(FormatError, match="expected float intensity"):
            as_image(np.zeros((2, 3), dtype))


@pytest.mark.parametrize("bits", [8, 16])
def test_quantising_rounds_to_the_nearest(bits):
    import skimage.util

    values = np.linspace(0, 1, 1001, dtype=np.float32)
    convert = skimage.util.img_as_ubyte if bits == 8 else skimage.util.img_as_uint
    difference = quantise(values, bits).astype(int) - convert(values.astype(np.float64))
    assert np.abs(difference).max() <= 1 and np.count_nonzero(difference) <= 5  # ties
    levels = np.arange(1 << bits)
    np.testing.assert_array_equal(quantise(np.float32(levels / levels[-1]), bits), levels)


def test_stretch_of_a_video_does_not_flicker():
    """A scene that darkens stays darker, although each frame alone would be stretched."""
    ramp = np.tile(np.linspace(0, 1, 32, dtype=np.float32), (16, 1))
    frames = (ramp * (0.4 if i < 40 else 0.1) for i in range(80))
    peaks = [frame.max() for frame in SCREEN.frames(frames)]
    assert np.ptp(peaks[:40]) == 0
    assert peaks[0] == 1
    assert peaks[-1] == pytest.approx((0.1 / 0.4) ** (1 / 2.2), abs=0.02)


def test_levels_hold_for_all_frames_of_a_video():
    frames = [np.full((8, 8), v, np.float32) for v in (0.2, 0.5, 0.8)]
    values = [frame[0, 0] for frame in Display(levels=(0.2, 0.8)).frames(frames)]
    np.testing.assert_allclose(values, [0, 0.5, 1], atol=1e-6)


def test_frames_of_a_video_are_mapped_lazily():
    consumed = []

    def frames():
        for n in range(5):
            consumed.append(n)
            yield np.full((2, 2), n / 5, np.float32)

    mapped = DATA.frames(frames())
    next(mapped)
    assert consumed == [0]
    assert len(list(mapped)) == 4
    with pytest.raises(FormatError, match="frame 1: expected float"):
        list(DATA.frames([np.zeros((2, 2)), np.zeros((2, 2), np.uint8)]))
