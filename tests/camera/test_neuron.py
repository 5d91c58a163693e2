import subprocess
import sys

import hypothesis
import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from spikejax.camera import SURROGATES, Surrogate, integrate_and_fire

MOST = 1e-4  # one spike in 10,000 may fall on the other side of a rounding
RESETS = ("subtract", "zero", "modulo")
SOFT = sorted(set(SURROGATES) - {"straight_through"})


def reference(x, theta, v, reset="subtract", strict=False):
    """The pixel in float64 numpy, readout by readout."""
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
    """Below one spike a readout: the steps of the running sum of the current."""
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
    assert same.mean() > 0.98  # a pixel leaves the track for good after one rounding
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


def test_modulo_is_subtract_below_one_spike_a_readout(rng):
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

    def call(x, theta, v):  # the multiplication invites the compiler to fuse it with the addition
        return integrate_and_fire(x * 0.9371, threshold=theta, initial=v, reset=reset)

    call = jax.jit(call) if jitted else call
    spikes, potential = call(x, theta, np.zeros((11, 13), np.float32))
    v, pieces = np.zeros((11, 13), np.float32), []
    for a, b in ((0, 1), (1, 2), (2, 17), (17, 39), (39, 40)):
        piece, v = call(x[a:b], theta[a:b], v)
        pieces.append(piece)
    assert np.array_equal(np.concatenate(pieces), spikes)
    assert np.array_equal(v, potential)


def test_thresholds_of_any_extent(rng):
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


# --- any input

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
def test_blinding_light_fires_at_every_readout(reset, light):
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


def test_after_a_flash_subtract_works_off_the_excess_and_the_others_forget():
    x = np.zeros((30, 1), np.float32)
    x[3] = 5.5
    assert integrate_and_fire(x)[0].sum() == 5
    assert integrate_and_fire(x, reset="modulo")[0].sum() == 1
    assert integrate_and_fire(x, reset="zero")[0].sum() == 1
    x[3] = np.inf  # a million thresholds: still counted one by one
    spikes, potential = integrate_and_fire(x)
    assert spikes.sum() == 27 and potential[0] == 1e6 - 27


def test_a_pixel_of_infinite_threshold_is_dead():
    x = np.float32([[1.0, np.inf]] * 9)
    spikes, potential = integrate_and_fire(x, threshold=np.inf)
    assert spikes.max() == 0 and np.isfinite(potential).all()


# --- gradients


@pytest.mark.parametrize("detach", [True, False])
@pytest.mark.parametrize("gain", [0.17, 0.6, 0.93])
def test_straight_through_gradient_of_the_rate_is_the_gain(rng, gain, detach):
    v = rng.random(500)

    def rate(light, threshold):
        current = gain * jnp.broadcast_to(light, (400, 500))
        return integrate_and_fire(
            current,
            threshold=threshold,
            initial=v * threshold,
            surrogate="straight_through",
            detach_reset=detach,
        )[0].mean()

    rate = jax.jit(rate)
    by_light, by_threshold = jax.grad(rate, (0, 1))(0.8, 1.25)
    assert by_light == pytest.approx(gain / 1.25, rel=1e-3)
    assert by_threshold == pytest.approx(-gain * 0.8 / 1.25**2, rel=1e-3)
    # and it is the truth: the measured rate changes by as much
    difference = (rate(0.9, 1.25) - rate(0.7, 1.25)) / 0.2
    assert by_light == pytest.approx(float(difference), rel=0.01)


def soft_numpy(name, v):
    return {
        "atan": lambda v: np.arctan(np.pi * v) / np.pi,
        "fast_sigmoid": lambda v: v / (1 + 2 * np.abs(v)),
        "triangle": lambda v: np.clip(v, -1, 1) - np.clip(v, -1, 1) * np.abs(np.clip(v, -1, 1)) / 2,
        "sigmoid": lambda v: 0.5 * np.tanh(2 * v),
    }[name](v)


def smoothed(name, reset, detach, x, theta, v, weights, base):
    """The model whose derivative at `base` the gradient is, in float64.

    A spike is the exact one of `base` plus the change of the soft step since. Attached, this soft
    spike resets the potential; detached, the exact one does. How many thresholds a reset takes
    away stays as at `base`. With base=None, returns the base.
    """
    here, result = [], 0.0
    for n, current in enumerate(x):
        v = v + current
        soft = soft_numpy(name, v - theta)
        hard = (v >= theta).astype(float) if base is None else base[n][0]
        count = np.floor(v / theta) if base is None else base[n][2]
        spike = hard if base is None else hard + soft - base[n][1]
        here.append((hard, soft, count))
        taken = hard if detach else spike
        if reset == "zero":
            v = v * (1 - taken)
        else:
            v = v - taken * theta * (count if reset == "modulo" else 1)
        result += np.sum(weights[n] * spike)
    return here if base is None else result + np.sum(weights[-1] * v)


