"""The pixel: charge adds up until it reaches a threshold, then it fires and is reset."""

from collections.abc import Callable
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np

from spikejax.camera.surrogate import Surrogate, as_surrogate, fire

Reset = Literal["subtract", "zero", "modulo"]
RESETS = ("subtract", "zero", "modulo")

# Charge is kept within this many thresholds of zero: infinite light must not become NaN. float32
# still counts single thresholds there, so that a pixel recovers.
CEILING = 1e6

_Step = Callable[[jax.Array, Any], tuple[jax.Array, jax.Array]]


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
    """Turns a current into spikes: V += current; at V >= threshold one spike, and V is reset.

    A pixel fires at most once a readout. With `subtract` what exceeds one threshold stays and fires
    at later readouts; `modulo` drops whole thresholds; both agree below one spike a readout. `zero`
    drops the residue, which biases the rate: real cameras keep it.

    Running a stream in pieces, each from the potential that the one before returned, gives the same
    spikes as in one go, bit for bit.

    The spikes are exact forward. Backward, the surrogate stands in for the derivative of the
    threshold step, and the reset is held fixed unless `detach_reset` is False.

    Any input gives finite results: zero current leaves the potential alone; negative current
    discharges; NaN counts as no current; current and potential are held within 1e6 thresholds of
    zero, so that infinite or huge light fires at every readout. Beyond these limits the gradient
    is zero.

    Args:
        current: (T, ...) float, charge a readout in the units of `threshold`; spikes a readout if
            the threshold is 1.
        threshold: positive; a number, one a pixel `(...)`, or one a readout and pixel `(T, ...)`;
            axes of size 1 stand for any size.
        initial: the potential before the first readout, a number or `(...)`.
        reset: 'subtract', 'zero' or 'modulo'.
        surrogate: 'atan', 'fast_sigmoid', 'triangle', 'sigmoid', 'straight_through' or a
            `Surrogate`.
        detach_reset: hold the reset fixed in the gradient. Attached, a current that makes a pixel
            fire is also seen to lower its later potential.
        strict: fire only above the threshold, not at it.
        checkpoint_every: readouts whose intermediate values the backward pass keeps at one time; it
            recomputes the others from the potential every so many readouts. None keeps all.

    Returns:
        spikes (T, ...), 0 or 1 in the dtype of `current` (float32 for narrower floats), and the
        potential (...) after the last readout.

    Raises:
        ValueError: on a current that is not floating or has no time axis, a threshold or initial
            potential that does not fit its pixels, a threshold that is not positive, and unknown
            options.
    """
    current = _checked_current(current)
    surrogate = as_surrogate(surrogate)
    if reset not in RESETS:
        raise ValueError(f"reset: expected one of {', '.join(RESETS)}, got {reset!r}")
    if checkpoint_every is not None and checkpoint_every < 1:
        raise ValueError(f"checkpoint_every: expected 1 readout or more, got {checkpoint_every}")
    threshold = _checked_threshold(threshold, current)
    per_readout = threshold.ndim == current.ndim
    if per_readout:
        threshold = jnp.broadcast_to(threshold, (current.shape[0], *threshold.shape[1:]))
    initial = _fitting("initial", initial, current)
    potential = jnp.broadcast_to(jnp.where(jnp.isnan(initial), 0, initial), current.shape[1:])

    def step(potential: jax.Array, readout: Any) -> tuple[jax.Array, jax.Array]:
        current, theta = readout if per_readout else (readout, threshold)
        theta = jnp.broadcast_to(theta, potential.shape)
        current = _within(current, theta)
        potential = _within(potential + current, theta)
        spikes = fire(potential, current, theta, surrogate, strict)
        held = jax.lax.stop_gradient(spikes) if detach_reset else spikes
        return _RESET[reset](potential, held, theta), spikes

    readouts = (current, threshold) if per_readout else current
    potential, spikes = _scan(step, potential, readouts, current.shape[0], checkpoint_every)
    return spikes, potential


def _within(x: jax.Array, theta: jax.Array) -> jax.Array:
    limit = CEILING * jnp.broadcast_to(theta, x.shape)
    return jnp.clip(jnp.where(jnp.isnan(x), 0, x), -limit, limit)


def _subtract(potential: jax.Array, spikes: jax.Array, theta: jax.Array) -> jax.Array:
    return potential - spikes * theta


def _zero(potential: jax.Array, spikes: jax.Array, theta: jax.Array) -> jax.Array:
    return potential * (1 - spikes)


def _modulo(potential: jax.Array, spikes: jax.Array, theta: jax.Array) -> jax.Array:
    return potential - spikes * (potential - jax.lax.rem(potential, theta))


_RESET: dict[str, Callable[[jax.Array, jax.Array, jax.Array], jax.Array]] = {
    "subtract": _subtract,
    "zero": _zero,
    "modulo": _modulo,
}


def _scan(
    step: _Step, carry: jax.Array, xs: Any, length: int, every: int | None
) -> tuple[jax.Array, jax.Array]:
    """`lax.scan` along the first axis, if `every` is given in pieces that are recomputed."""
    if every is None or every >= length:
        return jax.lax.scan(step, carry, xs)
    piece = jax.checkpoint(lambda carry, xs: jax.lax.scan(step, carry, xs))
    whole = length // every * every
    cut = jax.tree.map(lambda x: x[:whole].reshape(-1, every, *x.shape[1:]), xs)
    carry, spikes = jax.lax.scan(piece, carry, cut)
    spikes = spikes.reshape(whole, *spikes.shape[2:])
    if whole < length:
        carry, rest = piece(carry, jax.tree.map(lambda x: x[whole:], xs))
        spikes = jnp.concatenate([spikes, rest])
    return carry, spikes


def _checked_current(current: Any) -> jax.Array:
    if isinstance(current, (int, float, complex, list, tuple)):
        current = np.asarray(current)
    if not jnp.issubdtype(current.dtype, jnp.floating):
        raise ValueError(f"current: expected floating values, got {current.dtype}; cast it")
    if current.ndim == 0 or current.shape[0] == 0:
        raise ValueError(f"current: expected (T, ...) with T >= 1, got shape {current.shape}")
    return jnp.asarray(current, jnp.promote_types(current.dtype, jnp.float32))


def _checked_threshold(threshold: Any, current: jax.Array) -> jax.Array:
    if not isinstance(threshold, jax.core.Tracer) and not np.all(np.asarray(threshold) > 0):
        raise ValueError("threshold: expected positive values everywhere")
    return _fitting("threshold", threshold, current, per_readout=True)


def _fitting(name: str, value: Any, current: jax.Array, per_readout: bool = False) -> jax.Array:
    """The value with the axes of a pixel (or of a readout and pixel), each of size 1 or full."""
    value = jnp.asarray(value, current.dtype)
    pixels = current.shape[1:]
    axes = current.shape if per_readout and value.ndim == current.ndim else pixels
    if value.ndim == 0:
        value = value.reshape((1,) * len(pixels))
    fits = value.ndim == len(axes) and all(
        n in (1, m) for n, m in zip(value.shape, axes, strict=True)
    )
    if not fits:
        allowed = f"{pixels}" + (f" or {current.shape}" if per_readout else "")
        raise ValueError(f"{name}: expected a number or shape {allowed}, got {value.shape}")
    return value
