"""Tests of the eight symmetries of the square, on images, flow and spikes."""

import hypothesis
import hypothesis.strategies as st
import jax.numpy as jnp
import numpy as np
import pytest

from spikejax.datasets.loading.augment import (
    TRANSFORMS,
    crop_packed,
    transposes,
    turn_flow,
    turn_image,
    turn_packed,
    turn_spikes,
)
from spikejax.ops import pack_bits, unpack_bits, warp

EVERY = range(TRANSFORMS)
sizes = st.tuples(st.integers(1, 3), st.integers(1, 20), st.integers(1, 27))


def spikes_of(shape, seed=0):
    return np.random.default_rng(seed).integers(0, 2, shape).astype(np.uint8)


@hypothesis.given(sizes, st.sampled_from(EVERY), st.integers(0, 9))
def test_turning_packed_spikes_is_turning_them_unpacked(shape, transform, seed):
    spikes = spikes_of(shape, seed)
    turned = turn_spikes(spikes, transform)
    packed = turn_packed(pack_bits(spikes), shape[-1], transform)
    np.testing.assert_array_equal(packed, pack_bits(turned))


@hypothesis.given(sizes, st.data())
def test_cropping_packed_spikes_is_cropping_them_unpacked(shape, data):
    spikes = spikes_of(shape)
    rows, columns = (
        slice(*sorted(data.draw(st.lists(st.integers(0, n), min_size=2, max_size=2, unique=True))))
        for n in shape[1:]
    )
    packed = crop_packed(pack_bits(spikes), rows, columns)
    np.testing.assert_array_equal(packed, pack_bits(spikes[:, rows, columns]))
    unpack_bits(packed, columns.stop - columns.start)  # checks the number of bytes


def test_the_transforms_form_the_dihedral_group():
    marked = np.arange(9).reshape(3, 3)
    table = [turn_spikes(marked, g).tolist() for g in EVERY]
    assert len({str(t) for t in table}) == 8
    for g in EVERY:
        products = [table.index(turn_spikes(np.array(t), g).tolist()) for t in table]
        assert sorted(products) == list(EVERY)  # closed, and every element has an inverse


def test_the_transforms_are_numpy_s_rotations_and_reflections():
    marked = np.arange(12).reshape(3, 4)
    ours = {str(turn_spikes(marked, g).tolist()) for g in EVERY}
    quarters = [np.rot90(x, k) for k in range(4) for x in (marked, np.fliplr(marked))]
    assert ours == {str(q.tolist()) for q in quarters}
    np.testing.assert_array_equal(turn_spikes(marked, 1), np.fliplr(marked))
    np.testing.assert_array_equal(turn_spikes(marked, 2), np.flipud(marked))
    np.testing.assert_array_equal(turn_spikes(marked, 4), marked.T)


@pytest.mark.parametrize("transform", EVERY)
def test_images_and_spikes_turn_alike(transform, rng):
    image = rng.random((2, 5, 7, 3))
    turned = turn_image(image, transform)
    for channel in range(3):
        expected = turn_spikes(image[..., channel], transform)
        np.testing.assert_array_equal(turned[..., channel], expected)
    assert transposes(transform) == (turned.shape == (2, 7, 5, 3))


@pytest.mark.parametrize("transform", EVERY)
def test_warping_commutes_with_turning(transform, rng):
    # A side of 8 for all transforms: one compiled program.
    image = rng.random((1, 8, 8, 1)).astype(np.float32)
    flow = (4 * rng.random((1, 8, 8, 2)) - 2).astype(np.float32)
    turned = warp(jnp.array(turn_image(image, transform)), jnp.array(turn_flow(flow, transform)))
    expected = turn_image(np.asarray(warp(jnp.array(image), jnp.array(flow))), transform)
    np.testing.assert_allclose(turned, expected, atol=1e-5)


def test_what_cannot_be_turned_is_refused():
    with pytest.raises(ValueError, match=r"expected 0 to 7, got 8"):
        turn_spikes(np.zeros((2, 2)), 8)
    with pytest.raises(ValueError, match=r"\(\.\.\., H, 2\) uint8 for a width of 9, got uint8 of"):
        turn_packed(np.zeros((1, 3, 1), np.uint8), 9, 0)
