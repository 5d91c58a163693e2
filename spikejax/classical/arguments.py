"""The arguments that the three reconstructions share: checked before anything is traced."""

import math
from typing import Any

import jax
import numpy as np
from jax import Array
from jax.typing import ArrayLike


def check_gain(name: str, gain: ArrayLike) -> ArrayLike:
    """Checks a gain (spikes a readout at intensity 1) and makes it float32 unless it is traced."""
    if np.ndim(gain) != 0:
        raise ValueError(f"{name}: gain is one number, got an array of shape {np.shape(gain)}")
    if isinstance(gain, jax.core.Tracer):
        return gain
    value = float(np.asarray(gain))
    if not (math.isfinite(value) and value > 0):
        raise ValueError(f"{name}: gain is spikes a readout at intensity 1, above 0, got {value}")
    return np.float32(value)


def check_stream_gain(name: str, gain: Any) -> None:
    """Checks a gain given as a number; JAX rebuilds streams with anything in its place."""
    if isinstance(gain, int | float | np.number | np.ndarray):
        check_gain(name, gain)


def check_length(name: str, option: str, value: Any) -> int:
    """Checks a number of readouts: a whole number, at least 1."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise ValueError(f"{name}: {option} is a whole number of readouts above 0, got {value!r}")
    return int(value)


def check_spikes(name: str, spikes: Any, *, floats: bool = False) -> Any:
    """Checks the shape of a recording, and its dtype where it has one.

    Args:
        name: of the function, for the message.
        spikes: (T, H, W) or (B, T, H, W); a list becomes an array, a `Recording` stays as it is.
        floats: whether floating-point spikes will do too.

    Returns:
        The recording, with `shape` and slicing.
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
        name: of the function, for the message.
        centre: () or (K,) integers.
        readouts: T.

    Returns:
        int32 of the same shape: a numpy array, or the tracer if it is traced (its value is then
        not checked).
    """
    traced = isinstance(centre, jax.core.Tracer)
    value: Any = centre if traced else np.asarray(centre)
    if value.ndim > 1 or not np.issubdtype(value.dtype, np.integer):
        raise ValueError(
            f"{name}: centre is the index of a readout, or an array (K,) of them, "
            f"got {value.dtype} of shape {value.shape}"
        )
    if not traced and value.size and (value.min() < 0 or value.max() >= readouts):
        wrong = value.min() if value.min() < 0 else value.max()
        raise ValueError(
            f"{name}: centre {wrong} is outside the recording, "
            f"which has readouts 0 to {readouts - 1}"
        )
    return value.astype(np.int32)


def crop(spikes: Any, centre: Any, before: int, after: int) -> tuple[Array | np.ndarray, Any]:
    """Cuts out the readouts that count, so that the others need not travel to the device.

    A recording on the device stays whole: cutting is part of the compiled program there.

    Args:
        spikes: (T, H, W) or (B, T, H, W).
        centre: () or (K,) int32.
        before: how many readouts before a centre count.
        after: how many readouts after it count.

    Returns:
        The readouts, and the centres counted from the first of them.
    """
    if isinstance(spikes, jax.Array) or not isinstance(centre, np.ndarray) or not centre.size:
        return (spikes if isinstance(spikes, jax.Array) else np.asarray(spikes)), centre
    readouts = spikes.shape[-3]
    length = min(readouts, int(centre.max()) - int(centre.min()) + before + after + 1)
    first = min(max(int(centre.min()) - before, 0), readouts - length)
    window = slice(first, first + length)
    cut = spikes[window] if len(spikes.shape) == 3 else spikes[:, window]
    return np.asarray(cut), centre - np.int32(first)
