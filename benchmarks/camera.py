"""Times the simulated camera, or compares it with a real one: `python benchmarks/camera.py`.

Each line is a variant: the median time of several synchronised runs on the default device, readouts
per second, and the temporary memory of the compiled program. `--memory` prints instead the peak
memory of a process that differentiates 1000 readouts, for several lengths of the recomputed pieces.

`--recording FILE --region 100:198,372:398` compares instead with a static region of a real
recording (`--height` and `--width` if it has no sidecar). The table lists the rate, and the
variance over time of each pixel's counts in adjacent windows (unbiased, divided by windows - 1),
averaged over the pixels; +- is the standard error of that mean. The other rows are simulated
cameras in light that makes each pixel fire at its measured rate: for `vidar` with its own fixed
pattern, for the others with identical pixels. `intervals` is the covariance of neighbouring
intervals divided by their variance: -0.5 for a pixel that keeps the charge above the threshold; a
pixel that drops it has equal intervals. `zero` resets to zero. `stray` also fires at random every
140 readouts, as one simulator does.

A wall behind a passing car, 200 readouts of a 250x400 camera (recVidarReal2019), two regions:

| camera | rate | variance, 10 | variance, 20 | variance, 50 | variance, 100 | intervals |
|---|---|---|---|---|---|---|
| real | 0.1864 | 0.1258 +- .0018 | 0.1892 +- .0023 | 0.1991 +- .0034 | 0.2459 +- .0067 | -0.555 |
| ideal | 0.1864 | 0.1244 +- .0019 | 0.1874 +- .0023 | 0.1998 +- .0034 | 0.2422 +- .0065 | -0.555 |
| vidar | 0.1865 | 0.1251 +- .0018 | 0.1882 +- .0023 | 0.2013 +- .0034 | 0.2412 +- .0066 | -0.543 |
| zero | 0.1707 | 0.2000 +- .0022 | 0.2049 +- .0023 | 0.2357 +- .0028 | 0.2714 +- .0065 | equal |
| stray | 0.1922 | 0.1786 +- .0025 | 0.2961 +- .0044 | 0.4811 +- .0123 | 0.7731 +- .0307 | 0.082 |

| camera | rate | variance, 10 | variance, 20 | variance, 50 | variance, 100 | intervals |
|---|---|---|---|---|---|---|
| real | 0.1522 | 0.2554 +- .0003 | 0.1065 +- .0016 | 0.2244 +- .0023 | 0.2563 +- .0050 | -0.533 |
| ideal | 0.1522 | 0.2554 +- .0003 | 0.1058 +- .0016 | 0.2236 +- .0024 | 0.2478 +- .0050 | -0.552 |
| vidar | 0.1522 | 0.2554 +- .0003 | 0.1062 +- .0016 | 0.2227 +- .0024 | 0.2463 +- .0050 | -0.537 |
| zero | 0.1434 | 0.2522 +- .0003 | 0.1468 +- .0011 | 0.1663 +- .0024 | 0.3195 +- .0048 | equal |
| stray | 0.1581 | 0.3113 +- .0016 | 0.2233 +- .0032 | 0.5133 +- .0099 | 0.8214 +- .0248 | 0.144 |

On CPU, page faults of new memory take much of the time; GLIBC_TUNABLES=glibc.malloc.hugetlb=1
reduces them.
"""

import argparse
import dataclasses
import re
import statistics
import subprocess
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np

from spikejax.camera import SENSORS, SURROGATES, expose, integrate_and_fire, simulate
from spikejax.formats import open_recording

WINDOWS = (10, 20, 50, 100)

PEAK_MEMORY = """
import resource, sys, jax, jax.numpy as jnp
from spikejax.camera import integrate_and_fire
readouts, height, width, every = map(int, sys.argv[1:])
current = jax.block_until_ready(jnp.full((readouts, height, width), 0.2))
loss = lambda x: jnp.sum(integrate_and_fire(x, checkpoint_every=every or None)[0] ** 2)
jax.block_until_ready(jax.jit(jax.grad(loss))(current))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)
"""


def median_ms(run, repeats):
    jax.block_until_ready(run())
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        jax.block_until_ready(run())
        times.append(time.perf_counter() - start)
    return 1e3 * statistics.median(times)


def closed_form(current, initial):
    """Computes spikes from a cumulative sum, parallel in time; see tests/camera/test_neuron.py."""
    total = jnp.floor(initial[None] + jnp.cumsum(current, 0))
    before = jnp.concatenate([jnp.floor(initial)[None], total[:-1]])
    return (total - before).astype(jnp.uint8)


def peak_memory(shape):
    for every in (0, 10, 50, 200):
        command = [sys.executable, "-c", PEAK_MEMORY, *map(str, (1000, *shape[1:], every))]
        peak = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        name = f"in pieces of {every}" if every else "without pieces"
        print(f"gradient of 1000 readouts, {name:20s} {float(peak):6.2f} GiB", flush=True)


def parse_region(text):
    match = re.fullmatch(r"(\d+):(\d+),(\d+):(\d+)", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"expected Y0:Y1,X0:X1, got {text!r}")
    top, bottom, left, right = map(int, match.groups())
    return slice(top, bottom), slice(left, right)


def rates_of(spikes):
    """Returns the spikes per readout (N,) of (T, N) spikes, from the first to the last spike."""
    first, last = spikes.argmax(0), len(spikes) - 1 - spikes[::-1].argmax(0)
    return (spikes.sum(0) - 1) / (last - first)


