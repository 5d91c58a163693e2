import time

import pytest

from spikejax.training.prefetch import Prefetch


class Count:
    """0, 1, 2, ..., each after a while; 3 is an error if it is to be."""

    def __init__(self, *, seconds=0.0, broken=False):
        self.at, self.seconds, self.broken = 0, seconds, broken

    def __next__(self):
        time.sleep(self.seconds)
        if self.broken and self.at == 3:
            raise OSError("three")
        self.at += 1
        return self.at - 1

    def get_state(self):
        return {"at": self.at}


@pytest.fixture
def prefetch():
    opened = []

    def open_one(*arguments, **options):
        opened.append(Prefetch(*arguments, **options))
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()


def test_batches_come_in_order_and_placed(prefetch):
    source = prefetch(Count(), place=lambda x: 10 * x)
    assert [next(source) for _ in range(4)] == [0, 10, 20, 30]


def test_the_state_is_that_after_the_batch_that_was_taken(prefetch):
    source = prefetch(Count())
    assert source.get_state() == {"at": 0}
    for taken in range(1, 4):
        next(source)
        time.sleep(0.02)  # meanwhile the source is ahead
        assert source.get_state() == {"at": taken}


def test_no_more_than_two_are_made_ahead(prefetch):
    count = Count()
    prefetch(count)
    time.sleep(0.1)
    assert count.at == 2


def test_the_time_waited_for_is_told(prefetch):
    source = prefetch(Count(seconds=0.05))
    for _ in range(3):
        next(source)
    assert 0.1 < source.waited < 1
    before = source.waited
    time.sleep(0.3)
    next(source)
    assert source.waited - before < 0.03


def test_an_error_comes_at_its_place_and_stays(prefetch):
    source = prefetch(Count(broken=True))
    assert [next(source) for _ in range(3)] == [0, 1, 2]
    for _ in range(2):
        with pytest.raises(OSError, match="three"):
            next(source)
