"""Times the operators in plain JAX, in spikejax and in PyTorch.

    python benchmarks/operators.py [--quick] [--only PATTERN] [--repeats 20] [--seconds 2]

The shapes are those of STIR: a 256x400 image for the forward pass, eight 96x96 crops for the
gradients. Convolutions are between two ReLUs, as in a network, where padding is fused into the
operator before. The implementations run in turns and the fastest run counts, because other work on
the machine only adds time. PyTorch (`pip install torch`) is optional. For the shortest times on CPU
set GLIBC_TUNABLES=glibc.malloc.hugetlb=1 (glibc 2.35 or later).
"""

import argparse
import functools
import re
import time
from collections.abc import Callable, Iterator

import jax
from operator_forms import Case, conv, transposed, upsample2, warp

COLUMNS = ("plain", "spikejax", "torch")


def cases(quick: bool) -> Iterator[Callable[[], Iterator[Case]]]:
    """Yields one function per shape, so that arrays and programs exist only while measured."""
    forward = [
        (1, 256, 400, 133, 133),
        (1, 256, 400, 133, 48),
        (1, 256, 400, 48, 48),
        (1, 256, 400, 48, 1),
        (1, 128, 200, 85, 85),
        (1, 128, 200, 85, 72),
        (1, 128, 200, 72, 72),
        (1, 128, 200, 72, 5),
        (1, 128, 200, 72, 8),
        (1, 64, 100, 109, 109),
        (1, 64, 100, 109, 96),
        (1, 64, 100, 96, 96),
        (1, 64, 100, 96, 5),
        (1, 32, 50, 205, 205),
        (1, 32, 50, 205, 192),
        (1, 32, 50, 192, 192),
        (1, 32, 50, 192, 5),
        (1, 16, 25, 288, 288),
        (1, 16, 25, 288, 5),
        (1, 16, 25, 96, 510, 1),
        (1, 16, 25, 192, 192, 3, 1, 96),
        (1, 16, 25, 510, 510, 3, 1, 510),
        (3, 256, 400, 21, 11),
        (3, 256, 400, 21, 11, 1),
        (3, 256, 400, 11, 11),
        (3, 256, 400, 16, 16, 7),
        (3, 256, 400, 16, 24, 3, 2),
        (3, 128, 200, 24, 24),
        (3, 128, 200, 24, 32, 3, 2),
        (3, 64, 100, 32, 32),
        (3, 64, 100, 32, 64, 3, 2),
        (3, 32, 50, 64, 96, 3, 2),
        (1, 128, 200, 1, 48),
    ]
    training = [
        (8, 96, 96, 133, 133),
        (8, 96, 96, 133, 48),
        (8, 96, 96, 48, 48),
        (8, 96, 96, 48, 1),
        (8, 48, 48, 85, 85),
        (8, 48, 48, 85, 72),
        (8, 48, 48, 72, 72),
        (8, 48, 48, 72, 5),
        (8, 24, 24, 109, 109),
        (8, 24, 24, 96, 96),
        (8, 12, 12, 205, 205),
        (8, 12, 12, 192, 192),
        (8, 6, 6, 288, 288),
        (24, 96, 96, 21, 11),
        (24, 96, 96, 11, 11),
        (24, 96, 96, 16, 16, 7),
        (24, 96, 96, 16, 24, 3, 2),
        (24, 48, 48, 24, 24),
        (24, 48, 48, 24, 32, 3, 2),
        (24, 24, 24, 32, 32),
        (24, 12, 12, 64, 64),
        (8, 6, 6, 510, 510, 3, 1, 510),
    ]
    transposes = [
        (1, 16, 25, 288, 8),
        (1, 32, 50, 192, 8),
        (1, 64, 100, 96, 8),
        (1, 128, 200, 72, 8),
        (1, 128, 200, 8, 8),
        (1, 64, 64, 64, 32, 5),
        (1, 128, 128, 32, 16, 5),
    ]
    if quick:
        forward, training, transposes = forward[4::6], training[7::5], transposes[2:6:3]
    for shape in forward:
        yield functools.partial(conv, *shape)
    for shape in transposes:
        yield functools.partial(transposed, *shape)
    for shape in training:
        yield functools.partial(conv, *shape, gradients=True)
    yield functools.partial(transposed, 8, 48, 48, 72, 8, gradients=True)
    yield (
        functools.partial(warp, 1, 64, 100, 16)
        if quick
        else functools.partial(warp, 1, 256, 400, 16)
    )
    yield functools.partial(upsample2, 1, 128, 200, 1)


def take_turns(runs, repeats, seconds):
    """Returns the milliseconds of the fastest of up to `repeats` runs each, after a first run."""
    for run in runs.values():
        run()
    best = dict.fromkeys(runs, float("inf"))
    end = time.perf_counter() + seconds
    for turn in range(repeats):
        if turn >= 3 and time.perf_counter() > end:
            break
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            best[name] = min(best[name], 1e3 * (time.perf_counter() - start))
    return best


def cell(ms, gflop):
    if ms is None:
        return f"{'-':>16}"
    speed = f"{1e3 * gflop / ms:6.0f}" if gflop else " " * 6
    return f"{ms:9.2f} {speed}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a few shapes only")
    parser.add_argument("--only", default="", help="regular expression of the lines to run")
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=2.0, help="time per line, about")
    arguments = parser.parse_args()
    print(f"{jax.devices()[0].device_kind}, JAX {jax.__version__}, float32")
    print(f"{'ms, GFLOP/s':52}" + "".join(f"{name:>17}" for name in COLUMNS) + "   speed-up")
    for make in cases(arguments.quick):
        for case in make():
            if not re.search(arguments.only, case.name):
                continue
            best = take_turns(case.runs, arguments.repeats, arguments.seconds)
            line = "".join(f" {cell(best.get(name), case.gflop)}" for name in COLUMNS)
            print(f"{case.name:52}{line}   {best['plain'] / best['spikejax']:6.2f}", flush=True)


if __name__ == "__main__":
    main()
