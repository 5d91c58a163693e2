"""STIR over a recording, encoding every block of readouts once.

A window is three blocks of 21 readouts, 20 apart, and in evaluation a block's features do not
depend on its window. So windows at stride 20 share two of their three blocks with their neighbours,
and one block an image has to be encoded instead of three; the same at 10, 5, 4, 2 and 1.
"""

import dataclasses
import functools
from collections.abc import Iterator, Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from spikejax import ops
from spikejax.inference.centres import batches
from spikejax.inference.pipeline import pipelined
from spikejax.inference.source import Source, read_reflected
from spikejax.inference.windows import Images
from spikejax.models import Model, Variables, stir, stir_encoder

OFFSETS = np.array([-30, -10, 10])
"""Where the three blocks of a window start, from its centre."""


@dataclasses.dataclass(frozen=True)
class Plan:
    """What to do for one batch of windows.

    Attributes:
        count: how many windows of the batch count.
        centres: (K,).
        new_starts: first readouts of the blocks to encode, in groups of one size.
        new_slots: where their features go, likewise.
        slots: (K, 3), where the features of each window's blocks are.
    """

    count: int
    centres: np.ndarray
    new_starts: Sequence[np.ndarray]
    new_slots: Sequence[np.ndarray]
    slots: np.ndarray


def plan_blocks(centres: np.ndarray, batch_size: int) -> tuple[list[Plan], int]:
    """Decides which blocks are encoded when, and where their features are kept.

    Args:
        centres: (K,) ascending.
        batch_size: windows at a time.

    Returns:
        The plans, and how many slots they need at most.
    """
    chunks = list(batches(centres, batch_size))
    starts = [batch[:, None] + OFFSETS[None] for _, batch in chunks]
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
        Plan(count, batch, list(_groups(np.array(new), group)), list(_groups(to, group)), where)
        for (count, batch), new, (to, where) in zip(chunks, new_of, placed, strict=True)
    ]
    return plans, slots


def _groups(values: np.ndarray, size: int) -> Iterator[np.ndarray]:
    return (batch for _, batch in batches(values, size))


def from_blocks(
    source: Source, centres: np.ndarray, model: Model, variables: Variables, *, batch_size: int
) -> Images:
    """Images by STIR, encoding every block of 21 readouts once.

    Args:
        source: the recording.
        centres: (K,) ascending.
        model: STIR.
        variables: its weights.
        batch_size: images at a time.

    Yields:
        Each centre with its image (H, W) float32 in [0, 1].
    """
    height, width = source.shape[1:]
    plans, slots = plan_blocks(centres, batch_size)
    module = model.module
    weights = {name: variables[name] for name in ("params", "batch_stats")}
    block = jax.ShapeDtypeStruct((1, stir.BLOCK, height, -(-width // 8)), np.uint8)
    features = jax.eval_shape(functools.partial(_features, module, width=width), weights, block)
    pool = jax.tree.map(lambda f: jnp.zeros((slots, *f.shape[1:]), f.dtype), features)

    def read(plan: Plan) -> list[np.ndarray]:
        return [
            np.stack([read_reflected(source, s, s + stir.BLOCK) for s in group.tolist()])
            for group in plan.new_starts
        ]

    def compute(plan: Plan, packed: list[np.ndarray]) -> jax.Array:
        nonlocal pool
        for group, places in zip(packed, plan.new_slots, strict=True):
            pool = _encode(module, weights, pool, jnp.asarray(group), jnp.asarray(places), width)
        return _decode(module, weights, pool, jnp.asarray(plan.slots), (height, width))

    for plan, images in pipelined(plans, read, compute):
        yield from zip(plan.centres[: plan.count].tolist(), images, strict=False)


def _features(
    module: nn.Module, weights: Variables, packed: jax.Array, *, width: int
) -> stir_encoder.Features:
    spikes = ops.unpack_bits(packed, width)
    padded, _ = ops.pad_to_multiple(spikes, stir.MULTIPLE, axes=(2, 3))
    return module.apply(weights, padded, method="encode")  # type: ignore[return-value]


@functools.partial(jax.jit, static_argnums=(0, 5), donate_argnums=2)
def _encode(
    module: nn.Module,
    weights: Variables,
    pool: stir_encoder.Features,
    packed: jax.Array,
    places: jax.Array,
    width: int,
) -> stir_encoder.Features:
    """Writes the features of packed blocks into their slots of the pool."""
    features = _features(module, weights, packed, width=width)
    return jax.tree.map(lambda p, f: p.at[places].set(f), pool, features)


@functools.partial(jax.jit, static_argnums=(0, 4))
def _decode(
    module: nn.Module,
    weights: Variables,
    pool: stir_encoder.Features,
    slots: jax.Array,
    size: tuple[int, int],
) -> jax.Array:
    """The images (K, H, W) of windows whose blocks' features are in the slots (K, 3)."""
    blocks = [tuple(f[slots[:, i]] for f in pool) for i in range(3)]
    pyramid: Any = module.apply(weights, *blocks, method="decode")
    _, padding = ops.pad_to_multiple(jnp.zeros((1, *size, 1)), stir.MULTIPLE)
    return jnp.clip(ops.crop_padding(pyramid.images[0], padding), 0.0, 1.0)[..., 0]
