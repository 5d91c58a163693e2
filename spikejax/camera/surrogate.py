"""Surrogate derivatives of the threshold step.

The forward pass computes exact spikes: 1 where the potential reaches the threshold, else 0. The
backward pass uses the derivative of a soft step in v = potential - threshold. With their default
widths all soft steps rise from 0 to 1 with slope 1 at v = 0, so they can be exchanged without
rescaling a learning rate. `soft` is the antiderivative of `slope`.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import jax
import jax.numpy as jnp


@dataclass(frozen=True)
class Surrogate:
    """A soft step and its slope, both functions of v = potential - threshold, elementwise.

    Attributes:
        name: the key in `SURROGATES`; surrogates are equal if name and width are equal.
        width: the parameter of the formula (alpha, k), for atan, fast_sigmoid and sigmoid.
    """

    name: str
    width: float = 1.0

    def slope(self, v: jax.Array) -> jax.Array:
        """Returns the derivative for the backward pass: at most 1 by default, never NaN."""
        return _SLOPES[self.name](v, self.width)

    def soft(self, v: jax.Array) -> jax.Array:
        """Returns the soft step whose derivative is `slope`: 1/2 at v = 0."""
        return _SOFT[self.name](v, self.width)


def atan(alpha: float = 2.0) -> Surrogate:
    """Returns (alpha / 2) / (1 + (pi / 2 alpha v)^2) (Fang et al., ICCV 2021)."""
    return Surrogate("atan", alpha)


def fast_sigmoid(k: float = 2.0) -> Surrogate:
    """Returns 1 / (1 + k |v|)^2 (Zenke and Ganguli, Neural Computation 30, 2018); area 2 / k."""
    return Surrogate("fast_sigmoid", k)


def triangle() -> Surrogate:
    """Returns max(0, 1 - |v|) (Esser et al., PNAS 2016)."""
    return Surrogate("triangle")


def sigmoid(k: float = 4.0) -> Surrogate:
    """Returns the derivative of 1 / (1 + exp(-k v)), computed without overflow."""
    return Surrogate("sigmoid", k)


def straight_through() -> Surrogate:
    """Returns the constant 1 / threshold per unit of the readout's current, at any potential.

    With a uniformly distributed initial potential, the expected spike of a readout is
    current / threshold (below saturation, with subtract reset). This gradient is therefore the
    unbiased gradient of the expected spikes. The charge of earlier readouts does not change the
    expectation, so the potential carries no gradient to later spikes.
    """
    return Surrogate("straight_through")


SURROGATES: dict[str, Surrogate] = {
    s.name: s for s in (atan(), fast_sigmoid(), triangle(), sigmoid(), straight_through())
}


def as_surrogate(surrogate: str | Surrogate) -> Surrogate:
    """Returns the surrogate of that name; a `Surrogate` is returned unchanged.

    Raises:
        ValueError: if the name is unknown.
    """
    if isinstance(surrogate, Surrogate):
        return surrogate
    if surrogate not in SURROGATES:
        raise ValueError(f"surrogate: expected one of {', '.join(SURROGATES)}, got {surrogate!r}")
    return SURROGATES[surrogate]


def _atan_slope(v: jax.Array, alpha: float) -> jax.Array:
    return alpha / 2 / (1 + (math.pi / 2 * alpha * v) ** 2)


def _atan_soft(v: jax.Array, alpha: float) -> jax.Array:
    return jnp.arctan(math.pi / 2 * alpha * v) / math.pi + 0.5


def _fast_sigmoid_slope(v: jax.Array, k: float) -> jax.Array:
    return 1 / (1 + k * jnp.abs(v)) ** 2


def _fast_sigmoid_soft(v: jax.Array, k: float) -> jax.Array:
    return v / (1 + k * jnp.abs(v)) + 0.5


def _triangle_slope(v: jax.Array, _: float) -> jax.Array:
    return jnp.maximum(0, 1 - jnp.abs(v))


def _triangle_soft(v: jax.Array, _: float) -> jax.Array:
    u = jnp.clip(v, -1, 1)
    return 0.5 + u - u * jnp.abs(u) / 2


def _sigmoid_slope(v: jax.Array, k: float) -> jax.Array:
    e = jnp.exp(-jnp.abs(k * v))
    return k * e / (1 + e) ** 2


def _sigmoid_soft(v: jax.Array, k: float) -> jax.Array:
    return jax.nn.sigmoid(k * v)


_SLOPES: dict[str, Callable[[jax.Array, float], jax.Array]] = {
    "atan": _atan_slope,
    "fast_sigmoid": _fast_sigmoid_slope,
    "triangle": _triangle_slope,
    "sigmoid": _sigmoid_slope,
}
_SOFT: dict[str, Callable[[jax.Array, float], jax.Array]] = {
    "atan": _atan_soft,
    "fast_sigmoid": _fast_sigmoid_soft,
    "triangle": _triangle_soft,
    "sigmoid": _sigmoid_soft,
}