@pytest.mark.parametrize("detach", [True, False])
@pytest.mark.parametrize("reset", RESETS)
@pytest.mark.parametrize("name", SOFT)
def test_gradient_is_that_of_the_smoothed_model(rng, name, reset, detach):
    x, v, theta = rng.random((15, 6)) * 1.4, rng.random(6), 0.8 + 0.3 * rng.random(6)
    weights = rng.normal(size=(15, 6))

    def loss(x, theta, v):
        spikes, potential = integrate_and_fire(
            x, threshold=theta, initial=v, reset=reset, surrogate=name, detach_reset=detach
        )
        return jnp.sum(jnp.float32(weights) * spikes) + jnp.sum(
            jnp.float32(weights[-1]) * potential
        )

    at, names = (x, theta, v), ("current", "threshold", "initial")
    base = smoothed(name, reset, detach, *at, weights, None)
    directions = [rng.normal(size=a.shape) for a in at]

    @jax.jit
    def both_modes(at, directions):
        return jax.grad(loss, (0, 1, 2))(*at), jax.jvp(loss, at, directions)[1]

    single = tuple(map(jnp.float32, at)), tuple(map(jnp.float32, directions))
    gradients, forward = both_modes(*single)
    total, step = 0.0, 1e-6
    for which in range(3):
        moves = [d * (k == which) for k, d in enumerate(directions)]
        above, below = (
            smoothed(
                name,
                reset,
                detach,
                *(a + h * m for a, m in zip(at, moves, strict=True)),
                weights,
                base,
            )
            for h in (step, -step)
        )
        want = (above - below) / (2 * step)
        reverse = np.sum(np.asarray(gradients[which], float) * directions[which])
        assert reverse == pytest.approx(want, rel=2e-3, abs=2e-3), names[which]
        total += want
    assert float(forward) == pytest.approx(total, rel=2e-3, abs=2e-3)


def test_detached_reset_raises_all_later_spikes_and_attached_does_not():
    x = np.full((50,), 0.37, np.float32)

    def last(x, detach):
        return integrate_and_fire(x, detach_reset=detach)[0][-1]

    detached, attached = (np.asarray(jax.grad(last)(x, d)) for d in (True, False))
    assert np.all(detached == detached[-1]) and detached[-1] > 0
    assert attached[-1] > 0 and np.abs(attached[:10]).max() < 1e-3 * attached[-1]


def test_a_surrogate_of_another_width():
    x = np.full((5,), 0.3, np.float32)
    narrow, wide = (
        jax.grad(lambda x, s=s: integrate_and_fire(x, surrogate=s)[0][1])(x)[1]
        for s in (Surrogate("atan", 20.0), Surrogate("atan", 2.0))
    )
    v = 0.6 - 1
    assert wide == pytest.approx(1 / (1 + (np.pi * v) ** 2), rel=1e-5)
    assert narrow == pytest.approx(10 / (1 + (10 * np.pi * v) ** 2), rel=1e-5)


@pytest.mark.parametrize("every", [1, 7, 12])
@pytest.mark.parametrize("per_readout", [False, True])
def test_recomputation_changes_nothing(rng, every, per_readout):
    x = np.float32(rng.random((36, 4, 5)))
    theta = np.float32(0.9 + 0.2 * rng.random((36, 4, 5) if per_readout else (4, 5)))

    def loss(x, theta, every):
        spikes, potential = integrate_and_fire(x, threshold=theta, checkpoint_every=every)
        return jnp.sum(spikes * x) + potential.sum(), spikes

    differentiate = jax.jit(jax.grad(loss, (0, 1), has_aux=True), static_argnums=2)
    want, spikes = differentiate(x, theta, None)
    got, same = differentiate(x, theta, every)
    assert np.array_equal(spikes, same)
    for a, b in zip(want, got, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)


def kept_for_backward(every):
    x = jnp.full((256, 10, 10), 0.2)
    _, backward = jax.vjp(lambda x: integrate_and_fire(x, checkpoint_every=every)[0], x)
    return sum(leaf.nbytes for leaf in jax.tree.leaves(backward)) / x.nbytes


def test_the_gradient_keeps_one_number_and_one_bit_a_readout():
    assert kept_for_backward(None) < 1.3


def test_with_recomputation_the_gradient_keeps_the_current_and_little_else():
    assert kept_for_backward(16) < 1.1  # the current, which the caller has anyway, is 1


@pytest.mark.slow
def test_a_thousand_readouts_differentiate_in_under_4_gb():
    code = """
import resource, jax, jax.numpy as jnp
from spikejax.camera import integrate_and_fire
x = jnp.full((1000, 250, 400), 0.2)
loss = lambda x: jnp.sum(integrate_and_fire(x, checkpoint_every=50)[0] ** 2)
assert jnp.isfinite(jax.jit(jax.grad(loss))(x)).all()
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert float(run.stdout) < 4


# --- what is refused


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
