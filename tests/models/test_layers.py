"""Layers against closed forms and scipy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from spikejax.models import initializers, layers


def test_batch_norm_follows_its_definition_and_moves_the_running_statistics(rng):
    x = rng.normal(2.0, 3.0, (2, 3, 4, 5)).astype(np.float32)
    norm = layers.BatchNorm()
    variables = norm.init(jax.random.key(0), x, train=True)
    y, updated = jax.jit(lambda v, x: norm.apply(v, x, train=True, mutable=["batch_stats"]))(
        variables, x
    )
    mean, var = x.mean((0, 1, 2)), x.var((0, 1, 2))
    np.testing.assert_allclose(y, (x - mean) / np.sqrt(var + 1e-5), atol=1e-5)
    np.testing.assert_allclose(updated["batch_stats"]["mean"], 0.1 * mean, rtol=1e-5)
    unbiased = x.var((0, 1, 2), ddof=1)
    np.testing.assert_allclose(updated["batch_stats"]["var"], 0.9 + 0.1 * unbiased, rtol=1e-5)


def test_batch_norm_over_two_devices_equals_one(rng):
    x = rng.normal(2.0, 3.0, (4, 3, 4, 5)).astype(np.float32)
    one, two = layers.BatchNorm(), layers.BatchNorm(axis_name="data")
    variables = one.init(jax.random.key(0), x, train=True)

    def run(norm, x):
        return norm.apply(variables, x, train=True, mutable=["batch_stats"])

    expected, statistics = run(one, x)
    got, shared = jax.pmap(lambda x: run(two, x), "data")(x.reshape(2, 2, 3, 4, 5))
    np.testing.assert_allclose(got.reshape(expected.shape), expected, atol=1e-5)
    for name in ("mean", "var"):
        for device in range(2):
            np.testing.assert_allclose(
                shared["batch_stats"][name][device], statistics["batch_stats"][name], rtol=1e-5
            )


def test_layer_norm_follows_its_definition(rng):
    x = rng.normal(2.0, 3.0, (2, 3, 4, 8)).astype(np.float32)
    norm = layers.LayerNorm()
    y = norm.apply(norm.init(jax.random.key(0), x), x)
    expected = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5)
    np.testing.assert_allclose(y, expected, atol=1e-5)


@pytest.mark.parametrize("per_channel", [False, True])
def test_prelu_scales_what_is_negative(per_channel):
    layer = layers.PReLU(per_channel=per_channel)
    x = jnp.asarray([[-2.0, 3.0], [4.0, -8.0]]).reshape(1, 1, 2, 2)
    variables = layer.init(jax.random.key(0), x)
    assert variables["params"]["slope"].shape == ((2,) if per_channel else (1,))
    y = layer.apply(variables, x)
    np.testing.assert_array_equal(y.reshape(2, 2), [[-0.5, 3.0], [4.0, -2.0]])


def test_default_kernels_are_uniform_within_the_root_of_the_fan_in():
    variables = layers.Conv(64).init(jax.random.key(0), jnp.zeros((1, 4, 4, 16)))
    kernel = np.asarray(variables["params"]["kernel"])
    bound = 1 / np.sqrt(9 * 16)
    assert np.abs(kernel).max() <= bound
    np.testing.assert_allclose(kernel.std(), bound / np.sqrt(3), rtol=0.02)


def test_xavier_kernels_have_their_published_spread():
    shape, fans = (3, 3, 24, 40), 9 * (24 + 40)
    uniform = np.asarray(initializers.xavier_uniform(jax.random.key(0), shape))
    normal = np.asarray(initializers.xavier_normal(jax.random.key(0), shape))
    assert np.abs(uniform).max() <= np.sqrt(6 / fans)
    for kernel in (uniform, normal):
        np.testing.assert_allclose(kernel.std(), np.sqrt(2 / fans), rtol=0.02)
    assert np.abs(normal).max() > 3.2 * np.sqrt(2 / fans)  # not truncated


def test_layers_keep_the_dtype_of_their_input():
    x = jnp.ones((1, 4, 4, 8), jnp.bfloat16)
    for layer in (layers.Conv(8), layers.ConvTranspose(4), layers.PReLU(), layers.Residual()):
        variables = layer.init(jax.random.key(0), x)
        assert all(p.dtype == jnp.float32 for p in jax.tree.leaves(variables))
        assert layer.apply(variables, x).dtype == jnp.bfloat16
