"""TFP and TFI of packed readouts on the host, for one image at once.

A byte holds eight pixels, and one operation on 64 bits handles 64 of them. Nothing is compiled, so
a new window takes no longer than a known one: a 250x400 image takes about a millisecond.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]


def tfp_packed(packed: Bytes, width: int, *, gain: float = 1.0) -> npt.NDArray[np.float32]:
    """Averages packed readouts, as `tfp` does with the readouts of its window.

    Args:
        packed: (n, H, ceil(W / 8)) uint8, least significant bit first, the readouts of the window.
        width: W.
        gain: spikes per readout at intensity 1, above 0.

    Returns:
        (H, W) float32 intensity.
    """
    counts = count_spikes(packed, width).astype(np.float32)
    return counts / np.float32(np.float32(len(packed)) * np.float32(gain))


def tfi_packed(
    packed: Bytes, centre: int, width: int, *, reach: int = 20, gain: float = 1.0
) -> npt.NDArray[np.float32]:
    """Reconstructs intensity from the interval around a readout, as `tfi`.

    Args:
        packed: (n, H, ceil(W / 8)) uint8, least significant bit first.
        centre: the readout k, 0 to n - 1.
        width: W.
        reach: readouts to search on either side; those outside `packed` have no spikes.
        gain: spikes per readout at intensity 1, above 0.

    Returns:
        (H, W) float32 intensity.
    """
    words = _words(packed)
    before = words[max(0, centre - reach + 1) : centre + 1][::-1]
    after = words[centre + 1 : centre + 1 + reach]
    digits = _nearest(before, 0, reach) + _nearest(after, 1, reach)
    interval = _numbers(digits, 2 * reach, packed.shape[1:], width)
    return np.float32(1) / (interval.astype(np.float32) * np.float32(gain))


def count_spikes(packed: Bytes, width: int) -> npt.NDArray[np.unsignedinteger[Any]]:
    """Counts the spikes of each pixel.

    Args:
        packed: (n, H, ceil(W / 8)) uint8, least significant bit first.
        width: W.

    Returns:
        (H, W) of the smallest unsigned type that holds n.
    """
    digits: list[tuple[int, npt.NDArray[np.uint64]]] = []
    planes, digit = _words(packed), 0
    while len(planes):
        carries = []
        while len(planes) > 2:  # a full adder: three bits become a sum and a carry
            third = len(planes) // 3
            a, b, c = planes[:third], planes[third : 2 * third], planes[2 * third : 3 * third]
            either = a ^ b
            carries.append((a & b) | (either & c))
            planes = np.concatenate([either ^ c, planes[3 * third :]])
        digits += [(digit, plane) for plane in planes]
        planes = np.concatenate(carries) if carries else planes[:0]
        digit += 1
    return _numbers(digits, len(packed), packed.shape[1:], width)


def _nearest(words: npt.NDArray[np.uint64], first: int, reach: int) -> list[Any]:
    """Returns the distance of the first readout with a spike, as binary digits with their planes.

    Args:
        words: (n, m), readouts at the distances first, first + 1, ...
        first: the distance of the first.
        reach: the distance if there is no spike.
    """
    planes = np.zeros((int(reach).bit_length(), words.shape[1]), np.uint64)
    waiting = np.full(words.shape[1], np.iinfo(np.uint64).max, np.uint64)
    for distance, readout in enumerate(words, first):
        found = readout & waiting
        waiting ^= found
        for digit in range(distance.bit_length()):
            if distance >> digit & 1:
                planes[digit] |= found
    for digit in range(len(planes)):
        if reach >> digit & 1:
            planes[digit] |= waiting
    return list(enumerate(planes))


def _words(packed: Bytes) -> npt.NDArray[np.uint64]:
    """Returns readouts as 64-bit words, (n, m), with zeros at the end."""
    flat = packed.reshape(len(packed), -1)
    filled = np.zeros((len(flat), -(-flat.shape[1] // 8) * 8), np.uint8)
    filled[:, : flat.shape[1]] = flat
    return filled.view(np.uint64)


def _numbers(
    digits: list[tuple[int, npt.NDArray[np.uint64]]],
    largest: int,
    shape: tuple[int, ...],
    width: int,
) -> npt.NDArray[np.unsignedinteger[Any]]:
    """Adds binary digits, given as the planes of their bits, to numbers (H, W)."""
    height, bytes_of_row = shape
    dtype = np.min_scalar_type(largest)
    total = np.zeros(8 * height * bytes_of_row, dtype)
    for digit, plane in digits:
        bits = np.unpackbits(plane.view(np.uint8), count=len(total), bitorder="little")
        total += bits.astype(dtype, copy=False) << dtype.type(digit)
    return np.ascontiguousarray(total.reshape(height, 8 * bytes_of_row)[:, :width])
