"""Memory of a call, measured while it runs."""

import ctypes
import threading
import time
from collections.abc import Callable
from typing import Any

import jax

_LEAST_S = 0.1  # duration of the calls, so that the watcher sees short peaks too
_PAUSE_S = 0.01  # memory is freed shortly after the result is ready
_EVERY_S = 0.0002


def measured_memory(fn: Callable[..., Any], *args: Any) -> int | None:
    """Measures the peak bytes of one call: arguments, results and temporaries.

    On a GPU or TPU the allocator reports them, if no earlier call of this process needed more. On a
    CPU the memory that the C library has allocated is read every 0.2 ms, so that allocations of
    other threads count too.

    Args:
        fn: a pure function of arrays, jitted or not.
        *args: its arguments; they are moved to the default device first.

    Returns:
        Bytes, to compare with `peak_memory`, which is XLA's own number; None if they are not
        reported (a CPU without glibc 2.33).
    """
    args = jax.block_until_ready(jax.device_put(args))
    leaves = [leaf for leaf in jax.tree.leaves(args) if isinstance(leaf, jax.Array)]
    device = next(iter(leaves[0].devices())) if leaves else jax.devices()[0]
    lower = fn.lower if hasattr(fn, "lower") else jax.jit(fn).lower
    compiled = lower(*args).compile()

    def run() -> None:
        jax.block_until_ready(compiled(*args))

    growth = _growth_of_heap(run) if device.platform == "cpu" else _growth_of_device(device, run)
    return None if growth is None else growth + sum(leaf.nbytes for leaf in leaves)


def _growth_of_device(device: Any, run: Callable[[], None]) -> int | None:
    before = device.memory_stats()
    run()
    after = device.memory_stats()
    if not before or not after or after["peak_bytes_in_use"] <= before["peak_bytes_in_use"]:
        return None
    return int(after["peak_bytes_in_use"] - before["bytes_in_use"])


class _Heap(ctypes.Structure):
    """The result of `mallinfo2` of glibc."""

    _fields_ = tuple(
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
            *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
        )
    )


def _growth_of_heap(run: Callable[[], None]) -> int | None:
    try:
        mallinfo: Any = ctypes.CDLL(None).mallinfo2
    except (AttributeError, OSError, TypeError):
        return None
    mallinfo.restype = _Heap
    allocated: list[int] = []
    ended = threading.Event()

    def look() -> None:
        heap = mallinfo()
        allocated.append(heap.uordblks + heap.hblkhd)

    def watch() -> None:
        while not ended.wait(_EVERY_S):
            look()

    run()  # the first call starts threads, which allocate their stacks
    time.sleep(_PAUSE_S)
    look()
    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    started = time.monotonic()
    try:
        while time.monotonic() - started < _LEAST_S:
            run()
            time.sleep(_PAUSE_S)
    finally:
        ended.set()
        watcher.join()
    return max(allocated) - allocated[0]
