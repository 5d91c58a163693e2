"""The eight symmetries of a square, for images, flow and spikes, packed or not.

Transform n, 0 to 7, consists of up to three steps, in this order: transpose rows and columns
(n & 4), flip upside down (n & 2), mirror left and right (n & 1). Transform 0 changes nothing. All
functions use numpy, for the host. Packed spikes stay packed, at an eighth of the bytes, and any
range of columns can be cropped from them.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

TRANSFORMS = 8

Array = npt.NDArray[Any]
Bytes = npt.NDArray[np.uint8]

_REVERSED = np.packbits(
    np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1), axis=1, bitorder="little"
).tobytes()


def transposes(transform: int) -> bool:
    """Returns whether a transform exchanges height and width.

    Args:
        transform: 0 to 7.
    """
    return bool(_checked(transform) & 4)


def turn_spikes(x: Array, transform: int) -> Array:
    """Transforms an array whose last two axes are rows and columns.

    Args:
        x: (..., H, W) of any dtype.
        transform: 0 to 7.

    Returns:
        (..., H, W), or (..., W, H) if it transposes; a view where possible.
    """
    if transposes(transform):
        x = x.swapaxes(-1, -2)
    if transform & 2:
        x = x[..., ::-1, :]
    return x[..., ::-1] if transform & 1 else x


def turn_image(x: Array, transform: int) -> Array:
    """Transforms images.

    Args:
        x: (..., H, W, C) of any dtype.
        transform: 0 to 7.

    Returns:
        (..., H, W, C), or (..., W, H, C) if it transposes; a view where possible.
    """
    return np.moveaxis(turn_spikes(np.moveaxis(x, -1, 0), transform), 0, -1)


def turn_flow(flow: Array, transform: int) -> Array:
    """Transforms a flow, both the field and its vectors.

    Warping a transformed image by a transformed flow gives the transformed warped image.

    Args:
        flow: (..., H, W, 2) in pixels, x then y.
        transform: 0 to 7.

    Returns:
        (..., H, W, 2), or (..., W, H, 2) if it transposes; a new array.
    """
    turned = turn_image(flow, transform)
    if transposes(transform):
        turned = turned[..., ::-1]
    signs = np.array([-1 if transform & 1 else 1, -1 if transform & 2 else 1], flow.dtype)
    return turned * signs.reshape((1,) * (flow.ndim - 1) + (2,))


def turn_packed(packed: Bytes, width: int, transform: int) -> Bytes:
    """Transforms packed spikes without unpacking them.

    Args:
        packed: (..., H, ceil(W / 8)) uint8, least significant bit first, unused bits 0.
        width: W.
        transform: 0 to 7.

    Returns:
        (..., H, ceil(W / 8)), or (..., W, ceil(H / 8)) if it transposes.

    Raises:
        ValueError: if the last axis does not hold W pixels.
    """
    _check_packed(packed, width)
    if transposes(transform):
        packed, width = _transposed(packed, width), packed.shape[-2]
    if transform & 2:
        packed = packed[..., ::-1, :]
    if transform & 1:  # mirroring moves the unused bits to the front
        packed = _shifted(_mirrored(packed), 8 * packed.shape[-1] - width, width)
    return packed


def crop_packed(packed: Any, rows: slice, columns: slice) -> Bytes:
    """Crops a rectangle from packed spikes, at any column.

    Args:
        packed: (T, H, ceil(W / 8)) uint8, least significant bit first; an array, or any object that
            returns one when it is indexed by three slices.
        rows: range of rows, with start and stop.
        columns: range of columns, with start and stop, within W.

    Returns:
        (T, h, ceil(w / 8)) uint8, unused bits 0.
    """
    first, last = columns.start // 8, -(-columns.stop // 8)
    cut = np.asarray(packed[:, rows, first:last])
    return _shifted(cut, columns.start - 8 * first, columns.stop - columns.start)


def _shifted(packed: Bytes, skip: int, width: int) -> Bytes:
    """Drops the first `skip` pixels of each row, keeps `width`, and clears the unused bits."""
    packed = packed[..., skip // 8 :]
    skip, count = skip % 8, -(-width // 8)
    if not skip and not width % 8:
        return packed[..., :count]
    out = packed[..., :count] >> np.uint8(skip)
    if skip:
        carried = packed[..., 1 : count + 1] << np.uint8(8 - skip)
        out[..., : carried.shape[-1]] |= carried
    if width % 8:
        out[..., -1] &= np.uint8((1 << width % 8) - 1)
    return out


def _mirrored(packed: Bytes) -> Bytes:
    """Reverses the bits of each row."""
    reverse = packed[..., ::-1].tobytes().translate(_REVERSED)  # faster than an indexed table
    return np.ndarray(packed.shape, np.uint8, reverse)


def _transposed(packed: Bytes, width: int) -> Bytes:
    """Transposes rows and columns by blocks of 8x8 pixels, each a 64-bit number.

    Three exchanges transpose a block: of its 4x4 corners, of the 2x2 corners of these, and of
    single pixels (Warren, Hacker's Delight, section 7-3).
    """
    *lead, height, count = packed.shape
    padded = np.zeros((*lead, -(-height // 8) * 8, count), np.uint8)
    padded[..., :height, :] = packed
    blocks = padded.reshape(*lead, -1, 8, count)
    words = np.ascontiguousarray(np.moveaxis(blocks, (-3, -2, -1), (-2, -1, -3))).view("<u8")
    for shift, mask in (
        (28, 0x00000000F0F0F0F0),
        (14, 0x0000CCCC0000CCCC),
        (7, 0x00AA00AA00AA00AA),
    ):
        moved = (words ^ (words >> np.uint64(shift))) & np.uint64(mask)
        words ^= moved ^ (moved << np.uint64(shift))
    turned = np.moveaxis(words.view(np.uint8), -1, -2)  # (..., count, 8, rows / 8)
    return turned.reshape(*lead, 8 * count, -1)[..., :width, :]


def _check_packed(packed: Bytes, width: int) -> None:
    if packed.dtype != np.uint8 or packed.ndim < 2 or packed.shape[-1] != -(-width // 8):
        raise ValueError(
            f"expected packed spikes (..., H, {-(-width // 8)}) uint8 for a width of {width}, "
            f"got {packed.dtype} of shape {packed.shape}"
        )


def _checked(transform: int) -> int:
    if not 0 <= transform < TRANSFORMS:
        raise ValueError(f"transform: expected 0 to {TRANSFORMS - 1}, got {transform}")
    return transform
