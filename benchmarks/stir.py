"""Times STIR in JAX and in PyTorch, with the same weights, in one run.

    python benchmarks/stir.py [--size 256x400] [--train] [--repeats 5]

Needs PyTorch (`pip install torch`). Prints the median seconds of repeated synchronised calls, in
turn, after warm-up, and the largest difference between the images. With a GPU, both run on it in
TF32; leave PyTorch some of its memory: XLA_PYTHON_CLIENT_MEM_FRACTION=0.5. For the best speed on a
CPU set GLIBC_TUNABLES=glibc.malloc.hugetlb=1 (glibc 2.35 or later) for both.
"""

import argparse
import statistics
import time

import jax
import jax.numpy as jnp
import numpy as np
import torch
from stir_in_torch import stir as torch_stir

from spikejax import models, ops, weights

ON_GPU = jax.default_backend() == "gpu" and torch.cuda.is_available()
DEVICE = torch.device("cuda" if ON_GPU else "cpu")


def synchronised():
    if ON_GPU:
        torch.cuda.synchronize()


def timed(run):
    start = time.perf_counter()
    run()
    synchronised()
    return time.perf_counter() - start


def as_tensor(array):
    return torch.from_numpy(np.ascontiguousarray(array, np.float32)).to(DEVICE)


def take_turns(runs, repeats):
    """Returns the median seconds of each run, called in turn after one call of each."""
    times = {name: [] for name in runs}
    for _ in range(repeats + 1):
        for name, run in runs.items():
            times[name].append(timed(run))
    return {name: statistics.median(t[1:]) for name, t in times.items()}


def torch_state(variables, channels_last):
    state = weights.to_torch("stir", variables)
    state = {name: torch.from_numpy(np.array(value)).to(DEVICE) for name, value in state.items()}
    if channels_last:
        state = {
            k: v.contiguous(memory_format=torch.channels_last) if v.ndim == 4 else v
            for k, v in state.items()
        }
    return state


def inference_runs(variables, spikes):
    apply = models.create("stir").apply
    runs = {"spikejax": lambda: apply(variables, spikes).block_until_ready()}
    for label, channels_last in (("torch", False), ("torch channels_last", True)):
        state = torch_state(variables, channels_last)
        x = as_tensor(spikes)
        if channels_last:
            x = x.contiguous(memory_format=torch.channels_last)

        def run(state=state, x=x):
            with torch.inference_mode():
                return torch_stir(state, x)[0].clamp(0, 1)

        runs[label] = run
    return runs


def training_runs(variables, spikes, target):
    """Returns runs of the forward and backward pass of the multi-scale L1 loss and an Adam step."""
    import optax

    scales = (1.0, 0.125, 0.0625, 0.0625, 0.0625)
    optimiser = optax.adam(1e-4)

    @jax.jit
    def step(params, batch_stats, state):
        def loss(params):
            collections = {"params": params, "batch_stats": batch_stats}
            output, stats = models.stir.apply_with_pyramid(collections, spikes, True)
            pyramid = ops.average_pyramid(jnp.asarray(target), 5)
            terms = (jnp.abs(i - t).mean() for i, t in zip(output.images, pyramid, strict=True))
            return sum(s * t for s, t in zip(scales, terms, strict=True)), stats

        (value, stats), grads = jax.value_and_grad(loss, has_aux=True)(params)
        updates, state = optimiser.update(grads, state, params)
        return optax.apply_updates(params, updates), stats, state, value

    params, stats = variables["params"], variables["batch_stats"]
    opt_state = optimiser.init(params)
    runs = {"spikejax": lambda: jax.block_until_ready(step(params, stats, opt_state))}
    for label, channels_last in (("torch", False), ("torch channels_last", True)):
        runs[label] = torch_training(variables, spikes, target, channels_last, scales)
    return runs


def torch_training(variables, spikes, target, channels_last, scales):
    state = torch_state(variables, channels_last)
    learned = [
        v.requires_grad_() for k, v in state.items() if v.is_floating_point() and "running" not in k
    ]
    optimiser = torch.optim.Adam(learned, lr=1e-4)
    x = as_tensor(spikes)
    pyramid = [as_tensor(np.moveaxis(target, -1, 1))]
    for _ in range(4):
        pyramid.append(torch.nn.functional.avg_pool2d(pyramid[-1], 2))

    def run():
        optimiser.zero_grad()
        images = torch_stir(state, x, train=True)
        terms = [(i.clamp(0, 1) - t).abs().mean() for i, t in zip(images, pyramid, strict=True)]
        sum(s * t for s, t in zip(scales, terms, strict=True)).backward()
        optimiser.step()

    return run


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", default=None, help="HEIGHTxWIDTH, multiples of 16")
    parser.add_argument("--batch", type=int, default=None)
    parser.add_argument("--train", action="store_true")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    size = options.size or ("96x96" if options.train else "256x400")
    batch = options.batch or (8 if options.train else 1)
    height, width = (int(n) for n in size.split("x"))

    if ON_GPU:
        torch.set_float32_matmul_precision("high")
    rng = np.random.default_rng(0)
    spikes = (rng.random((batch, 61, height, width)) < 0.3).astype(np.uint8)
    target = rng.random((batch, height, width, 1), np.float32)
    variables = models.create("stir").init(jax.random.key(0))
    ours = np.asarray(models.create("stir").apply(variables, spikes))
    theirs = inference_runs(variables, spikes)["torch"]().cpu().numpy()
    difference = np.abs(ours - np.moveaxis(theirs, 1, -1)).max()
    print(f"largest difference between the images: {difference:.1e}")
    if options.train:
        runs = training_runs(variables, spikes, target)
    else:
        runs = inference_runs(variables, spikes)
    what = "training step" if options.train else "inference"
    ours, theirs = jax.devices()[0].device_kind, f"CPU, {torch.get_num_threads()} threads"
    where = f"JAX on {ours}, PyTorch on {torch.cuda.get_device_name() if ON_GPU else theirs}"
    print(f"STIR {what}, batch {batch} of {height}x{width}; {where}")
    for name, seconds in take_turns(runs, options.repeats).items():
        print(f"  {name:20s} {1e3 * seconds:8.1f} ms")


if __name__ == "__main__":
    main()
