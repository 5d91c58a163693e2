"""What stands in for the derivative of the threshold step, which has none that is of use.

Forward, a spike is exact: 1 where the potential has reached the threshold, else 0. Its derivative
is replaced by that of a soft step in v = potential - threshold. With their default widths all soft
steps rise from 0 to 1 with slope 1 at v = 0, so one can be exchanged for another without rescaling
a learning rate. `soft` is the antiderivative of `slope`: the step that the gradients are true of.
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
        name: for messages; two surrogates are the same if name and width are.
        width: the parameter of the formula (alpha, k), for atan, fast_sigmoid and sigmoid.
    """

    name: str
    width: float = 1.0

    def slope(self, v: jax.Array) -> jax.Array:
        """The derivative that the backward pass uses: at most 1 by default, never NaN."""
        return _SLOPES[self.name](v, self.width)

    def soft(self, v: jax.Array) -> jax.Array:
        """The soft step whose derivative is `slope`: 1/2 at v = 0."""
        return _SOFT[self.name](v, self.width)


def atan(alpha: float = 2.0) -> Surrogate:
    """(alpha / 2) / (1 + (pi / 2 alpha v)^2) (Fang et al., ICCV 2021)."""
    return Surrogate("atan", alpha)


def fast_sigmoid(k: float = 2.0) -> Surrogate:
    """1 / (1 + k |v|)^2 (Zenke and Ganguli, Neural Computation 30, 2018); area 2 / k."""
    return Surrogate("fast_sigmoid", k)


def triangle() -> Surrogate:
    """max(0, 1 - |v|) (Esser et al., PNAS 2016)."""
    return Surrogate("triangle")


def sigmoid(k: float = 4.0) -> Surrogate:
    """The derivative of 1 / (1 + exp(-k v)), written so that no exponential overflows."""
    return Surrogate("sigmoid", k)


def straight_through() -> Surrogate:
    """1 / threshold for each unit of the readout's own current, whatever the potential.

    With a uniformly distributed initial potential the expected spike of a readout is
    current / threshold (below saturation, subtract reset), so this gradient is that of the expected
    spikes, without bias. What earlier readouts left behind does not change the expectation, hence
    the potential carries no gradient to later spikes.
    """
    return Surrogate("straight_through")


SURROGATES: dict[str, Surrogate] = {
    s.name: s for s in (atan(), fast_sigmoid(), triangle(), sigmoid(), straight_through())
}


def as_surrogate(surrogate: str | Surrogate) -> Surrogate:
    """The surrogate of that name, or the given one.

    Raises:
        ValueError: if there is none of that name.
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
