import hypothesis
import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from spikejax.camera import SURROGATES, integrate_and_fire

MOST = 1e-4  # rounding may change one spike in 10,000
RESETS = ("subtract", "zero", "modulo")


def reference(x, theta, v, reset="subtract", strict=False):
    """Simulates pixels in float64 numpy, readout by readout."""
    spikes = []
    for current in np.asarray(x, float):
        v = v + current
        s = v > theta if strict else v >= theta
        v = np.where(s, {"subtract": v - theta, "zero": 0 * v, "modulo": v % theta}[reset], v)
        spikes.append(s)
    return np.array(spikes), v


# --- forward


def test_published_circuit(golden):
    z = golden("simulate")
    light = np.concatenate([z["circuit_first_frame"][None], z["scene"]])
    current = light * np.float32(z["circuit_gain"])
    spikes, _ = integrate_and_fire(current, threshold=2.0, reset="modulo", strict=True)
    assert np.mean(np.asarray(spikes[1:]) != z["circuit_spikes"]) <= MOST


@pytest.mark.parametrize("jitted", [False, True])
def test_ideal_pixel(golden, jitted):
    z = golden("simulate")
    call = jax.jit(integrate_and_fire) if jitted else integrate_and_fire
    spikes, _ = call(z["scene"], threshold=2.0, initial=z["ideal_initial"])
    assert np.mean(np.asarray(spikes) != z["ideal_spikes"]) <= MOST


def test_closed_form(rng):
    """Below one spike per readout, spikes are the steps of the cumulative current."""
    x, v, theta = rng.random((300, 20, 30)), rng.random((20, 30)), 1.3
    total = np.floor(np.concatenate([v[None], v + np.cumsum(x, 0)]) / theta)
    spikes, _ = integrate_and_fire(np.float32(x), threshold=theta, initial=v)
    assert np.mean(np.asarray(spikes) != np.diff(total, axis=0)) <= MOST


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("reset", RESETS)
def test_agrees_with_a_loop_also_above_saturation(rng, reset, strict):
    x, v = rng.random((80, 9, 7)) * 2.5 - 0.2, rng.random((9, 7))
    theta = 0.8 + 0.4 * rng.random((9, 7))
    spikes, potential = integrate_and_fire(
        np.float32(x), threshold=theta, initial=v, reset=reset, strict=strict
    )
    want, last = reference(x, theta, v, reset, strict)
    same = np.all(np.asarray(spikes) == want, 0)
    assert same.mean() > 0.98  # one rounding changes all later spikes of a pixel
    np.testing.assert_allclose(potential, last, atol=1e-4) if same.all() else None
    np.testing.assert_allclose(np.asarray(potential)[same], last[same], atol=1e-4)


@hypothesis.given(
    hnp.arrays(np.float32, (12, 3), elements=st.floats(0, 3, width=32, allow_subnormal=False)),
    st.floats(0.125, 4, width=32),
)
def test_subtract_keeps_all_charge(x, theta):
    spikes, potential = integrate_and_fire(x, threshold=theta)
    spikes = np.asarray(spikes, float)
    assert np.isin(spikes, (0, 1)).all()
    np.testing.assert_allclose(potential, x.sum(0, dtype=float) - theta * spikes.sum(0), atol=1e-4)


def test_modulo_is_subtract_below_one_spike_per_readout(rng):
    x = np.float32(rng.random((200, 50)))
    a, b = (integrate_and_fire(x, reset=r) for r in ("subtract", "modulo"))
    assert np.array_equal(a[0], b[0]) and np.array_equal(a[1], b[1])


def test_zero_reset_loses_the_residue():
    x = np.full((600, 1), 0.3, np.float32)
    assert integrate_and_fire(x)[0].mean() == pytest.approx(0.3, abs=0.002)
    assert integrate_and_fire(x, reset="zero")[0].mean() == 0.25


