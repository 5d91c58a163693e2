"""How much memory a call takes when it runs, measured while it does."""

import ctypes
import threading
import time
from collections.abc import Callable
from typing import Any

import jax

_LEAST_S = 0.1  # of calls one after the other, so that what is short is met too
_PAUSE_S = 0.01  # memory is given back a little after the result is there
_EVERY_S = 0.0002


def measured_memory(fn: Callable[..., Any], *args: Any) -> int | None:
    """Measures the bytes that one call takes at its peak: arguments, results and temporaries.

    On an accelerator these are its allocator's; they are known only if nothing dearer ran in this
    process before. On a processor they are what the C library has given out, looked at every 0.2
    ms, so that what other threads take meanwhile counts too.

    Args:
        fn: a pure function of arrays, jitted or not.
        *args: its arguments; they are moved to the default device first.

    Returns:
        Bytes, to be held against `peak_memory`, which is what XLA announces; None where nobody
        tells (a processor without glibc 2.33).
    """
    args = jax.block_until_ready(jax.device_put(args))
    leaves = [leaf for leaf in jax.tree.leaves(args) if isinstance(leaf, jax.Array)]
    device = next(iter(leaves[0].devices())) if leaves else jax.devices()[0]
    lower = fn.lower if hasattr(fn, "lower") else jax.jit(fn).lower
    compiled = lower(*args).compile()

    def run() -> None:
        jax.block_until_ready(compiled(*args))

    grown = _growth_of_heap(run) if device.platform == "cpu" else _growth_of_device(device, run)
    return None if grown is None else grown + sum(leaf.nbytes for leaf in leaves)


def _growth_of_device(device: Any, run: Callable[[], None]) -> int | None:
    before = device.memory_stats()
    run()
    after = device.memory_stats()
    if not before or not after or after["peak_bytes_in_use"] <= before["peak_bytes_in_use"]:
        return None
    return int(after["peak_bytes_in_use"] - before["bytes_in_use"])


class _Heap(ctypes.Structure):
    """What `mallinfo2` of glibc gives."""

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
    taken: list[int] = []
    ended = threading.Event()

    def look() -> None:
        heap = mallinfo()
        taken.append(heap.uordblks + heap.hblkhd)

    def watch() -> None:
        while not ended.wait(_EVERY_S):
            look()

    run()  # threads and their stacks come with the first call
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
    return max(taken) - taken[0]
