"""Checks of the arguments that TFP, TFI and TFSTP share, before tracing."""

import math
from typing import Any

import jax
import numpy as np
from jax.typing import ArrayLike

DEFAULT_GAIN = 1.0


def check_gain(name: str, gain: ArrayLike | None, spikes: Any = None) -> ArrayLike:
    """Checks a gain (spikes per readout at intensity 1); converts it to float32 unless traced.

    Args:
        name: name of the calling function, for the message.
        gain: the gain; None for that of `spikes`.
        spikes: a `Recording`, which has a gain, or an array, whose gain counts as 1.
    """
    if gain is None:
        gain = getattr(spikes, "gain", DEFAULT_GAIN)
    if np.ndim(gain) != 0:
        raise ValueError(
            f"{name}: gain: expected one number, got an array of shape {np.shape(gain)}"
        )
    if isinstance(gain, jax.core.Tracer):
        return gain
    value = float(np.asarray(gain))
    if not (math.isfinite(value) and value > 0):
        raise ValueError(
            f"{name}: gain: expected spikes per readout at intensity 1, above 0, got {value}"
        )
    return np.float32(value)


def check_stream_gain(name: str, gain: Any) -> None:
    """Checks a gain if it is a number; JAX rebuilds streams with placeholders in its place."""
    if isinstance(gain, int | float | np.number | np.ndarray):
        check_gain(name, gain)


def check_length(name: str, option: str, value: Any) -> int:
    """Checks a number of readouts: an integer of at least 1."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise ValueError(
            f"{name}: {option}: expected a whole number of readouts above 0, got {value!r}"
        )
    return int(value)


def check_spikes(name: str, spikes: Any, *, floats: bool = False) -> Any:
    """Checks the shape of a recording, and its dtype if it has one.

    Args:
        name: name of the calling function, for the message.
        spikes: (T, H, W) or (B, T, H, W); a list becomes an array, a `Recording` is unchanged.
        floats: whether floating-point spikes are allowed.

    Returns:
        The recording, with `shape` and slicing.

    Raises:
        ValueError: if the shape or the dtype is not allowed.
    """
    if not hasattr(spikes, "shape"):
        spikes = np.asarray(spikes)
    if len(spikes.shape) not in (3, 4) or 0 in spikes.shape:
        raise ValueError(
            f"{name}: expected spikes of shape (T, H, W) or (B, T, H, W), got {tuple(spikes.shape)}"
        )
    if hasattr(spikes, "dtype"):
        kinds = "bui" + "f" * floats
        if np.dtype(spikes.dtype).kind not in kinds:
            what = "bool, integer or floating" if floats else "bool or integer"
            raise ValueError(f"{name}: expected {what} spikes, 0 or 1, got {spikes.dtype}")
    return spikes


def check_centre(name: str, centre: ArrayLike, readouts: int) -> Any:
    """Checks one centre or several against the length of the recording.

    Args:
        name: name of the calling function, for the message.
        centre: () or (K,) integers.
        readouts: T.

    Returns:
        int32 of the same shape: a numpy array, or a tracer, whose value is not checked.

    Raises:
        ValueError: if the shape or dtype is not allowed, or a centre is outside the recording.
    """
    traced = isinstance(centre, jax.core.Tracer)
    value: Any = centre if traced else np.asarray(centre)
    if value.ndim > 1 or not np.issubdtype(value.dtype, np.integer):
        raise ValueError(
            f"{name}: centre: expected an integer, or an array (K,) of integers, "
            f"got {value.dtype} of shape {value.shape}"
        )
    if not traced and value.size and (value.min() < 0 or value.max() >= readouts):
        wrong = value.min() if value.min() < 0 else value.max()
        raise ValueError(
            f"{name}: centre {wrong} is outside the recording, "
            f"which has readouts 0 to {readouts - 1}"
        )
    return value.astype(np.int32)


def crop(spikes: Any, centre: Any, before: int, after: int) -> tuple[jax.Array | np.ndarray, Any]:
    """Crops a recording to the readouts that the centres need, to transfer fewer to the device.

    A recording on the device is not cropped here; the compiled program crops it.

    Args:
        spikes: (T, H, W) or (B, T, H, W).
        centre: () or (K,) int32.
        before: readouts needed before a centre.
        after: readouts needed after a centre.

    Returns:
        The readouts, and the centres relative to the first of them.
    """
    if isinstance(spikes, jax.Array) or not isinstance(centre, np.ndarray) or not centre.size:
        return (spikes if isinstance(spikes, jax.Array) else np.asarray(spikes)), centre
    readouts = spikes.shape[-3]
    length = min(readouts, int(centre.max()) - int(centre.min()) + before + after + 1)
    first = min(max(int(centre.min()) - before, 0), readouts - length)
    window = slice(first, first + length)
    cut = spikes[window] if len(spikes.shape) == 3 else spikes[:, window]
    return np.asarray(cut), centre - np.int32(first)
