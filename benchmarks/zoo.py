"""Times networks in JAX and in PyTorch, with the same weights, in one run.

    python benchmarks/zoo.py [NETWORK ...] [--size 100x160] [--batch 1] [--train] [--repeats 5]

Needs PyTorch and torchvision. Prints the largest difference between the images, then the median
seconds of repeated synchronised calls, in turn, after warm-up: of the forward pass, or with --train
of a step of Adam on the L1 loss. Weights are random. With a GPU, both run on it in TF32; leave
PyTorch some of its memory: XLA_PYTHON_CLIENT_MEM_FRACTION=0.5. For the best speed on a CPU set
GLIBC_TUNABLES=glibc.malloc.hugetlb=1 (glibc 2.35 or later) for both.
"""

import argparse
import statistics
import time

import jax
import jax.numpy as jnp
import numpy as np
import optax
import torch
from spk2imgnet_in_torch import Spk2ImgNet
from wgse_in_torch import WGSE

from spikejax import models, weights

NETWORKS = {"spk2imgnet": Spk2ImgNet, "wgse": WGSE}
"""PyTorch modules (B, readouts, H, W) -> (B, 1, H, W) by the name of the network."""

ON_GPU = jax.default_backend() == "gpu" and torch.cuda.is_available()
DEVICE = torch.device("cuda" if ON_GPU else "cpu")


def timed(run):
    start = time.perf_counter()
    run()
    if ON_GPU:
        torch.cuda.synchronize()
    return time.perf_counter() - start


def take_turns(runs, repeats):
    """Returns the median seconds of each run, called in turn after one call of each."""
    times = {name: [] for name in runs}
    for _ in range(repeats + 1):
        for name, run in runs.items():
            times[name].append(timed(run))
    return {name: statistics.median(t[1:]) for name, t in times.items()}


def random_variables(name, rng):
    """Returns initial weights with noise, because some start at zero."""
    variables = models.create(name).init(jax.random.key(0))

    def noisy(parameter):
        noise = rng.standard_normal(parameter.shape, np.float32)
        return parameter + 0.01 * jnp.asarray(noise)

    return {**variables, "params": jax.tree.map(noisy, variables["params"])}


def torch_network(name, variables, memory_format):
    network = NETWORKS[name]()
    state = weights.to_torch(name, variables)
    network.load_state_dict({key: torch.from_numpy(np.array(a)) for key, a in state.items()})
    return network.to(DEVICE, memory_format=memory_format)


def torch_inputs(array, memory_format):
    tensor = torch.from_numpy(np.array(array, np.float32)).to(DEVICE)
    return tensor.contiguous(memory_format=memory_format)


def torch_forward(network, x):
    @torch.inference_mode()
    def run():
        return network(x)

    return run


def torch_step(network, x, target):
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-4)

    def run():
        optimiser.zero_grad()
        (network(x) - target).abs().mean().backward()
        optimiser.step()

    return run


def step(name, variables, spikes, target):
    """Returns a run of the forward and backward pass of the L1 loss and an Adam step."""
    apply, optimiser = models.create(name).apply, optax.adam(1e-4)
    rest = {key: tree for key, tree in variables.items() if key != "params"}

    def loss(params):
        return jnp.abs(apply({**rest, "params": params}, spikes) - target).mean()

    @jax.jit
    def update(params, state):
        value, gradient = jax.value_and_grad(loss)(params)
        updates, state = optimiser.update(gradient, state, params)
        return optax.apply_updates(params, updates), state, value

    params = variables["params"]
    state = optimiser.init(params)
    return lambda: jax.block_until_ready(update(params, state))


def compare(name, shape, *, train, repeats):
    """Prints the times of a network on spikes of a shape (B, H, W)."""
    rng = np.random.default_rng(0)
    model, variables = models.create(name), random_variables(name, rng)
    batch, height, width = shape
    spikes = (rng.random((batch, model.window, height, width)) < 0.3).astype(np.uint8)
    target = rng.random((batch, height, width, 1), np.float32)
    image = np.moveaxis(np.asarray(model.apply(variables, spikes)), -1, 1)
    runs = {"spikejax": lambda: model.apply(variables, spikes).block_until_ready()}
    if train:
        runs = {"spikejax": step(name, variables, spikes, target)}
    for label in ("contiguous_format", "channels_last"):
        memory_format = getattr(torch, label)
        network = torch_network(name, variables, memory_format)
        x = torch_inputs(spikes, memory_format)
        forward = torch_forward(network, x)
        difference = np.abs(image - forward().cpu().numpy()).max()
        runs[f"torch {label}"] = forward
        if train:
            runs[f"torch {label}"] = torch_step(
                network, x, torch_inputs(np.moveaxis(target, -1, 1), memory_format)
            )
    print(f"{name}, batch {batch} of {height}x{width}; images differ by {difference:.1e} at most")
    for label, seconds in take_turns(runs, repeats).items():
        print(f"  {label:24s} {1e3 * seconds:9.1f} ms", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("networks", nargs="*", help=f"of {', '.join(NETWORKS)}; default all")
    parser.add_argument("--size", default="100x160", help="HEIGHTxWIDTH, multiples of 4")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--train", action="store_true")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    shape = (options.batch, *(int(n) for n in options.size.split("x")))
    if ON_GPU:
        torch.set_float32_matmul_precision("high")
    what = "training step" if options.train else "forward pass"
    theirs = torch.cuda.get_device_name() if ON_GPU else f"CPU, {torch.get_num_threads()} threads"
    print(f"{what}; JAX on {jax.devices()[0].device_kind}, PyTorch on {theirs}")
    for name in options.networks or NETWORKS:
        compare(name, shape, train=options.train, repeats=options.repeats)


if __name__ == "__main__":
    main()
