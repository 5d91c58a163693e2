"""The driver of networks that encode blocks of readouts: every block is encoded once.

A window of STIR is three blocks of 21 readouts, 20 apart, and in evaluation a block's features do
not depend on its window. So windows at stride 20 share two of their three blocks with their
neighbours: one block per image is encoded instead of three. The same holds at 10, 5, 4, 2 and 1.
"""

import dataclasses
import functools
from collections.abc import Iterator, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from spikejax import ops
from spikejax.inference.centres import batches
from spikejax.inference.pipeline import pipelined
from spikejax.inference.source import Source, read_reflected
from spikejax.inference.windows import Pairs
from spikejax.models import Model, Variables
from spikejax.weights import without_constants


@dataclasses.dataclass(frozen=True)
class BlockPlan:
    """The blocks to encode and the windows to decode in one batch.

    Attributes:
        count: how many windows of the batch count.
        centres: (K,).
        new_starts: first readouts of the blocks to encode, in groups of one size.
        new_slots: where their features go, likewise.
        slots: (K, blocks per window), where the features of each window's blocks are.
    """

    count: int
    centres: np.ndarray
    new_starts: Sequence[np.ndarray]
    new_slots: Sequence[np.ndarray]
    slots: np.ndarray


def plan_blocks(
    centres: np.ndarray, batch_size: int, offsets: Sequence[int]
) -> tuple[list[BlockPlan], int]:
    """Decides which blocks are encoded when, and where their features are kept.

    Args:
        centres: (K,) ascending.
        batch_size: windows per batch.
        offsets: first readout of each block of a window, from its centre.

    Returns:
        The plans, and how many slots they need at most.
    """
    chunks = list(batches(centres, batch_size))
    starts = [batch[:, None] + np.asarray(offsets)[None] for _, batch in chunks]
    last_use = {int(s): i for i, batch in enumerate(starts) for s in batch.flat}
    slot_of: dict[int, int] = {}
    free: list[int] = []
    slots = 0
    new_of: list[list[int]] = []
    placed: list[tuple[np.ndarray, np.ndarray]] = []
    for index, batch in enumerate(starts):
        for start in [s for s in slot_of if last_use[s] < index]:
            free.append(slot_of.pop(start))
        new = [int(s) for s in np.unique(batch) if int(s) not in slot_of]
        for start in new:
            if not free:
                free.append(slots)
                slots += 1
            slot_of[start] = free.pop()
        new_of.append(new)
        new_slots = np.array([slot_of[s] for s in new], np.int32)
        placed.append((new_slots, np.vectorize(slot_of.__getitem__, otypes=[np.int32])(batch)))

    group = max(1, int(np.median([len(new) for new in new_of])))
    plans = [
        BlockPlan(
            count, batch, list(_groups(np.array(new), group)), list(_groups(to, group)), where
        )
        for (count, batch), new, (to, where) in zip(chunks, new_of, placed, strict=True)
    ]
    return plans, slots


def _groups(values: np.ndarray, size: int) -> Iterator[np.ndarray]:
    return (batch for _, batch in batches(values, size))


def from_blocks(
    source: Source, centres: np.ndarray, model: Model, variables: Variables, *, batch_size: int
) -> Pairs:
    """Makes images by a network that encodes blocks, each of them once.

    Args:
        source: the recording.
        centres: (K,) ascending.
        model: the network, with `blocks`.
        variables: its weights.
        batch_size: images per batch.

    Yields:
        Each centre with its image (H, W) float32.
    """
    assert model.blocks is not None
    length = model.blocks.length
    height, width = source.shape[1:]
    plans, slots = plan_blocks(centres, batch_size, model.blocks.offsets)
    weights = without_constants(variables)
    block = jax.ShapeDtypeStruct((1, length, height, -(-width // 8)), np.uint8)
    features = jax.eval_shape(functools.partial(_features, model, width=width), weights, block)
    pool = jax.tree.map(lambda f: jnp.zeros((slots, *f.shape[1:]), f.dtype), features)

    def read(plan: BlockPlan) -> list[np.ndarray]:
        return [
            np.stack([read_reflected(source, s, s + length) for s in group.tolist()])
            for group in plan.new_starts
        ]

    def compute(plan: BlockPlan, packed: list[np.ndarray]) -> jax.Array:
        nonlocal pool
        for group, places in zip(packed, plan.new_slots, strict=True):
            pool = _encode(model, weights, pool, jnp.asarray(group), jnp.asarray(places), width)
        return _decode(model, weights, pool, jnp.asarray(plan.slots), (height, width))

    for plan, images in pipelined(plans, read, compute):
        yield from zip(plan.centres[: plan.count].tolist(), images, strict=False)


def _features(model: Model, weights: Variables, packed: jax.Array, *, width: int) -> Any:
    assert model.blocks is not None
    return model.blocks.encode(weights, ops.unpack_bits(packed, width))


@functools.partial(jax.jit, static_argnums=(0, 5), donate_argnums=2)
def _encode(
    model: Model,
    weights: Variables,
    pool: Any,
    packed: jax.Array,
    places: jax.Array,
    width: int,
) -> Any:
    """Writes the features of packed blocks into their slots of the pool."""
    features = _features(model, weights, packed, width=width)
    return jax.tree.map(lambda p, f: p.at[places].set(f), pool, features)


@functools.partial(jax.jit, static_argnums=(0, 4))
def _decode(
    model: Model, weights: Variables, pool: Any, slots: jax.Array, size: tuple[int, int]
) -> jax.Array:
    """Decodes the images (K, H, W) of windows whose blocks' features are in slots (K, blocks)."""
    assert model.blocks is not None
    blocks = tuple(jax.tree.map(lambda f: f[slots[:, i]], pool) for i in range(slots.shape[1]))  # noqa: B023
    return model.blocks.decode(weights, blocks, size)[..., 0]
