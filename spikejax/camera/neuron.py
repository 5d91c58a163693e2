"""Integrate-and-fire pixels: charge accumulates up to a threshold, then the pixel fires."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jax.custom_derivatives import SymbolicZero

from spikejax.camera.surrogate import Surrogate, as_surrogate

Reset = Literal["subtract", "zero", "modulo"]
RESETS = ("subtract", "zero", "modulo")

# Charge is clipped to this many thresholds around zero, so that infinite light does not become
# NaN. float32 still resolves single thresholds there, so a pixel can return from the limit.
CEILING = 1e6
_HUGE = 1e30  # the limit for pixels with an infinite threshold, which never fire


@dataclass(frozen=True)
class Neuron:
    """Firing rules of a pixel and their gradient; see `integrate_and_fire` for the fields."""

    reset: Reset = "subtract"
    surrogate: str | Surrogate = "atan"
    detach_reset: bool = True
    strict: bool = False

    def __post_init__(self) -> None:
        if self.reset not in RESETS:
            raise ValueError(f"reset: expected one of {', '.join(RESETS)}, got {self.reset!r}")
        as_surrogate(self.surrogate)


def integrate_and_fire(
    current: Any,
    *,
    threshold: Any = 1.0,
    initial: Any = 0.0,
    reset: Reset = "subtract",
    surrogate: str | Surrogate = "atan",
    detach_reset: bool = True,
    strict: bool = False,
    checkpoint_every: int | None = None,
) -> tuple[jax.Array, jax.Array]:
    """Converts a current to spikes: V += current; at V >= threshold V is reset and a spike fires.

    A pixel fires at most once per readout. `subtract` keeps the charge above the threshold, which
    fires at later readouts. `modulo` drops whole thresholds. Both agree below one spike per
    readout. `zero` also drops the residue, which biases the rate; real cameras keep it.

    A stream can be cut into pieces: if each piece starts from the potential that the previous one
    returned, the spikes are the same.

    The spikes are exact. The gradient (forward or reverse mode) replaces the derivative of the
    threshold step by the surrogate. Pixels do not leak. With a constant reset (the default), the
    gradient of a current reaches all later spikes with a positive sign. With an attached reset, the
    spike that the current causes lowers them again, and gradients are as local as the spikes.
    'straight_through' is the gradient of the expected spikes in both cases.

    Every input gives finite results. Zero current leaves the potential unchanged, negative current
    discharges it, and NaN counts as no current. Current and potential are clipped to 1e6 thresholds
    around zero: infinite light fires at every readout, and with `subtract` the pixel fires until
    the excess is used up. The gradient of a current that is NaN or beyond the limit is zero.

    Args:
        current: (T, ...) float, charge per readout in the units of `threshold`: spikes per readout
            if the threshold is 1.
        threshold: positive; a number, one per pixel `(...)`, or one per readout and pixel
            `(T, ...)`; an axis of size 1 is broadcast.
        initial: the potential before the first readout, a number or `(...)`.
        reset: 'subtract', 'zero' or 'modulo'.
        surrogate: 'atan', 'fast_sigmoid', 'triangle', 'sigmoid', 'straight_through', or a
            `Surrogate`.
        detach_reset: whether the reset is constant in the gradient.
        strict: whether a pixel fires only above the threshold, not at it.
        checkpoint_every: bounds the memory of the gradient: the backward pass stores the potential
            once per this many readouts and recomputes the others. None stores all of them.

    Returns:
        Spikes (T, ...), 0 or 1 in the dtype of `current` (float32 for narrower floats), and the
        potential (...) after the last readout.

    Raises:
        ValueError: if the current is not floating or has no time axis, the threshold or initial
            potential does not match the pixels, the threshold is not positive (checked unless it
            is traced), or an option is unknown.
    """
    neuron = Neuron(reset, surrogate, detach_reset, strict)
    current = checked_floats("current", current)
    if current.ndim == 0 or current.shape[0] == 0:
        raise ValueError(f"current: expected (T, ...) with T >= 1, got shape {current.shape}")
    if checkpoint_every is not None and checkpoint_every < 1:
        raise ValueError(f"checkpoint_every: expected 1 readout or more, got {checkpoint_every}")
    if not isinstance(threshold, jax.core.Tracer) and not np.all(np.asarray(threshold) > 0):
        raise ValueError("threshold: expected positive values everywhere")
    threshold = fit_to_pixels("threshold", threshold, current, per_readout=True)
    initial = fit_to_pixels("initial", initial, current)
    return _integrate(neuron, checkpoint_every, current, threshold, initial)


@partial(jax.jit, static_argnums=(0, 1))
def _integrate(
    neuron: Neuron, every: int | None, current: jax.Array, threshold: jax.Array, initial: jax.Array
) -> tuple[jax.Array, jax.Array]:
    potential = jnp.broadcast_to(jnp.where(jnp.isnan(initial), 0, initial), current.shape[1:])
    per_readout = threshold.ndim == current.ndim

    def step(potential: jax.Array, readout: Any) -> tuple[jax.Array, jax.Array]:
        current, theta = readout if per_readout else (readout, threshold)
        return advance(neuron, potential, current, theta)

    if per_readout:
        threshold = jnp.broadcast_to(threshold, (current.shape[0], *threshold.shape[1:]))
    readouts = (current, threshold) if per_readout else current
    potential, spikes = scan(step, potential, readouts, checkpoint_every=every)
    return spikes, potential


@partial(jax.custom_jvp, nondiff_argnums=(0,))
def advance(
    neuron: Neuron, potential: jax.Array, current: jax.Array, threshold: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """Advances pixels by one readout: adds the current, fires, resets.

    The derivative is defined by hand. It stores one number and one bit per pixel and readout for
    the backward pass; automatic differentiation would store five and two.

    Args:
        neuron: reset, surrogate and comparison.
        potential: (...) before the readout.
        current: (...) same shape and dtype.
        threshold: same dtype; same shape, or axes of size 1, or a number, which is the fastest.

    Returns:
        The potential (...) after the readout, and the spikes (...), 0 or 1.
    """
    charged = _charged(potential, current, threshold)[0]
    spikes = _fire(neuron, charged, threshold)
    if neuron.reset == "subtract":
        return charged - spikes * threshold, spikes
    if neuron.reset == "zero":
        return charged * (1 - spikes), spikes
    return jnp.where(spikes > 0, _remainder(charged, threshold), charged), spikes


def _advance_jvp(neuron: Neuron, primals: Any, tangents: Any) -> Any:
    potential, current, threshold = primals
    d_potential, d_current, d_threshold = tangents
    charged, current, passes = _charged(potential, current, threshold)
    spikes = _fire(neuron, charged, threshold)
    after = advance(neuron, *primals)[0]

    fixed = type(d_threshold) is SymbolicZero  # its terms would cost memory for nothing
    d_current = 0 if type(d_current) is SymbolicZero else jnp.where(passes, d_current, 0)
    d_potential = 0 if type(d_potential) is SymbolicZero else d_potential
    d_charged = jnp.broadcast_to(d_potential + d_current, charged.shape)
    surrogate = as_surrogate(neuron.surrogate)
    if surrogate.name == "straight_through":  # the derivative of current / threshold
        d_spikes = d_current if fixed else d_current - current / threshold * d_threshold
        d_spikes = jnp.broadcast_to(d_spikes / threshold, charged.shape)
    else:
        slope = surrogate.slope(charged - threshold)
        d_spikes = slope * (d_charged if fixed else d_charged - d_threshold)

    # after = charged - spikes * (thresholds * threshold), or charged * (1 - spikes)
    d_after = d_charged * (1 - spikes) if neuron.reset == "zero" else d_charged
    thresholds = jnp.floor(charged / threshold) if neuron.reset == "modulo" else 1
    if not fixed and neuron.reset != "zero":
        d_after = d_after - spikes * thresholds * d_threshold
    if not neuron.detach_reset:
        drop = charged if neuron.reset == "zero" else thresholds * threshold
        d_after = d_after - drop * d_spikes
    return (after, spikes), (d_after, d_spikes)


advance.defjvp(_advance_jvp, symbolic_zeros=True)


def _remainder(charged: jax.Array, threshold: jax.Array) -> jax.Array:
    return jax.lax.rem(charged, jnp.broadcast_to(threshold, charged.shape))


def _charged(
    potential: jax.Array, current: jax.Array, threshold: jax.Array
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Returns the potential plus the current, the clipped current, and where it is unclipped."""
    limit = jnp.minimum(CEILING * threshold, _HUGE)
    passes = jnp.abs(current) <= limit  # False for NaN
    current = jnp.where(jnp.isnan(current), 0, jnp.clip(current, -limit, limit))
    return jnp.clip(potential + current, -limit, limit), current, passes


