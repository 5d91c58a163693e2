"""Padding of images to a multiple of a size, and cropping back."""

from typing import Literal, NamedTuple, get_args

import jax
import jax.numpy as jnp
import numpy as np

Sides = Literal["both", "both_first", "end"]
"""Split evenly, with an odd row at the end; the same with it at the start; or all at the end."""

Fill = Literal["edge", "zeros", "mirror", "repeat"]
"""Repeat the edge; zeros; mirror, the edge included; repeat the last rows (columns) in order."""


class Padding(NamedTuple):
    """Rows and columns added on each side, in pixels."""

    top: int
    bottom: int
    left: int
    right: int


def pad_to_multiple(
    x: jax.Array,
    multiple: int,
    *,
    axes: tuple[int, int] = (1, 2),
    sides: Sides = "both",
    fill: Fill = "edge",
) -> tuple[jax.Array, Padding]:
    """Pads an image to a size divisible by `multiple`, by default by repeating its edge.

    By default the padding is split evenly between the two sides; an odd row or column goes to the
    bottom or right.

    Args:
        x: any array with non-empty H and W axes, such as (B, H, W, C) images.
        multiple: divisor of the new height and width; positive.
        axes: the H and W axes: (1, 2) for images, (2, 3) for spikes (B, T, H, W).
        sides: see `Sides`.
        fill: see `Fill`; 'repeat' goes with sides='end'.

    Returns:
        The padded array, of the same dtype, and the `Padding` for `crop_padding`.

    Raises:
        ValueError: if `multiple` is not positive, `axes` are not two axes of `x`, both non-empty,
            or there are no such sides or fill.
    """
    rows, columns = _normalise("pad_to_multiple", x, axes)
    if multiple < 1:
        raise ValueError(f"pad_to_multiple: expected a positive multiple, got {multiple}")
    if sides not in get_args(Sides) or fill not in get_args(Fill):
        raise ValueError(f"pad_to_multiple: no such sides or fill, got {sides!r}, {fill!r}")
    if fill == "repeat" and sides != "end":
        raise ValueError(f"pad_to_multiple: fill='repeat' expects sides='end', got {sides!r}")
    (top, bottom), (left, right) = (_split(-x.shape[a] % multiple, sides) for a in (rows, columns))
    padding = Padding(top, bottom, left, right)
    if fill == "repeat":
        for axis, count in ((rows, bottom), (columns, right)):
            x = _repeat_last(x, axis, count)
        return x, padding
    widths = [(0, 0)] * x.ndim
    widths[rows], widths[columns] = padding[:2], padding[2:]
    return jnp.pad(x, widths, mode=_MODES[fill]), padding


_MODES = {"edge": "edge", "zeros": "constant", "mirror": "symmetric"}


def _split(count: int, sides: Sides) -> tuple[int, int]:
    """Returns the rows before and after the image."""
    before = {"both": count // 2, "both_first": count - count // 2, "end": 0}[sides]
    return before, count - before


def _repeat_last(x: jax.Array, axis: int, count: int) -> jax.Array:
    """Appends the last `count` rows in their order, cyclically if there are fewer."""
    size = x.shape[axis]
    rows = np.arange(size - count, size) % size
    return jnp.concatenate([x, jnp.take(x, rows, axis)], axis) if count else x


def crop_padding(x: jax.Array, padding: Padding, *, axes: tuple[int, int] = (1, 2)) -> jax.Array:
    """Removes the padding of `pad_to_multiple`, its exact inverse.

    Args:
        x: an array of the padded size. Its H and W axes may differ from those that were padded,
            for example when a network maps spikes to an image.
        padding: the padding that `pad_to_multiple` returned.
        axes: the H and W axes.

    Returns:
        The array at its size before padding.

    Raises:
        ValueError: if `axes` are not two axes of `x`, or the result would be empty.
    """
    rows, columns = _normalise("crop_padding", x, axes)
    height = x.shape[rows] - padding.top - padding.bottom
    width = x.shape[columns] - padding.left - padding.right
    if height < 1 or width < 1:
        raise ValueError(f"crop_padding: {padding} leaves nothing of shape {x.shape}")
    x = jax.lax.slice_in_dim(x, padding.top, padding.top + height, axis=rows)
    return jax.lax.slice_in_dim(x, padding.left, padding.left + width, axis=columns)


def _normalise(name: str, x: jax.Array, axes: tuple[int, int]) -> tuple[int, int]:
    if len(axes) != 2 or not all(-x.ndim <= axis < x.ndim for axis in axes):
        raise ValueError(f"{name}: {axes} are not two axes of an array of shape {x.shape}")
    rows, columns = (axis % x.ndim for axis in axes)
    if rows == columns or not x.shape[rows] or not x.shape[columns]:
        raise ValueError(f"{name}: axes {axes} of shape {x.shape} are not a non-empty image")
    return rows, columns
