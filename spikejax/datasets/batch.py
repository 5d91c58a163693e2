"""The batch format that all sources of training data share.

A batch is a dict of arrays:

| name | shape | meaning |
|---|---|---|
| `images` | (B, J, H, W, 1) float32 | linear intensity at the centres of J windows, in [0, 1] |
| `gain` | (B,) float32 | spikes per readout at intensity 1 |
| `spikes` | (B, T, H, W) uint8 | 0 or 1, T = L + 20 (J - 1) readouts for windows of L |
| or `packed` | (B, T, H, ceil(W / 8)) uint8 | the same, eight pixels per byte |

Some sources also provide `flow`, `blur` (a photograph), images at other moments, or colour images
at a higher resolution than the spikes. Their docstrings describe it.
"""

from collections.abc import Mapping
from typing import Any, TypeAlias

import jax

from spikejax.camera.conventions import STRIDE
from spikejax.ops.bits import unpack_bits

Batch: TypeAlias = dict[str, Any]


class Place:
    """The position of an endless iterator over batches: a seed and a step.

    Attributes:
        seed: seed of all batches.
        step: step of the next batch.
    """

    def __init__(self, seed: int) -> None:
        """Starts at step 0.

        Args:
            seed: seed of all batches.
        """
        self.seed, self.step = seed, 0

    def get_state(self) -> dict[str, Any]:
        """Returns the position, as plain JSON values."""
        return {"step": self.step, "seed": self.seed}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Restores a position, whatever the number of workers and processes.

        Args:
            state: state from `get_state`.

        Raises:
            ValueError: if the state belongs to an iterator with another seed.
        """
        if state["seed"] != self.seed:
            raise ValueError(
                f"set_state: the state is of seed {state['seed']}, the iterator of {self.seed}"
            )
        self.step = int(state["step"])


def readouts_of(window: int, windows: int) -> int:
    """Returns T, the number of readouts that `windows` windows of `window` readouts cover."""
    return window + STRIDE * (windows - 1)


def window_centres(window: int, windows: int) -> list[int]:
    """Returns the centre readouts of the windows, counted from the first readout."""
    return [STRIDE * j + window // 2 for j in range(windows)]


def spikes_of(batch: Batch) -> jax.Array:
    """Returns the spikes of a batch, packed or not.

    Call it inside jit, so that the spikes travel to the device packed.

    Args:
        batch: batch with `spikes`, or with `packed` and `images`.

    Returns:
        (B, T, H, W) uint8, 0 or 1.

    Raises:
        ValueError: if the batch has neither `spikes` nor `packed`.
    """
    if "spikes" in batch:
        return batch["spikes"]
    if "packed" not in batch:
        raise ValueError(f"batch: expected 'spikes' or 'packed', got {sorted(batch)}")
    return unpack_bits(batch["packed"], batch["images"].shape[3])
