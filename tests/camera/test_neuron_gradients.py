"""Tests of the gradients of integrate and fire: values, surrogates and memory."""

import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from spikejax.camera import SURROGATES, Surrogate, integrate_and_fire

RESETS = ("subtract", "zero", "modulo")
SOFT = sorted(set(SURROGATES) - {"straight_through"})


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
    # the measured rate changes by the same amount
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
    """Evaluates the smooth model whose derivative at `base` is the gradient, in float64.

    A spike is the exact spike of `base` plus the change of the soft step from `base`. An attached
    reset uses this soft spike, a detached reset the exact one. The number of thresholds in a reset
    is that of `base`. With base=None, returns the base.
    """
    states, result = [], 0.0
    for n, current in enumerate(x):
        v = v + current
        soft = soft_numpy(name, v - theta)
        hard = (v >= theta).astype(float) if base is None else base[n][0]
        count = np.floor(v / theta) if base is None else base[n][2]
        spike = hard if base is None else hard + soft - base[n][1]
        states.append((hard, soft, count))
        reset_by = hard if detach else spike
        if reset == "zero":
            v = v * (1 - reset_by)
        else:
            v = v - reset_by * theta * (count if reset == "modulo" else 1)
        result += np.sum(weights[n] * spike)
    return states if base is None else result + np.sum(weights[-1] * v)


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


def test_surrogates_have_a_width():
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


def stored_for_backward(every):
    """Returns the memory of the backward pass relative to the current."""
    x = jnp.full((256, 10, 10), 0.2)
    _, backward = jax.vjp(lambda x: integrate_and_fire(x, checkpoint_every=every)[0], x)
    return sum(leaf.nbytes for leaf in jax.tree.leaves(backward)) / x.nbytes


def test_the_gradient_stores_one_number_and_one_bit_per_readout():
    assert stored_for_backward(None) < 1.3


def test_with_recomputation_the_gradient_stores_little_beyond_the_current():
    assert stored_for_backward(16) < 1.1  # the current itself is 1


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
