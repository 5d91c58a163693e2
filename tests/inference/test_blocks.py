"""The plan that lets windows share blocks."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spikejax import models
from spikejax.inference.blocks import plan_blocks
from spikejax.inference.tiling import tile_axis

OFFSETS = np.array(models.create("stir").blocks.offsets)


def run(plans, slots):
    """Carries a plan out on block starts instead of features; returns what each window saw."""
    pool, encoded, seen = np.full(slots, -999), 0, []
    for plan in plans:
        for starts, places in zip(plan.new_starts, plan.new_slots, strict=True):
            pool[places] = starts
            encoded += len(set(starts.tolist()))
        seen.append(pool[plan.slots[: plan.count]])
    return np.concatenate(seen), encoded


@given(st.sets(st.integers(0, 300), min_size=1, max_size=40), st.integers(1, 5))
def test_every_window_finds_its_three_blocks(centres, batch_size):
    centres = np.array(sorted(centres))
    seen, _ = run(*plan_blocks(centres, batch_size, OFFSETS))
    np.testing.assert_array_equal(seen, centres[:, None] + OFFSETS[None])


@pytest.mark.parametrize("batch_size", [1, 4])
@pytest.mark.parametrize("stride", [20, 10, 5])
def test_every_block_is_encoded_once(stride, batch_size):
    centres = np.arange(30, 1030, stride)
    plans, slots = plan_blocks(centres, batch_size, OFFSETS)
    _, encoded = run(plans, slots)
    assert encoded == len(np.unique(centres[:, None] + OFFSETS[None]))
    assert slots <= batch_size + 2 * 20 // stride + batch_size


@given(st.integers(1, 500), st.integers(1, 200), st.integers(0, 40))
def test_tiles_cover_an_axis_once_with_room_for_the_overlap(length, size, overlap):
    try:
        spans = tile_axis(length, size, overlap)
    except ValueError as error:
        assert size < 2 * overlap + 16
        assert "take at least" in str(error)
        return
    assert spans[0].first == 0
    assert spans[-1].last == length
    for span, following in itertools.pairwise(spans):
        assert span.last == following.first
        assert span.last + overlap <= span.start + span.size
        assert following.first - overlap >= following.start
        assert following.start % 16 == 0
    assert {span.size for span in spans} == {spans[0].size}
    assert all(span.start + span.size <= length for span in spans)
