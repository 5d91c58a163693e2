import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spikejax import ops


@settings(max_examples=8)  # each shape is compiled
@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 17))
def test_cropping_inverts_padding(height, width, multiple):
    x = np.arange(2 * height * width, dtype=np.float32).reshape(1, height, width, 2)
    padded, padding = ops.pad_to_multiple(x, multiple)
    assert padded.shape[1] % multiple == padded.shape[2] % multiple == 0
    assert padded.shape[1] - height < multiple and padded.shape[2] - width < multiple
    assert padding.bottom - padding.top in (0, 1) and padding.right - padding.left in (0, 1)
    sides = ((0, 0), padding[:2], padding[2:], (0, 0))
    np.testing.assert_array_equal(padded, np.pad(x, sides, mode="edge"))
    np.testing.assert_array_equal(ops.crop_padding(padded, padding), x)


def test_the_odd_row_goes_to_the_bottom_and_the_odd_column_to_the_right():
    _, padding = ops.pad_to_multiple(jnp.zeros((1, 13, 11, 1)), 16)
    assert padding == ops.Padding(top=1, bottom=2, left=2, right=3)


def test_a_divisible_size_is_not_padded(rng):
    x = rng.random((1, 16, 32, 1), np.float32)
    padded, padding = ops.pad_to_multiple(x, 16)
    assert padding == (0, 0, 0, 0)
    np.testing.assert_array_equal(padded, x)


@pytest.mark.parametrize(("fill", "mode"), [("edge", "edge"), ("mirror", "symmetric")])
def test_all_of_the_padding_may_go_to_the_end(rng, fill, mode):
    x = rng.random((1, 6, 3, 2), np.float32)
    padded, padding = ops.pad_to_multiple(x, 8, sides="end", fill=fill)
    assert padding == (0, 2, 0, 5)
    np.testing.assert_array_equal(padded, np.pad(x, ((0, 0), (0, 2), (0, 5), (0, 0)), mode))
    np.testing.assert_array_equal(ops.crop_padding(padded, padding), x)


def test_the_odd_row_may_go_to_the_top_and_the_fill_may_be_zero():
    padded, padding = ops.pad_to_multiple(
        jnp.ones((1, 5, 7, 1)), 8, sides="both_first", fill="zeros"
    )
    assert padding == (2, 1, 1, 0)
    assert padded.sum() == 35 and padded[0, 2:7, 1:, 0].sum() == 35


def test_the_last_rows_may_be_repeated_in_their_order():
    x = jnp.arange(6.0).reshape(1, 6, 1, 1)
    padded, _ = ops.pad_to_multiple(x, 4, sides="end", fill="repeat")
    np.testing.assert_array_equal(padded[0, :, 0, 0], [0, 1, 2, 3, 4, 5, 4, 5])
    assert padded.shape[2] == 4


def test_spikes_are_padded_along_their_own_axes(rng):
    spikes = jnp.asarray(rng.integers(0, 2, (2, 5, 9, 10)), jnp.uint8)
    padded, padding = jax.jit(lambda x: ops.pad_to_multiple(x, 4, axes=(2, 3)))(spikes)
    assert padded.shape == (2, 5, 12, 12) and padded.dtype == jnp.uint8
    image = padded[:, 0, :, :, None]
    cropped = ops.crop_padding(image, ops.Padding(*map(int, padding)))
    np.testing.assert_array_equal(cropped[..., 0], spikes[:, 0])


def test_negative_axes_count_from_the_end():
    padded, padding = ops.pad_to_multiple(jnp.zeros((7, 5, 6)), 4, axes=(-2, -1))
    assert padded.shape == (7, 8, 8)
    assert ops.crop_padding(padded, padding, axes=(-2, -1)).shape == (7, 5, 6)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ops.pad_to_multiple(jnp.zeros((1, 4, 4, 1)), 0), "positive multiple, got 0"),
        (lambda: ops.pad_to_multiple(jnp.zeros((1, 0, 4, 1)), 2), "not a non-empty image"),
        (lambda: ops.pad_to_multiple(jnp.zeros((4, 4)), 2), "not two axes"),
        (lambda: ops.pad_to_multiple(jnp.zeros((4, 4)), 2, axes=(1, -1)), "not a non-empty image"),
        (lambda: ops.pad_to_multiple(jnp.zeros((1, 4, 4, 1)), 8, fill="repeat"), "sides='end'"),
        (lambda: ops.pad_to_multiple(jnp.zeros((1, 4, 4, 1)), 8, fill="x"), "no such sides"),
        (lambda: ops.crop_padding(jnp.zeros((1, 4, 4, 1)), ops.Padding(2, 2, 0, 0)), "nothing"),
    ],
)
def test_wrong_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
