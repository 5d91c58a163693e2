import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikejax import ops


@st.composite
def binary_images(draw):
    shape = [*draw(st.lists(st.integers(1, 5), max_size=2)), draw(st.integers(1, 40))]
    bits = draw(st.binary(min_size=int(np.prod(shape)), max_size=int(np.prod(shape))))
    return (np.frombuffer(bits, np.uint8) & 1).reshape(shape)


@given(binary_images())
def test_unpacking_inverts_packing(x):
    packed = ops.pack_bits(x)
    assert packed.shape == (*x.shape[:-1], -(-x.shape[-1] // 8))
    np.testing.assert_array_equal(ops.unpack_bits(packed, x.shape[-1]), x)


def test_the_first_pixel_is_the_least_significant_bit():
    assert ops.pack_bits(np.array([1, 0, 0, 0, 0, 0, 0, 0, 0, 1])).tolist() == [1, 2]


def test_packing_agrees_with_a_sum_of_powers(rng):
    x = rng.integers(0, 2, (3, 24))
    expected = (x.reshape(3, 3, 8) << np.arange(8)).sum(-1)
    np.testing.assert_array_equal(ops.pack_bits(x), expected)


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int32])
def test_numpy_stays_numpy_and_jax_stays_jax(dtype, rng):
    x = rng.integers(0, 2, (2, 13)).astype(dtype)
    packed = ops.pack_bits(x)
    assert isinstance(packed, np.ndarray) and packed.dtype == np.uint8
    assert isinstance(ops.unpack_bits(packed, 13), np.ndarray)
    on_device = jax.jit(ops.pack_bits)(jnp.asarray(x))
    assert isinstance(on_device, jax.Array)
    np.testing.assert_array_equal(on_device, packed)
    unpacked = jax.jit(lambda p: ops.unpack_bits(p, 13))(on_device)
    assert unpacked.dtype == jnp.uint8
    np.testing.assert_array_equal(unpacked, x.astype(np.uint8))


def test_any_non_zero_value_is_one():
    assert ops.pack_bits(np.array([0, 2, -1, 256])).tolist() == [0b1110]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ops.pack_bits(np.float32([0.0, 1.0])), "bool or integer values, got float32"),
        (lambda: ops.pack_bits(np.int32(1)), "got a scalar"),
        (lambda: ops.unpack_bits(np.zeros(2, np.int32), 16), "uint8 bytes, got int32"),
        (lambda: ops.unpack_bits(np.zeros((3, 2), np.uint8), 17), r"expected 3 bytes.*\(3, 2\)"),
    ],
)
def test_wrong_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
