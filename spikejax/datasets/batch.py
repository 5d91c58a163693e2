"""What a batch is, whoever makes it.

A batch is a dict of arrays:

| name | shape | what |
|---|---|---|
| `images` | (B, J, H, W, 1) float32 | linear intensity at the centres of J windows, in [0, 1] |
| `gain` | (B,) float32 | spikes a readout at intensity 1 |
| `spikes` | (B, T, H, W) uint8 | 0 or 1, T = L + 20 (J - 1) readouts for windows of L |
| or `packed` | (B, T, H, ceil(W / 8)) uint8 | the same, eight pixels a byte |

Some sources also give `flow`, `blur` (a photograph), images at other moments, or colour images
finer than the spikes; their functions say so.
"""

from collections.abc import Mapping
from typing import Any, TypeAlias

import jax

from spikejax.ops.bits import unpack_bits

STRIDE = 20
"""Readouts between the windows of a scene."""

CELL = 4
"""Pixels of a colour image, each way, that a pixel of the spike camera covers."""

Batch: TypeAlias = dict[str, Any]


class Place:
    """Where an endless iterator stands: at a step, of the batches of a seed."""

    def __init__(self, seed: int) -> None:
        """Stands at step 0.

        Args:
            seed: of all batches.
        """
        self.seed, self.step = seed, 0

    def get_state(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {"step": self.step, "seed": self.seed}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Goes to where `get_state` was called, with any number of workers and processes.

        Args:
            state: from `get_state`.

        Raises:
            ValueError: if it is of an iterator with another seed.
        """
        if state["seed"] != self.seed:
            raise ValueError(
                f"set_state: the state is of seed {state['seed']}, the iterator of {self.seed}"
            )
        self.step = int(state["step"])


def readouts_of(window: int, windows: int) -> int:
    """T, the readouts that `windows` windows of `window` readouts cover."""
    return window + STRIDE * (windows - 1)


def window_centres(window: int, windows: int) -> list[int]:
    """The readouts in the middle of the windows, counted from the first readout."""
    return [STRIDE * j + window // 2 for j in range(windows)]


def spikes_of(batch: Batch) -> jax.Array:
    """The spikes of a batch, packed or not; inside jit, so that they travel packed.

    Args:
        batch: with `spikes`, or with `packed` and `images`.

    Returns:
        (B, T, H, W) uint8, 0 or 1.

    Raises:
        ValueError: if the batch has neither.
    """
    if "spikes" in batch:
        return batch["spikes"]
    if "packed" not in batch:
        raise ValueError(f"batch: expected 'spikes' or 'packed', got {sorted(batch)}")
    return unpack_bits(batch["packed"], batch["images"].shape[3])
