import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate

from spikejax.camera import SURROGATES
from spikejax.camera.surrogate import as_surrogate, atan, fast_sigmoid, sigmoid, triangle

SOFT = sorted(set(SURROGATES) - {"straight_through"})
V = np.linspace(-3, 3, 61) + 0.013  # off the kinks
FORMULAS = {
    "atan": lambda v: 1 / (1 + (np.pi * v) ** 2),
    "fast_sigmoid": lambda v: 1 / (1 + 2 * np.abs(v)) ** 2,
    "triangle": lambda v: np.maximum(0, 1 - np.abs(v)),
    "sigmoid": lambda v: 4 * np.exp(-4 * v) / (1 + np.exp(-4 * v)) ** 2,
}


@pytest.mark.parametrize("name", SOFT)
def test_slope_follows_its_formula(name):
    slope = jax.jit(SURROGATES[name].slope)(jnp.float32(V))
    np.testing.assert_allclose(slope, FORMULAS[name](V), rtol=1e-5, atol=1e-7)


def test_widths_change_the_formula():
    v = jnp.float32(V)
    alpha_3 = 1.5 / (1 + (1.5 * np.pi * V) ** 2)
    np.testing.assert_allclose(atan(3.0).slope(v), alpha_3, rtol=1e-5)
    np.testing.assert_allclose(fast_sigmoid(25.0).slope(v), 1 / (1 + 25 * np.abs(V)) ** 2, 1e-5)
    assert sigmoid(1.0).slope(jnp.zeros(())) == 0.25


@pytest.mark.parametrize("name", SOFT)
def test_soft_step_is_the_antiderivative_of_the_slope(name):
    surrogate = SURROGATES[name]
    derivative = jax.vmap(jax.grad(surrogate.soft))(jnp.float32(V))
    np.testing.assert_allclose(derivative, surrogate.slope(jnp.float32(V)), rtol=1e-4, atol=1e-6)
    assert surrogate.soft(jnp.zeros(())) == 0.5


@pytest.mark.parametrize("name", SOFT)
def test_all_surrogates_have_slope_one_at_the_threshold_and_rise_from_0_to_1(name):
    assert SURROGATES[name].slope(jnp.zeros(())) == 1
    half = (
        integrate.quad(FORMULAS[name], 0, 50)[0]
        + integrate.quad(FORMULAS[name], 50, 1e7, limit=500)[0]
    )
    assert half == pytest.approx(0.5, abs=1e-3)
    ends = SURROGATES[name].soft(jnp.float32([-1e6, 1e6]))
    np.testing.assert_allclose(ends, [0, 1], atol=1e-6)


@pytest.mark.parametrize("name", SOFT)
def test_far_from_the_threshold_the_slope_vanishes(name):
    far = jnp.float32([-np.inf, -3e38, -1e6, 1e6, 3e38, np.inf])
    slope = np.asarray(SURROGATES[name].slope(far))
    assert np.all((slope >= 0) & (slope < 1e-6))


def test_names_and_objects():
    assert as_surrogate("triangle") == triangle()
    assert as_surrogate(atan(3.0)) != as_surrogate("atan")
    with pytest.raises(ValueError, match=r"surrogate: expected one of atan, .*got 'relu'"):
        as_surrogate("relu")
