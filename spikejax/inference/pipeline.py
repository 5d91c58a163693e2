"""A pipeline that reads the next batch while the device computes one."""

import functools
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import jax
import numpy as np

Plan = TypeVar("Plan")
Batch = TypeVar("Batch")


def pipelined(
    plans: Iterable[Plan],
    read: Callable[[Plan], Batch],
    compute: Callable[[Plan, Batch], jax.Array],
) -> Iterator[tuple[Plan, np.ndarray]]:
    """Runs `compute(plan, read(plan))` for every plan, in order, overlapped.

    While the device computes one batch, a thread reads the next, and the images of the previous one
    are yielded. At most two batches are in memory.

    Args:
        plans: one per batch.
        read: reads a batch from the disk; runs in a thread of its own.
        compute: starts the computation and returns its (unfinished) result.

    Yields:
        Each plan with its result as a numpy array of its own, writable.
    """
    waiting: tuple[Plan, jax.Array] | None = None
    ahead: tuple[Plan, Future[Batch]] | None = None
    for plan in plans:
        following = plan, _reader().submit(read, plan)
        if ahead is not None:
            started = ahead[0], compute(ahead[0], ahead[1].result())
            if waiting is not None:
                yield waiting[0], np.array(waiting[1])
            waiting = started
        ahead = following
    if ahead is not None:
        started = ahead[0], compute(ahead[0], ahead[1].result())
        if waiting is not None:
            yield waiting[0], np.array(waiting[1])
        yield started[0], np.array(started[1])


@functools.cache
def _reader() -> ThreadPoolExecutor:
    """Returns two threads for all reconstructions, so that a dropped generator leaves none."""
    return ThreadPoolExecutor(2, thread_name_prefix="spikejax-read")
