import jax
import jax.numpy as jnp
import numpy as np
import pytest

from spikejax import metrics, ops


def plain(queries, keys, values):
    """Attention in float64, written out."""
    q, k, v = (np.asarray(x, np.float64) for x in (queries, keys, values))
    logits = np.einsum("bnhd,bmhd->bhnm", q, k) / np.sqrt(q.shape[-1])
    weights = np.exp(logits - logits.max(-1, keepdims=True))
    weights /= weights.sum(-1, keepdims=True)
    return np.einsum("bhnm,bmhd->bnhd", weights, v)


@pytest.fixture
def inputs(rng):
    shapes = ((2, 13, 3, 4), (2, 9, 3, 4), (2, 9, 3, 4))
    return tuple(jnp.asarray(rng.normal(size=shape), jnp.float32) for shape in shapes)


@pytest.mark.parametrize("block", [None, 1, 5, 13, 20])
def test_it_agrees_with_the_formula_in_any_blocks(inputs, block):
    out = ops.attention(*inputs, block=block)
    np.testing.assert_allclose(out, plain(*inputs), atol=1e-6)


def test_its_gradient_in_blocks_is_that_of_the_whole(inputs):
    def loss(arrays, block):
        return (ops.attention(*arrays, block=block) ** 2).sum()

    whole, blocks = (jax.grad(loss)(inputs, block) for block in (None, 4))
    for expected, gradient in zip(whole, blocks, strict=True):
        np.testing.assert_allclose(gradient, expected, atol=1e-5)


def test_big_sizes_hold_no_array_of_all_pairs():
    tokens = jax.ShapeDtypeStruct((1, 14_400, 8, 32), jnp.float32)
    memory = metrics.peak_memory(jax.jit(ops.attention), tokens, tokens, tokens)
    assert memory < 14_400**2 * 8 * 4 / 8  # an eighth of the weights of all heads


def test_blocks_count_as_many_multiply_adds_as_the_whole():
    tokens = jax.ShapeDtypeStruct((1, 64, 8, 32), jnp.float32)
    counts = [
        metrics.multiply_adds(lambda *x, b=block: ops.attention(*x, block=b), *3 * [tokens])
        for block in (64, 16)
    ]
    assert counts == 2 * [2 * 8 * 64 * 64 * 32]


@pytest.mark.parametrize(
    ("shapes", "block", "message"),
    [
        (((1, 4, 2, 8), (1, 4, 2, 8), (1, 5, 2, 8)), None, "expected .B, N, heads, d."),
        (((1, 4, 2, 8), (1, 4, 2, 9), (1, 4, 2, 9)), None, "expected .B, N, heads, d."),
        (((4, 2, 8), (4, 2, 8), (4, 2, 8)), None, "expected .B, N, heads, d."),
        (((1, 4, 2, 8), (1, 4, 2, 8), (1, 4, 2, 8)), 0, "positive block, got 0"),
    ],
)
def test_wrong_arguments_are_refused(shapes, block, message):
    with pytest.raises(ValueError, match=message):
        ops.attention(*(jnp.zeros(shape) for shape in shapes), block=block)
