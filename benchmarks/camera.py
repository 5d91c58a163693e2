"""Times the simulated camera after compilation: `python benchmarks/camera.py`.

A line a variant: the median of several synchronised runs on the default device, and how many
readouts a second that is; for gradients also the memory that the compiled program asks for.
`--memory` prints instead the peak memory of a process that differentiates 1000 readouts, for
several lengths of the pieces that are computed again.

On a CPU much of the time goes into touching fresh memory; GLIBC_TUNABLES=glibc.malloc.hugetlb=1
helps.
"""

import argparse
import statistics
import subprocess
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np

from spikejax.camera import SENSORS, SURROGATES, expose, integrate_and_fire, simulate

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
    """The same spikes by a running sum, parallel in time; see tests/camera/test_neuron.py."""
    total = jnp.floor(initial[None] + jnp.cumsum(current, 0))
    before = jnp.concatenate([jnp.floor(initial)[None], total[:-1]])
    return (total - before).astype(jnp.uint8)


def peak_memory(shape):
    for every in (0, 10, 50, 200):
        command = [sys.executable, "-c", PEAK_MEMORY, *map(str, (1000, *shape[1:], every))]
        peak = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        name = f"in pieces of {every}" if every else "keeping everything"
        print(f"gradient of 1000 readouts, {name:20s} {float(peak):6.2f} GiB", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--readouts", type=int, default=256)
    parser.add_argument("--height", type=int, default=250)
    parser.add_argument("--width", type=int, default=400)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--memory", action="store_true", help="peak memory instead of times")
    args = parser.parse_args()
    shape = (args.readouts, args.height, args.width)
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
