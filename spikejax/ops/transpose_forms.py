"""Two forms of a transposed convolution of stride 2: `transposed_direct` and `by_phases`.

Both compute out[2i - padding + k] += x[i] @ kernel[k] for the first `size` rows and columns.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import lax

from spikejax.ops.conv_forms import Pads

Convolution = Callable[[jax.Array, jax.Array, Pads], jax.Array]


def transposed_direct(
    x: jax.Array, kernel: jax.Array, *, padding: tuple[int, int], size: tuple[int, int]
) -> jax.Array:
    """Dilates `x` with zeros and convolves; three of four products are with zero."""
    sides = []
    for k, low, n, out in zip(kernel.shape[:2], padding, x.shape[1:3], size, strict=True):
        sides.append((k - 1 - low, out - 2 * n + 1 + low))
    return lax.conv_general_dilated(
        x,
        jnp.flip(kernel, (0, 1)),
        (1, 1),
        (sides[0], sides[1]),
        lhs_dilation=(2, 2),
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
    )


def by_phases(
    x: jax.Array,
    kernel: jax.Array,
    *,
    padding: tuple[int, int],
    size: tuple[int, int],
    convolution: Convolution,
) -> jax.Array:
    """Computes the four pixels of every 2x2 cell by one convolution at the input size.

    Even and odd rows of the result each use every other row of the kernel. The convolution has
    ceil(k / 2) taps along an axis and four times the outputs. It computes one more row than there
    are cells if the two phases start one pixel apart.
    """
    rows, columns = (
        _Axis(k, low, n, out)
        for k, low, n, out in zip(kernel.shape[:2], padding, x.shape[1:3], size, strict=True)
    )
    quarters = [columns.taps(rows.taps(kernel, 0, r), 1, c) for r in (0, 1) for c in (0, 1)]
    pixels = convolution(x, jnp.concatenate(quarters, -1), (rows.pads, columns.pads))
    B, cout = x.shape[0], kernel.shape[3]
    pixels = pixels.reshape(*pixels.shape[:3], 2, 2, cout)

    def phase(r: int, c: int) -> jax.Array:
        top, left = rows.lag[r], columns.lag[c]
        return pixels[:, top : top + rows.cells, left : left + columns.cells, r, c]

    cells = jnp.stack([jnp.stack([phase(r, c) for c in (0, 1)], 3) for r in (0, 1)], 2)
    whole = cells.reshape(B, 2 * rows.cells, 2 * columns.cells, cout)
    return whole[:, : size[0], : size[1]]


class _Axis:
    """The two phases of one axis that share a convolution.

    Output 2m + r is the sum over t of x[m + t] times kernel[r + padding - 2t].
    """

    def __init__(self, k: int, padding: int, inputs: int, outputs: int):
        first = [-((k - 1 - r - padding) // 2) for r in (0, 1)]  # the smallest t of each phase
        last = [(r + padding) // 2 for r in (0, 1)]
        count = max(1, *(hi - lo + 1 for lo, hi in zip(first, last, strict=True)))
        self.count = count
        # In the reversed kernel, neighbouring taps of a phase have a distance of two.
        self.start = [k - 1 - (r + padding - 2 * first[r]) for r in (0, 1)]
        self.lag = [lo - min(first) for lo in first]
        self.cells = -(-outputs // 2)
        before = -min(first)
        self.pads = (before, self.cells + max(self.lag) + count - 1 - inputs - before)

    def taps(self, kernel: jax.Array, axis: int, r: int) -> jax.Array:
        """Returns the kernel's taps of phase `r` along an axis, in the order of the pixels."""
        widths = [(0, 0)] * 4
        widths[axis] = (0, 2 * self.count)
        reverse = jnp.pad(jnp.flip(kernel, axis), widths)
        stop = self.start[r] + 2 * self.count - 1
        return lax.slice_in_dim(reverse, self.start[r], stop, 2, axis)
