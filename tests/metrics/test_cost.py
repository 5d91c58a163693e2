"""Model cost against formulas, and latency against known durations."""

import time

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

import spikejax as sj
from spikejax import ops
from spikejax.metrics import cost


def shaped(*shape):
    return jax.ShapeDtypeStruct(shape, jnp.float32)


def test_parameters_leave_out_what_is_not_trained():
    tree = {"a": jnp.zeros((3, 4)), "b": [jnp.zeros(5), jnp.float32(1)]}
    assert cost.parameters(tree) == 18
    assert cost.parameters({"params": tree, "batch_stats": jnp.zeros(100)}) == 18
    assert cost.parameters({"params": jax.eval_shape(lambda: tree)}) == 18


@pytest.mark.parametrize("jit", [lambda f: f, jax.jit], ids=["plain", "jitted"])
def test_convolutions_are_counted_by_the_formula(jit):
    def count(x, kernel, **options):
        return cost.multiply_adds(jit(lambda x, k: ops.conv2d(x, k, **options)), x, kernel)

    x = shaped(2, 10, 12, 21)
    assert count(x, shaped(3, 3, 21, 11)) == 2 * 10 * 12 * 11 * 9 * 21
    assert count(x, shaped(5, 3, 21, 11), stride=2) == 2 * 5 * 6 * 11 * 15 * 21
    assert count(x, shaped(3, 3, 7, 9), groups=3) == 2 * 10 * 12 * 9 * 9 * 7
    assert count(x, shaped(3, 3, 1, 21), groups=21) == 2 * 10 * 12 * 21 * 9


def test_a_function_that_has_already_run_is_counted_alike():
    run = jax.jit(lambda x, k: 2 * jax.jit(ops.conv2d)(x, k))
    x, kernel = jnp.ones((1, 8, 8, 21)), jnp.ones((3, 3, 21, 11))
    run(x, kernel)
    assert cost.multiply_adds(run, x, kernel) == 64 * 11 * 9 * 21


def test_the_zeros_of_a_transposed_convolution_do_not_count():
    def transposed(x, kernel):
        return lax.conv_transpose(x, kernel, (2, 2), "SAME")

    assert cost.multiply_adds(transposed, shaped(1, 6, 8, 5), shaped(4, 4, 5, 3)) == (
        6 * 8 * 5 * 16 * 3
    )


def test_each_gradient_of_a_convolution_costs_as_much_as_it():
    def loss(x, kernel):
        return ops.conv2d(x, kernel, padding=0).sum()

    arguments = shaped(1, 9, 9, 4), shaped(3, 3, 4, 6)
    forward = cost.multiply_adds(loss, *arguments)
    assert forward == 49 * 6 * 9 * 4
    to_kernel = cost.multiply_adds(jax.grad(loss, 1), *arguments) - forward
    assert to_kernel == forward
    to_image = cost.multiply_adds(jax.grad(loss, 0), *arguments) - forward
    assert to_image == 81 * 4 * 9 * 6  # the border of zeros counts


def test_matrix_products_are_counted_by_the_formula():
    assert cost.multiply_adds(jnp.matmul, shaped(7, 3, 4), shaped(7, 4, 5)) == 7 * 3 * 4 * 5
    assert cost.multiply_adds(jnp.dot, shaped(9), shaped(9)) == 9
    assert cost.multiply_adds(jnp.add, shaped(9), shaped(9)) == 0
    assert cost.multiply_adds(
        lambda a, b: jnp.einsum("ijk,klj->il", a, b), shaped(2, 3, 4), shaped(4, 5, 3)
    ) == (2 * 3 * 4 * 5)


def test_loops_count_as_often_as_they_run_and_branches_by_the_most_expensive():
    square = shaped(3, 3)

    def scanned(x):
        return lax.scan(lambda c, _: (c @ c, None), x, None, length=5)[0]

    def either(x):
        return lax.cond(x[0, 0] > 0, lambda x: x @ x @ x, lambda x: x @ x, x)

    assert cost.multiply_adds(scanned, square) == 5 * 27
    assert cost.multiply_adds(lambda x: lax.fori_loop(0, 4, lambda _, c: c @ c, x), square) == 108
    assert cost.multiply_adds(either, square) == 2 * 27
    assert cost.multiply_adds(jax.checkpoint(jax.vmap(scanned)), shaped(2, 3, 3)) == 2 * 5 * 27
    assert cost.multiply_adds(lambda n: lax.fori_loop(0, n, lambda _, c: c + 1, n), 3) == 0
    with pytest.raises(ValueError, match=r"^multiply_adds: a loop of unknown length"):
        cost.multiply_adds(lambda x, n: lax.fori_loop(0, n, lambda _, c: c @ c, x), square, 3)


def test_a_multiply_add_is_two_flops():
    assert cost.flops(jnp.dot, shaped(64, 32), shaped(32, 48)) == 2 * 64 * 32 * 48


def test_peak_memory_holds_arguments_results_and_temporaries():
    def doubly(x):
        return (jnp.sin(x) @ x) @ x  # one of the two products is a temporary

    assert cost.peak_memory(lambda x: x + 1, shaped(1000)) == 2 * 4000
    assert cost.peak_memory(doubly, shaped(100, 100)) >= 3 * 40000
    assert cost.peak_memory(jax.jit(doubly), shaped(100, 100)) < 6 * 40000


def test_latency_waits_for_the_result():
    def wait(x):
        time.sleep(0.02)
        return x

    def slow(x):
        return jax.pure_callback(wait, jax.ShapeDtypeStruct((2,), np.float32), x)

    assert 0.02 <= cost.latency(slow, np.ones(2, np.float32), repeats=3) < 0.2
    assert 10 / 0.2 < cost.throughput(slow, jnp.ones(2), images=10, repeats=3) <= 10 / 0.02
    assert 2 / 0.2 < cost.throughput(slow, jnp.ones(2), repeats=3) <= 2 / 0.02


def test_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match=r"^latency: repeats is at least 1, got 0"):
        cost.latency(jnp.sin, 1.0, repeats=0)
    with pytest.raises(ValueError, match=r"^throughput: the result is a scalar"):
        cost.throughput(jnp.sum, jnp.ones(3))


def test_stir_costs_what_is_published():
    """5.11 million parameters, 0.417 T multiply-adds at 736 x 1280."""
    model = sj.models.create("stir")
    variables = jax.eval_shape(model.init, jax.random.key(0))
    spikes = jax.ShapeDtypeStruct((1, 61, 736, 1280), jnp.uint8)
    assert sj.metrics.parameters(variables) == 5_107_960
    count = sj.metrics.multiply_adds(model.apply, variables, spikes)
    assert count == pytest.approx(0.417e12, rel=2e-3)
