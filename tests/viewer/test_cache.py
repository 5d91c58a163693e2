"""The cache bounded in bytes."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from spikejax.viewer.cache import BytesCache


def bytes_of(count):
    return np.zeros(count, np.uint8)


def test_what_was_used_longest_ago_goes_first():
    cache = BytesCache(30)
    for name in "abc":
        cache.put(name, bytes_of(10))
    assert cache.get("a") is not None
    cache.put("d", bytes_of(10))
    assert cache.get("b") is None
    assert [cache.get(name) is not None for name in "acd"] == [True] * 3


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 40))))
def test_it_never_holds_more_than_its_bytes(puts):
    cache = BytesCache(50)
    for key, size in puts:
        cache.put(key, bytes_of(size))
        held = [cache.get(key) for key in range(6)]
        assert cache.nbytes == sum(0 if v is None else v.nbytes for v in held) <= 50
