import threading
import time
from types import SimpleNamespace

import pytest

from spikejax.training.prefetch import Prefetch


class Count:
    """Counts 0, 1, 2, ..., each after acquiring `permits`; 3 is an error if `broken`."""

    def __init__(self, *, permits=None, broken=False):
        self.at, self._permits, self._broken = 0, permits, broken
        self._changed = threading.Condition()

    def __next__(self):
        if self._permits is not None:
            self._permits.acquire(timeout=60)
        if self._broken and self.at == 3:
            raise OSError("three")
        with self._changed:
            self.at += 1
            self._changed.notify_all()
        return self.at - 1

    def get_state(self):
        return {"at": self.at}

    def reach(self, number):
        """Waits until `number` batches are made."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.at >= number, timeout=60)


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
    count = Count()
    source = prefetch(count)
    assert source.get_state() == {"at": 0}
    for taken in range(1, 4):
        next(source)
        count.reach(taken + 2)  # the source is ahead
        assert source.get_state() == {"at": taken}


def test_no_more_than_two_are_made_ahead(prefetch):
    count = Count()
    prefetch(count)
    count.reach(2)
    time.sleep(0.05)  # enough to make a third
    assert count.at == 2


def test_the_queue_has_a_bound(prefetch):
    with pytest.raises(ValueError, match="ahead: expected at least 2 batches, or 0, got 1"):
        prefetch(Count(), ahead=1)


def test_the_time_waited_for_is_told(prefetch, monkeypatch):
    """The clock counts batches: each one made while `__next__` waits takes a second."""
    permits = threading.Semaphore(0)
    count = Count(permits=permits)
    readings = []

    def clock():
        readings.append(float(count.at))
        if len(readings) == 1:
            permits.release()
        return readings[-1]

    monkeypatch.setattr("spikejax.training.prefetch.time", SimpleNamespace(perf_counter=clock))
    source = prefetch(count)
    assert next(source) == 0
    assert source.waited == 1
    permits.release()
    count.reach(2)
    assert next(source) == 1
    assert source.waited == 1
    permits.release(9)  # so that the thread can end


def test_an_error_comes_at_its_place_and_stays(prefetch):
    source = prefetch(Count(broken=True))
    assert [next(source) for _ in range(3)] == [0, 1, 2]
    for _ in range(2):
        with pytest.raises(OSError, match="three"):
            next(source)


def test_with_none_ahead_a_batch_is_made_when_it_is_asked_for(prefetch):
    def place(x):
        if count.at == 4:  # once: later calls must not skip the lost batch
            raise OSError("four")
        return 10 * x

    count = Count()
    source = prefetch(count, place=place, ahead=0)
    assert count.at == 0
    for taken in range(3):
        assert next(source) == 10 * taken
        assert source.get_state() == count.get_state() == {"at": taken + 1}
    for _ in range(2):
        with pytest.raises(OSError, match="four"):
            next(source)
    assert source.get_state() == {"at": 3}
