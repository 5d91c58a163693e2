"""The thread that does the newest work first."""

import threading

import pytest

from spikejax.viewer.worker import Superseded, Worker


@pytest.fixture
def held():
    """A worker that is busy until `release` is set."""
    worker, release = Worker("test"), threading.Event()
    started = threading.Event()

    def block():
        started.set()
        release.wait(10)

    worker.submit("block", block)
    assert started.wait(10)
    yield worker, release
    release.set()
    worker.close()


def test_the_newest_is_first_and_older_ones_of_its_place_are_dropped(held):
    worker, release = held
    order = []
    old = worker.submit("a", lambda: order.append("a, old"))
    worker.submit("b", lambda: order.append("b"))
    last = worker.submit("c", lambda: order.append("c"))
    new = worker.submit("a", lambda: order.append("a"))
    assert isinstance(old.exception(1), Superseded)
    release.set()
    for future in (new, last):
        future.result(10)
    assert order[:2] == ["a", "c"]


def test_an_error_reaches_the_one_who_asked_and_the_thread_lives_on():
    worker = Worker("test")
    with pytest.raises(ZeroDivisionError):
        worker.submit("a", lambda: 1 / 0).result(10)
    assert worker.submit("a", lambda: 7).result(10) == 7
    worker.close()


def test_places_are_bounded(held):
    worker, _ = held
    futures = [worker.submit(n, int) for n in range(65)]
    assert isinstance(futures[0].exception(1), Superseded)
    assert not futures[1].done()


def test_closing_drops_what_waits(held):
    worker, release = held
    waiting = worker.submit("a", int)
    worker.close()
    assert isinstance(waiting.exception(1), Superseded)
    release.set()
    with pytest.raises(RuntimeError, match="closed"):
        worker.submit("a", int)