def neighbouring_intervals(spikes):
    """Returns the covariance of neighbouring intervals divided by their variance.

    Both are averaged over the pixels.
    """
    products = squares = 0.0
    for pixel in spikes.T:
        d = np.diff(np.flatnonzero(pixel)).astype(float)
        if len(d) < 3:
            continue
        d -= d.mean()
        products += np.mean(d[1:] * d[:-1])
        squares += np.mean(d * d)
    return f"{products / squares:.3f}" if squares else "equal"


def row(name, spikes):
    """Prints the statistics of (T, N) spikes."""
    cells = [f"{spikes.mean():.4f}"]
    for n in WINDOWS:
        whole = spikes[: len(spikes) // n * n]
        if len(whole) < 2 * n:
            cells.append("")
            continue
        variances = whole.reshape(-1, n, spikes.shape[1]).sum(1).var(0, ddof=1)
        error = variances.std(ddof=1) / len(variances) ** 0.5
        cells.append(f"{variances.mean():.4f} +- " + f"{error:.4f}".lstrip("0"))
    cells.append(neighbouring_intervals(spikes))
    print(f"| {name} | {' | '.join(cells)} |", flush=True)


def compare(recording, region):
    """Prints the statistics of a recording's region and of simulated cameras in the same light."""
    rows, columns = region
    if not (rows.start < rows.stop <= recording.height):
        raise ValueError(f"no rows {rows.start}:{rows.stop} in {recording.height}")
    if not (columns.start < columns.stop <= recording.width):
        raise ValueError(f"no columns {columns.start}:{columns.stop} in {recording.width}")
    spikes = recording[:, rows, columns]
    readouts, height, width = spikes.shape
    spikes = spikes.reshape(readouts, -1)
    active = spikes.sum(0) >= 4  # fewer spikes determine neither the rate nor the intervals
    omitted = f", {np.sum(~active)} pixels with few spikes omitted" if not active.all() else ""
    print(
        f"\n{readouts} readouts of {height}x{width} pixels at row {rows.start}, "
        f"column {columns.start}{omitted}\n"
    )
    print(f"| camera | rate | {' | '.join(f'variance, {n}' for n in WINDOWS)} | intervals |")
    print("|---" * (len(WINDOWS) + 3) + "|")
    spikes = spikes[:, active]
    row("real", spikes)
    rates = rates_of(spikes).astype(np.float32)
    ideal, vidar = SENSORS["ideal"], SENSORS["vidar"]
    pattern = vidar.pattern(jax.random.key(9), (1, len(rates)))
    light = (rates * np.asarray(pattern.threshold) - np.asarray(pattern.dark)) / pattern.prnu
    cameras = {
        "ideal": (ideal, rates, None),
        "vidar": (vidar, light, pattern),
        "zero": (dataclasses.replace(ideal, reset="zero"), rates, None),
        "stray": (dataclasses.replace(ideal, stray_gap=140.0), rates, None),
    }
    for name, (sensor, intensity, maps) in cameras.items():
        scene = jnp.broadcast_to(jnp.reshape(intensity, (1, 1, -1)), (readouts, 1, len(rates)))
        simulated = np.asarray(simulate(jax.random.key(3), scene, sensor, pattern=maps))
        row(name, simulated[:, 0])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--readouts", type=int, default=256)
    parser.add_argument("--height", type=int, help="default 250, or the sidecar's")
    parser.add_argument("--width", type=int, help="default 400, or the sidecar's")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--memory", action="store_true", help="peak memory instead of times")
    parser.add_argument("--recording", help="compare with a real recording instead")
    parser.add_argument("--region", type=parse_region, action="append", metavar="Y0:Y1,X0:X1")
    args = parser.parse_args()
    if args.recording:
        try:
            with open_recording(args.recording, args.height, args.width) as recording:
                whole = slice(0, recording.height), slice(0, recording.width)
                for region in args.region or [whole]:
                    compare(recording, region)
        except (ValueError, OSError) as error:
            raise SystemExit(str(error)) from None
        return
    shape = (args.readouts, args.height or 250, args.width or 400)
    if args.memory:
        peak_memory(shape)
        return

    key = jax.random.key(0)
    scene = jax.device_put(np.random.default_rng(0).random(shape, np.float32))
    print(f"{shape} on {jax.devices()[0].device_kind}, jax {jax.__version__}")

    def line(name, function, *arguments):
        compiled = jax.jit(function).lower(*arguments).compile()
        ms = median_ms(lambda: compiled(*arguments), args.repeats)
        analysis = compiled.memory_analysis()
        memory = f"{analysis.temp_size_in_bytes / 2**20:8.0f} MiB" if analysis else ""
        print(f"{name:40s} {ms:9.1f} ms {1e3 * shape[0] / ms:9.0f} readouts/s {memory}", flush=True)

    line("pixel, subtract", lambda x: integrate_and_fire(x)[0], scene)
    line("pixel, modulo", lambda x: integrate_and_fire(x, reset="modulo")[0], scene)
    line("pixel, closed form", closed_form, scene, scene[0])
    for name, sensor in SENSORS.items():
        line(f"camera, {name}", lambda x, sensor=sensor: simulate(key, x, sensor), scene)
    line("photograph", lambda x: expose(x, gamma=2.2, bits=8), scene)

    def gradient(**options):
        return jax.grad(lambda x: jnp.sum(integrate_and_fire(x, **options)[0] * x))

    for surrogate in SURROGATES:
        line(f"gradient, {surrogate}", gradient(surrogate=surrogate), scene)
    line("gradient, atan, reset attached", gradient(detach_reset=False), scene)
    for every in (16, 64):
        line(f"gradient, atan, in pieces of {every}", gradient(checkpoint_every=every), scene)
    vidar = jax.grad(lambda x: jnp.sum(simulate(key, x, SENSORS["vidar"], dtype="float32") * x))
    line("gradient, camera vidar", vidar, scene)


if __name__ == "__main__":
    main()