def test_strict_fires_above_the_threshold_only():
    quarters = np.full((9,), 0.25, np.float32)
    assert integrate_and_fire(quarters)[0].tolist() == [0, 0, 0, 1, 0, 0, 0, 1, 0]
    assert integrate_and_fire(quarters, strict=True)[0].tolist() == [0, 0, 0, 0, 1, 0, 0, 0, 1]


@pytest.mark.parametrize("reset", RESETS)
@pytest.mark.parametrize("jitted", [False, True])
def test_a_stream_cut_anywhere_gives_the_same_spikes(rng, reset, jitted):
    x = np.float32(rng.random((40, 11, 13)) * 1.5)
    theta = np.float32(0.7 + rng.random((40, 11, 13)))

    def call(x, theta, v):  # the compiler could fuse the multiplication with the addition
        return integrate_and_fire(x * 0.9371, threshold=theta, initial=v, reset=reset)

    call = jax.jit(call) if jitted else call
    spikes, potential = call(x, theta, np.zeros((11, 13), np.float32))
    v, pieces = np.zeros((11, 13), np.float32), []
    for a, b in ((0, 1), (1, 2), (2, 17), (17, 39), (39, 40)):
        piece, v = call(x[a:b], theta[a:b], v)
        pieces.append(piece)
    assert np.array_equal(np.concatenate(pieces), spikes)
    assert np.array_equal(v, potential)


def test_thresholds_broadcast(rng):
    x = np.float32(rng.random((30, 4, 5)))
    a, _ = integrate_and_fire(x, threshold=1.5)
    for shape in ((), (1, 1), (4, 1), (4, 5), (30, 4, 5), (30, 1, 1), (1, 4, 5)):
        b, _ = integrate_and_fire(x, threshold=np.full(shape, 1.5))
        assert np.array_equal(a, b), shape
    jitter = 1 + rng.random((30, 1, 1))
    c, _ = integrate_and_fire(x, threshold=jitter)
    d, _ = integrate_and_fire(x, threshold=np.broadcast_to(jitter, x.shape))
    assert np.array_equal(c, d) and not np.array_equal(a, c)


def test_pixels_of_any_shape(rng):
    x = np.float32(rng.random((20, 2, 3, 4)))
    whole, _ = integrate_and_fire(x)
    one, _ = integrate_and_fire(x[:, 1, 2, 3])
    mapped, _ = jax.vmap(integrate_and_fire)(np.moveaxis(x, 1, 0))
    assert np.array_equal(whole[:, 1, 2, 3], one)
    assert np.array_equal(np.moveaxis(np.asarray(mapped), 0, 1), whole)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_spikes_are_float32_for_narrower_currents(dtype):
    spikes, potential = integrate_and_fire(jnp.full((9, 2), 0.25, dtype))
    assert spikes.dtype == potential.dtype == jnp.float32
    assert spikes.sum() == 4


# --- extreme inputs

LIGHT = {
    "none": 0.0,
    "huge": 3e38,
    "infinite": np.inf,
    "negative": -3e38,
    "minus infinity": -np.inf,
}


@pytest.mark.parametrize("surrogate", sorted(SURROGATES))
@pytest.mark.parametrize("reset", RESETS)
@pytest.mark.parametrize("detach", [True, False])
def test_no_input_makes_nan(reset, surrogate, detach):
    row = [0, 1e-45, 0.3, 1, 1e6, 3e38, np.inf, -1, -3e38, -np.inf, np.nan]
    x = np.float32([np.roll(row, k) for k in range(len(row))] * 3)

    def total(x, theta, v):
        spikes, potential = integrate_and_fire(
            x, threshold=theta, initial=v, reset=reset, surrogate=surrogate, detach_reset=detach
        )
        return spikes.sum() + 1e-9 * potential.sum(), (spikes, potential)

    theta = jnp.full(len(row), 1.0)
    differentiate = jax.jit(jax.grad(total, (0, 1, 2), has_aux=True))
    gradients, outputs = differentiate(x, theta, jnp.float32(row))
    for array in (*gradients, *outputs):
        assert np.isfinite(array).all()
    assert np.isin(outputs[0], (0, 1)).all()


