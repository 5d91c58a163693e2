"""What the networks made for event cameras share: bins of readouts, and their recurrent encoder.

ET-Net and HyperE2VID both follow Rebecq et al., "High Speed and High Dynamic Range Video with an
Event Camera", TPAMI 2019. No convention is published for feeding them spikes: here a bin is the
mean of its readouts, and the next window begins 20 readouts later.
"""

import itertools
from typing import NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp

from spikejax import ops
from spikejax.models import layers, model

WINDOW = 61
MULTIPLE = 8
WIDTHS = (64, 128, 256)
_BINS = (13, 12, 12, 12, 12)


class Cell(NamedTuple):
    """The state of one ConvLSTM, float32.

    Attributes:
        hidden: (B, H, W, C).
        cell: (B, H, W, C).
    """

    hidden: jax.Array
    cell: jax.Array


Cells = tuple[Cell, ...]


def bins(spikes: jax.Array) -> jax.Array:
    """Averages a window in five bins of 13, 12, 12, 12 and 12 readouts.

    Args:
        spikes: (B, 61, H, W), oldest first.

    Returns:
        (B, H, W, 5) float32.
    """
    edges = (0, *itertools.accumulate(_BINS))
    means = [
        spikes[:, start:stop].astype(jnp.float32).mean(1)
        for start, stop in itertools.pairwise(edges)
    ]
    return jnp.stack(means, -1)


def padded_bins(spikes: jax.Array, name: str) -> tuple[jax.Array, ops.Padding]:
    """Returns the bins, padded by zeros to multiples of 8, an odd row at the top.

    Args:
        spikes: (B, 61, H, W).
        name: of the network, for errors.

    Raises:
        ValueError: if `spikes` is not (B, 61, H, W).
    """
    model.check_spikes(spikes, WINDOW, name)
    return ops.pad_to_multiple(bins(spikes), MULTIPLE, sides="both_first", fill="zeros")


def padded_size(height: int, width: int) -> tuple[int, int]:
    """Returns the size at which the network works."""
    return height + -height % MULTIPLE, width + -width % MULTIPLE


def empty_cells(batch: int, height: int, width: int) -> Cells:
    """Returns the states before the first window: zeros.

    Args:
        batch: recordings that are read side by side.
        height: rows, not padded.
        width: columns, not padded.
    """
    rows, columns = padded_size(height, width)
    shapes = ((batch, rows >> n, columns >> n, c) for n, c in enumerate(WIDTHS, 1))
    return tuple(Cell(jnp.zeros(shape), jnp.zeros(shape)) for shape in shapes)


class Stage(nn.Module):
    """A strided convolution and a ConvLSTM, (B, H, W, C / 2) -> (B, H / 2, W / 2, C).

    Attributes:
        features: C.
    """

    features: int

    @nn.compact
    def __call__(self, x: jax.Array, state: Cell) -> Cell:
        """Input, state -> the next state, whose hidden part is the output."""
        x = nn.relu(layers.Conv(self.features, size=5, stride=2, name="conv")(x))
        both = jnp.concatenate([x, state.hidden.astype(x.dtype)], -1)
        gates = layers.Conv(4 * self.features, name="gates")(both).astype(jnp.float32)
        into, forget, out, candidate = jnp.split(gates, 4, -1)
        cell = nn.sigmoid(forget) * state.cell + nn.sigmoid(into) * jnp.tanh(candidate)
        return Cell(nn.sigmoid(out) * jnp.tanh(cell), cell)


class Encoder(nn.Module):
    """Bins (B, H, W, 5) and states -> the head's features (B, H, W, 32) and the next states."""

    @nn.compact
    def __call__(self, x: jax.Array, cells: Cells) -> tuple[jax.Array, Cells]:
        head = nn.relu(layers.Conv(WIDTHS[0] // 2, size=5, name="head")(x))
        x, after = head, []
        for number, (width, state) in enumerate(zip(WIDTHS, cells, strict=True), 1):
            state = Stage(width, name=f"stage{number}")(x, state)
            x = state.hidden.astype(head.dtype)
            after.append(state)
        return head, tuple(after)


class Upsampling(nn.Module):
    """A convolution of the image at twice the size, (B, H, W, C) -> (B, 2H, 2W, features).

    Attributes:
        features: output channels.
    """

    features: int

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        return nn.relu(layers.Conv(self.features, size=5, name="conv")(ops.upsample2(x)))
