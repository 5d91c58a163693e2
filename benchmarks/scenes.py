"""Times batches of procedural scenes and a training step on them, or draws a sheet of scenes.

    python benchmarks/scenes.py [--batch 8] [--size 96] [--sheet scenes.png]

Prints the median seconds of making a batch (painting, moving, recording) and of a STIR training
step on it, in turn, after warm-up. With --sheet it draws 40 scenes, at the centre of their windows,
instead. For the best speed on a CPU set GLIBC_TUNABLES=glibc.malloc.hugetlb=1 (glibc 2.35 or
later).
"""

import argparse
import statistics
import time

import jax
import jax.numpy as jnp
import numpy as np

from spikejax import models
from spikejax.datasets import SyntheticOptions, synthetic_batch
from spikejax.datasets.procedural.scenes import SceneOptions
from spikejax.formats import write_image


def compare(options, count, repeats):
    stir = models.create("stir")
    variables = stir.init(jax.random.key(0))

    @jax.jit
    def step(batch):
        def loss(params):
            network = {**variables, "params": params}
            output, _ = models.stir.apply_with_pyramid(network, batch["spikes"], train=True)
            target = batch["gain"][:, None, None, None] * batch["images"][:, 0]
            return jnp.abs(output.images[0] - target).mean()

        return jax.value_and_grad(loss)(variables["params"])

    times = {"batch": [], "step": []}
    for n in range(repeats + 1):
        start = time.perf_counter()
        batch = jax.block_until_ready(synthetic_batch(jax.random.key(n), options, count=count))
        middle = time.perf_counter()
        jax.block_until_ready(step(batch))
        times["batch"].append(middle - start)
        times["step"].append(time.perf_counter() - middle)
    return {name: statistics.median(values[1:]) for name, values in times.items()}


def draw_sheet(path, options):
    rows = []
    for row in range(5):
        batch = synthetic_batch(jax.random.key(100 + row), options, count=8)
        pictures = np.asarray(batch["images"])[:, 0, ..., 0]
        rows.append(np.concatenate([np.pad(p, 2, constant_values=1) for p in pictures], 1))
    write_image(path, np.concatenate(rows) ** (1 / 2.2))
    print(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--size", type=int, default=96)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--sheet")
    args = parser.parse_args()
    options = SyntheticOptions(scene=SceneOptions(height=args.size, width=args.size))
    if args.sheet:
        draw_sheet(args.sheet, options)
        return
    times = compare(options, args.batch, args.repeats)
    print(f"{args.batch} windows of 61 readouts, {args.size}x{args.size}, on {jax.devices()[0]}:")
    for name, seconds in times.items():
        print(f"  {name:6} {1e3 * seconds:7.0f} ms")
    print(f"  the batch takes {times['batch'] / times['step']:.0%} of the step's time")


if __name__ == "__main__":
    main()