@pytest.mark.parametrize("reset", RESETS)
@pytest.mark.parametrize("light", ["huge", "infinite"])
def test_infinite_light_fires_at_every_readout(reset, light):
    spikes, _ = integrate_and_fire(np.full((20, 2), LIGHT[light], np.float32), reset=reset)
    assert spikes.min() == 1


@pytest.mark.parametrize("light", ["none", "negative", "minus infinity"])
def test_darkness_does_not_fire(light):
    spikes, potential = integrate_and_fire(np.full((20, 2), LIGHT[light], np.float32), initial=0.9)
    assert spikes.max() == 0
    assert potential[0] == (np.float32(0.9) if light == "none" else -1e6)


def test_nan_counts_as_no_current(rng):
    x = np.float32(rng.random((40, 5)))
    zero, nan = x.copy(), x.copy()
    zero[::3], nan[::3] = 0, np.nan
    for a, b in zip(integrate_and_fire(zero), integrate_and_fire(nan), strict=True):
        assert np.array_equal(a, b)
    assert np.array_equal(integrate_and_fire(zero, initial=np.nan)[0], integrate_and_fire(zero)[0])


def test_after_a_flash_only_subtract_fires_the_excess():
    x = np.zeros((30, 1), np.float32)
    x[3] = 5.5
    assert integrate_and_fire(x)[0].sum() == 5
    assert integrate_and_fire(x, reset="modulo")[0].sum() == 1
    assert integrate_and_fire(x, reset="zero")[0].sum() == 1
    x[3] = np.inf  # clipped to a million thresholds, still counted one by one
    spikes, potential = integrate_and_fire(x)
    assert spikes.sum() == 27 and potential[0] == 1e6 - 27


def test_a_pixel_of_infinite_threshold_is_dead():
    x = np.float32([[1.0, np.inf]] * 9)
    spikes, potential = integrate_and_fire(x, threshold=np.inf)
    assert spikes.max() == 0 and np.isfinite(potential).all()


# --- errors


@pytest.mark.parametrize(
    ("current", "options", "message"),
    [
        (np.ones((3, 2), np.uint8), {}, "current: expected floating values, got uint8"),
        (np.float32(1), {}, r"current: expected \(T, ...\) with T >= 1, got shape \(\)"),
        (np.ones((0, 2), np.float32), {}, r"got shape \(0, 2\)"),
        (np.ones((3, 2, 4), np.float32), {"threshold": np.ones(4)}, r"threshold: .*\(2, 4\)"),
        (np.ones((3, 2, 4), np.float32), {"threshold": np.ones((2, 3))}, "threshold: expected"),
        (np.ones((3, 2, 4), np.float32), {"threshold": np.ones((2, 2, 4))}, r"got \(2, 2, 4\)"),
        (np.ones((3, 2), np.float32), {"threshold": 0.0}, "threshold: expected positive"),
        (np.ones((3, 2), np.float32), {"threshold": np.nan}, "threshold: expected positive"),
        (np.ones((3, 2), np.float32), {"initial": np.ones((3, 2))}, r"initial: .*got \(3, 2\)"),
        (np.ones((3, 2), np.float32), {"reset": "none"}, "reset: expected one of subtract"),
        (np.ones((3, 2), np.float32), {"surrogate": "relu"}, "surrogate: expected one of atan"),
        (np.ones((3, 2), np.float32), {"checkpoint_every": 0}, "checkpoint_every: expected 1"),
    ],
)
def test_wrong_arguments_are_named(current, options, message):
    with pytest.raises(ValueError, match=message):
        integrate_and_fire(current, **options)