def _fire(neuron: Neuron, charged: jax.Array, threshold: jax.Array) -> jax.Array:
    fired = charged > threshold if neuron.strict else charged >= threshold
    return fired.astype(charged.dtype)


def scan(
    step: Callable[[Any, Any], tuple[Any, Any]],
    carry: Any,
    xs: Any,
    *,
    checkpoint_every: int | None,
) -> tuple[Any, Any]:
    """Runs `jax.lax.scan` along the first axis with bounded memory of its gradient.

    Args:
        step: (carry, x) -> (carry, y).
        carry: the state that passes from readout to readout.
        xs: arrays (T, ...).
        checkpoint_every: the backward pass stores the carry once per this many readouts and
            recomputes the others; None stores all of them.

    Returns:
        The last carry, and the ys (T, ...).
    """
    every, length = checkpoint_every, jax.tree.leaves(xs)[0].shape[0]
    if every is None or every >= length:
        return jax.lax.scan(step, carry, xs)
    whole = length // every * every

    def piece(carry: Any, xs: Any) -> tuple[Any, Any]:
        return jax.lax.scan(step, carry, xs)

    pieces = jax.tree.map(lambda x: x[:whole].reshape(-1, every, *x.shape[1:]), xs)
    # Inside a scan, XLA cannot merge the recomputation, so prevent_cse is not needed.
    carry, ys = jax.lax.scan(jax.checkpoint(piece, prevent_cse=False), carry, pieces)
    ys = jax.tree.map(lambda y: y.reshape(whole, *y.shape[2:]), ys)
    if whole < length:
        carry, rest = jax.checkpoint(piece)(carry, jax.tree.map(lambda x: x[whole:], xs))
        ys = jax.tree.map(lambda *parts: jnp.concatenate(parts), ys, rest)
    return carry, ys


