"""Multi-head attention whose memory does not grow with the square of the number of tokens."""

import jax
import jax.numpy as jnp
from jax import lax

from spikejax.ops.platform import on_cpu

_LARGEST, _LARGEST_ON_CPU = 2**25, 2**20
"""Entries of the array of weights up to which it is held whole: what caches hold, on a CPU."""

_FEWEST = 32  # queries per block


def attention(
    queries: jax.Array, keys: jax.Array, values: jax.Array, *, block: int | None = None
) -> jax.Array:
    """Attends with softmax(q k / sqrt(d)) v, per head, in blocks of queries where sizes are big.

    The backward pass computes the weights of a block again, so that it does not hold them either.

    Args:
        queries: (B, N, heads, d) floating.
        keys: (B, M, heads, d).
        values: (B, M, heads, d).
        block: queries per block; None for all at once if the (B, heads, N, M) weights have at most
            2^25 entries (on a CPU 2^20), else about as many as make that, 32 at least.

    Returns:
        (B, N, heads, d) of the queries' dtype.

    Raises:
        ValueError: if the shapes do not match, or `block` is not positive.
    """
    _check(queries, keys, values, block)
    batch, count, heads, depth = queries.shape
    if block is None:
        row = batch * heads * keys.shape[1]
        block = max(_FEWEST, (_LARGEST_ON_CPU if on_cpu() else _LARGEST) // row)
    blocks = -(-count // block)
    if blocks == 1:
        return jax.nn.dot_product_attention(queries, keys, values)
    block = -(-count // blocks)  # of equal sizes
    padded = jnp.pad(queries, ((0, 0), (0, blocks * block - count), (0, 0), (0, 0)))
    parts = jnp.moveaxis(padded.reshape(batch, blocks, block, heads, depth), 1, 0)

    @jax.checkpoint
    def attend(part: jax.Array) -> jax.Array:
        return jax.nn.dot_product_attention(part, keys, values)

    out = jnp.moveaxis(lax.map(attend, parts), 0, 1)
    return out.reshape(batch, blocks * block, heads, depth)[:, :count]


def _check(queries: jax.Array, keys: jax.Array, values: jax.Array, block: int | None) -> None:
    shapes = f"queries {queries.shape}, keys {keys.shape}, values {values.shape}"
    same = keys.shape == values.shape and queries.ndim == keys.ndim == 4
    if not same or (queries.shape[0], *queries.shape[2:]) != (keys.shape[0], *keys.shape[2:]):
        raise ValueError(
            f"attention: expected (B, N, heads, d) and twice (B, M, ...), got {shapes}"
        )
    if block is not None and block < 1:
        raise ValueError(f"attention: expected a positive block, got {block}")
