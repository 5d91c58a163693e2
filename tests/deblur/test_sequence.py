"""Teacher and student against their parts, and what is refused."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from spikejax import deblur, models, ops, weights
from spikejax.camera import ExposureTiming
from spikejax.deblur import Teacher

EXPOSURE = ExposureTiming(readouts=9, margin=8, short=5)


@pytest.fixture(scope="module")
def teacher():
    keys = jax.random.split(jax.random.key(0))
    bsn, edsr = (models.create(n).init(k) for n, k in zip(("bsn", "edsr"), keys, strict=True))
    return Teacher(bsn, edsr)


@pytest.fixture(scope="module")
def student():
    return models.create("ldn").init(jax.random.key(1))


@pytest.fixture
def pair(rng):
    blur = jnp.asarray(rng.random((2, 32, 48, 3)), jnp.float32)
    return blur, (rng.random((2, EXPOSURE.length, 8, 12)) < 0.4).astype(np.uint8)


def test_the_teacher_is_sdm_over_what_the_networks_make_of_the_averages(teacher, pair):
    blur, spikes = pair
    times = (8, 12)
    images = deblur.teacher_frames(teacher, blur, spikes, times, EXPOSURE, blind=True)
    assert images.shape == (2, 2, 32, 48, 3)
    bsn, edsr = models.create("bsn", square="none"), models.create("edsr")
    short = spikes[:, 10:15].astype(np.float32).mean(1)[..., None]
    short = np.clip(bsn.apply(teacher.bsn, short), 0, 1)
    short = np.clip(edsr.apply(teacher.edsr, short), 0, 1)
    long = spikes[:, 8:17].astype(np.float32).mean(1)[..., None]
    long = np.clip(edsr.apply(teacher.edsr, long), 0, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = np.clip(np.where(long > 0, np.asarray(blur) / long * short, 0), 0, 1)
    np.testing.assert_allclose(images[:, 1], expected, atol=1e-5)


def test_the_teacher_weighs_predictions_with_the_averages(teacher, pair):
    check_weighing_teacher(teacher, *pair, EXPOSURE, 12, 5)


def test_at_the_ends_of_a_recording_averages_are_of_fewer_readouts(teacher, pair):
    blur, spikes = pair
    check_weighing_teacher(teacher, blur, spikes[:, 8:17], ExposureTiming(9, 0, 5), 0, 3)


def check_weighing_teacher(teacher, blur, spikes, exposure, time, readouts):
    bsn, edsr = models.create("bsn", square="none"), models.create("edsr")
    noisy = deblur.short_tfp(spikes, (time,), exposure)[:, 0]
    short = deblur.posterior_mean(jnp.clip(bsn.apply(teacher.bsn, noisy), 0, 1), noisy, readouts)
    short = jnp.clip(edsr.apply(teacher.edsr, short), 0, 1)
    long = jnp.clip(edsr.apply(teacher.edsr, deblur.long_tfp(spikes, exposure)), 0, 1)
    images = deblur.teacher_frames(teacher, blur, spikes, (time,), exposure)
    expected = jnp.clip(deblur.sdm(blur, long, short), 0, 1)
    np.testing.assert_allclose(images[:, 0], expected, atol=1e-5)


@pytest.mark.parametrize("error", [0.02, 0.05, 0.2])
def test_the_posterior_mean_errs_as_the_best_linear_estimate_does(rng, error):
    """Steady trains at any phase: the variance of their averages is known in closed form."""
    n, rates = 9, rng.random((1, 256, 256, 1))
    noisy = np.floor(n * rates + rng.random(rates.shape)) / n
    predicted = rates + error * rng.standard_normal(rates.shape)
    made = deblur.posterior_mean(*(jnp.asarray(x, jnp.float32) for x in (predicted, noisy)), n)
    noise = 1 / (6 * n**2)
    np.testing.assert_allclose(np.mean((noisy - rates) ** 2), noise, rtol=0.02)
    best = noise * error**2 / (noise + error**2)
    reached = float(np.mean((np.asarray(made) - rates) ** 2))
    assert best * 0.97 < reached < best * 1.08


@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (2, 5, 20, 1), (1, 30, 13, 1)])
def test_the_posterior_mean_weighs_by_the_differences_in_a_window(rng, shape):
    """Pixel by pixel, as its description says; the right half is predicted worse."""
    predicted, noisy = rng.random((2, *shape))
    noisy[:, :, : shape[2] // 2] = 0.9 * predicted[:, :, : shape[2] // 2]
    expected = np.empty(shape)
    for b, y, x, _ in np.ndindex(shape):
        window = b, slice(max(y - 6, 0), y + 7), slice(max(x - 6, 0), x + 7)
        seen = np.mean((noisy[window] - predicted[window]) ** 2)
        share = max(0, 1 - 1 / (6 * 81) / seen)
        expected[b, y, x] = predicted[b, y, x] + share * (noisy[b, y, x] - predicted[b, y, x])
    given = (jnp.asarray(x, jnp.float32) for x in (predicted, noisy))
    np.testing.assert_allclose(jax.jit(deblur.posterior_mean)(*given, 9), expected, atol=1e-5)


def test_a_prediction_within_the_noise_is_kept():
    same = jnp.full((1, 20, 20, 1), 0.4)
    np.testing.assert_array_equal(deblur.posterior_mean(same, same, 9), same)
    np.testing.assert_array_equal(deblur.posterior_mean(same, same + 0.04, 9), same)


def test_predictions_of_other_images_are_refused():
    with pytest.raises(ValueError, match=r"both \(B, h, w, 1\), got \(1, 4, 4, 1\) and \(2, 4"):
        deblur.posterior_mean(jnp.zeros((1, 4, 4, 1)), jnp.zeros((2, 4, 4, 1)), 9)


def test_the_teacher_in_half_precision_stays_near(teacher, pair):
    whole, half = (
        deblur.teacher_frames(teacher, *pair, (12,), EXPOSURE, dtype=dtype)
        for dtype in (jnp.float32, jnp.bfloat16)
    )
    assert half.dtype == jnp.float32
    assert jnp.abs(whole - half).mean() < 0.02


def test_the_student_sees_the_photograph_and_21_readouts(student, pair):
    blur, spikes = pair
    images = deblur.student_frames(student, blur, spikes, (9, 12), EXPOSURE)
    expected = models.create("ldn").apply(student, blur, spikes[:, 2:23])
    np.testing.assert_allclose(images[:, 1], np.clip(expected, 0, 1), atol=1e-6)


def test_without_networks_averages_are_enlarged_bilinearly(pair):
    blur, spikes = pair
    images = deblur.sdm_frames(blur, spikes, (12,), EXPOSURE)
    enlarged = [
        ops.resize_bilinear(jnp.asarray(x.astype(np.float32).mean(1)[..., None]), 32, 48)
        for x in (spikes[:, 8:17], spikes[:, 10:15])
    ]
    expected = jnp.clip(deblur.sdm(blur, *enlarged), 0, 1)
    np.testing.assert_allclose(images[:, 0], expected, atol=1e-6)


@pytest.mark.parametrize("method", ["student", "teacher", "sdm"])
def test_a_sequence_has_the_images_of_the_batch(teacher, student, pair, method):
    blur, spikes = pair
    times = EXPOSURE.times(3)
    networks = {
        "student": {"ldn": student},
        "teacher": {"bsn": teacher.bsn, "edsr": teacher.edsr},
        "sdm": {},
    }[method]
    batch = {
        "student": lambda: deblur.student_frames(student, blur, spikes, times, EXPOSURE),
        "teacher": lambda: deblur.teacher_frames(teacher, blur, spikes, times, EXPOSURE),
        "sdm": lambda: deblur.sdm_frames(blur, spikes, times, EXPOSURE),
    }[method]()
    made = list(
        deblur.frames(
            np.asarray(blur[1]),
            spikes[1],
            method=method,
            times=times,
            weights=networks,
            exposure=EXPOSURE,
        )
    )
    assert [time for time, _ in made] == list(times)
    np.testing.assert_allclose(np.stack([image for _, image in made]), batch[1], atol=1e-5)


def test_a_sequence_may_be_that_of_the_published_teacher(teacher, pair):
    blur, spikes = pair
    networks = {"bsn": teacher.bsn, "edsr": teacher.edsr}
    options = {"method": "teacher", "times": (12,), "weights": networks, "exposure": EXPOSURE}
    ((_, image),) = deblur.frames(blur[0], spikes[0], **options, blind=True)
    batch = deblur.teacher_frames(teacher, blur, spikes, (12,), EXPOSURE, blind=True)
    np.testing.assert_allclose(image, batch[0, 0], atol=1e-5)


def test_weights_may_be_files(student, pair, tmp_path):
    blur, spikes = np.asarray(pair[0][0]), pair[1][0]
    weights.save(tmp_path / "ldn.safetensors", student, model="ldn")
    options = {"times": (12,), "exposure": EXPOSURE}
    (_, read), (_, given) = (
        next(deblur.frames(blur, spikes, weights={"ldn": w}, **options))
        for w in (tmp_path / "ldn.safetensors", student)
    )
    np.testing.assert_array_equal(read, given)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"method": "magic"}, "student, teacher, stir, sdm"),
        ({"times": (2,)}, "8 to 16"),
        ({"weights": {"lrn": {}}}, "no network 'lrn'"),
        ({"exposure": ExposureTiming()}, "97 readouts of the exposure and 20 before and after"),
    ],
)
def test_wrong_options_are_refused_before_anything_is_computed(pair, change, message):
    blur, spikes = np.asarray(pair[0][0]), pair[1][0]
    with pytest.raises(ValueError, match=message):
        deblur.frames(blur, spikes, **{"method": "sdm", "exposure": EXPOSURE, **change})


@pytest.mark.parametrize("method", ["sdm", "student"])
def test_any_number_but_zero_is_a_spike(student, pair, method):
    blur, spikes = np.asarray(pair[0][0]), pair[1][0]
    networks = {"ldn": student} if method == "student" else {}
    options = {"method": method, "times": (12,), "exposure": EXPOSURE, "weights": networks}
    (_, ones), (_, many) = (next(deblur.frames(blur, s, **options)) for s in (spikes, 255 * spikes))
    np.testing.assert_array_equal(ones, many)


def test_a_photograph_of_8_bit_values_is_refused(pair):
    blur, spikes = np.asarray(pair[0][0]), pair[1][0]
    with pytest.raises(ValueError, match="divide 8-bit values by 255"):
        deblur.frames(255 * blur, spikes, method="sdm", exposure=EXPOSURE)


def test_another_ratio_is_refused_and_named(pair):
    blur, spikes = np.asarray(pair[0][0]), pair[1][0]
    with pytest.raises(ValueError, match="got 16x48 and 8x12: 2 and 4 times"):
        deblur.frames(blur[:16], spikes, method="sdm", exposure=EXPOSURE)