def checked_floats(name: str, x: Any, advice: str = "cast it") -> jax.Array:
    """Returns the array in float32 or wider.

    Raises:
        ValueError: if the values are not floating; the message contains the name and the advice.
    """
    if not hasattr(x, "dtype"):
        x = np.asarray(x)
    if not jnp.issubdtype(x.dtype, jnp.floating):
        raise ValueError(f"{name}: expected floating values, got {x.dtype}; {advice}")
    return jnp.asarray(x, x.dtype if x.dtype.itemsize > 4 else jnp.float32)


def fit_to_pixels(
    name: str, value: Any, current: jax.Array, *, per_readout: bool = False
) -> jax.Array:
    """Returns the value with the axes of pixels, or of readouts and pixels, of size 1 or full.

    Raises:
        ValueError: if it does not match the pixels of `current` (T, ...); the message contains
            `name`.
    """
    value = jnp.asarray(value, current.dtype)
    pixels = current.shape[1:]
    axes = current.shape if per_readout and value.ndim == current.ndim else pixels
    if value.ndim == 0:
        return value.reshape((1,) * len(pixels))
    fits = value.ndim == len(axes) and all(
        n in (1, m) for n, m in zip(value.shape, axes, strict=True)
    )
    if not fits:
        allowed = f"{pixels}" + (f" or {current.shape}" if per_readout else "")
        raise ValueError(f"{name}: expected a number or shape {allowed}, got {value.shape}")
    return value
