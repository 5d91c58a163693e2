"""Times the modulated deformable convolution in JAX and in torchvision, in one run.

    python benchmarks/deform_conv.py [--sizes 64x64,250x400] [--batch 1] [--seconds 20]

Needs PyTorch and torchvision. Two forms in JAX: plain gathers with automatic gradients, and
`ops.deform_conv2d`. 64 channels in 8 groups, a 3x3 kernel, offsets of two pixels on average. The
implementations run in turns and the fastest run counts, because other work on the machine only adds
time. For the shortest times on CPU set GLIBC_TUNABLES=glibc.malloc.hugetlb=1 (glibc 2.35 or later).
"""

import argparse
import time

import jax
import jax.numpy as jnp
import numpy as np
import torch
from torchvision.ops import deform_conv2d

from spikejax import ops

CHANNELS, GROUPS, TAPS = 64, 8, 9
ON_GPU = jax.default_backend() == "gpu" and torch.cuda.is_available()
DEVICE = torch.device("cuda" if ON_GPU else "cpu")


def plain(x, kernel, bias, offsets, mask):
    """Gathers four pixels per tap; XLA derives the gradients."""
    B, H, W, C = x.shape
    whole = jnp.floor(offsets)
    fraction = offsets - whole
    tap = jnp.arange(TAPS)
    y = jnp.arange(H).reshape(1, H, 1, 1, 1) + tap // 3 - 1 + whole[..., 0]
    x_place = jnp.arange(W).reshape(1, 1, W, 1, 1) + tap % 3 - 1 + whole[..., 1]
    padded = jnp.pad(x, ((0, 0), (2, 2), (2, 2), (0, 0)))
    grouped = padded.reshape(B, H + 4, W + 4, GROUPS, C // GROUPS)
    rows = jnp.clip(y, -2, H).astype(int) + 2
    columns = jnp.clip(x_place, -2, W).astype(int) + 2
    image = jnp.arange(B).reshape(B, 1, 1, 1, 1)
    group = jnp.arange(GROUPS).reshape(1, 1, 1, GROUPS, 1)
    value = 0.0
    for below in (0, 1):
        for right in (0, 1):
            down, across = (
                f if far else 1 - f
                for f, far in zip((fraction[..., 0], fraction[..., 1]), (below, right), strict=True)
            )
            pixel = grouped[image, rows + below, columns + right, group]
            value = value + (down * across * mask)[..., None] * pixel
    weight = kernel.reshape(TAPS, GROUPS, C // GROUPS, -1)
    return jnp.einsum("bhwgtc,tgcf->bhwf", value, weight) + bias


def ours(x, kernel, bias, offsets, mask):
    return ops.deform_conv2d(x, kernel, bias, offsets=offsets, mask=mask)


def theirs(x, kernel, bias, offsets, mask):
    return deform_conv2d(x, offsets, kernel, bias, padding=1, mask=mask)


def inputs(batch, height, width):
    """Returns x, kernel, bias, offsets, mask, and the gradient of the output."""
    rng = np.random.default_rng(0)
    size = (batch, height, width)
    shapes = ((*size, CHANNELS), (3, 3, CHANNELS, CHANNELS), (CHANNELS,))
    x, kernel, bias = (rng.standard_normal(shape, np.float32) for shape in shapes)
    offsets = 2 * rng.standard_normal((*size, GROUPS, TAPS, 2), np.float32)
    mask = rng.random((*size, GROUPS, TAPS), np.float32)
    return [x, kernel / 24, bias, offsets, mask], rng.standard_normal(x.shape, np.float32)


def jax_runs(function, arrays, by):
    arrays, by = [jnp.asarray(a) for a in arrays], jnp.asarray(by)
    forward = jax.jit(function)

    @jax.jit
    def both(arrays, by):
        out, pull = jax.vjp(function, *arrays)
        return out, pull(by)

    return (
        lambda: jax.block_until_ready(forward(*arrays)),
        lambda: jax.block_until_ready(both(arrays, by)),
    )


def synchronised(run):
    def call():
        result = run()
        if ON_GPU:
            torch.cuda.synchronize()
        return result

    return call


def torch_runs(arrays, by):
    def tensor(array, axes=(0, 3, 1, 2)):
        array = array.reshape(*array.shape[:3], -1) if array.ndim > 4 else array
        return torch.from_numpy(np.ascontiguousarray(array.transpose(axes))).to(DEVICE)

    x, kernel, bias, offsets, mask = arrays
    leaves = [tensor(x), tensor(kernel, (3, 2, 0, 1)), tensor(bias, (0,))]
    leaves = [t.requires_grad_() for t in (*leaves, tensor(offsets), tensor(mask))]
    by = tensor(by)

    @torch.inference_mode()
    def forward():
        return theirs(*leaves)

    def both():
        out = theirs(*leaves)
        return out, torch.autograd.grad(out, leaves, by)

    return synchronised(forward), synchronised(both)


def take_turns(runs, repeats, seconds):
    """Returns the milliseconds of the fastest of up to `repeats` runs each, after a first run."""
    for run in runs.values():
        run()
    best = dict.fromkeys(runs, float("inf"))
    end = time.perf_counter() + seconds
    for turn in range(repeats):
        if turn and time.perf_counter() > end:
            break
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            best[name] = min(best[name], 1e3 * (time.perf_counter() - start))
    return best


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", default="64x64,250x400", help="HEIGHTxWIDTH, by commas")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=20.0, help="time per line, about")
    options = parser.parse_args()
    theirs_on = torch.cuda.get_device_name() if ON_GPU else f"{torch.get_num_threads()} threads"
    print(f"JAX {jax.__version__} on {jax.devices()[0].device_kind}, PyTorch on {theirs_on}; ms")
    print(f"{'':34}{'plain':>10}{'spikejax':>10}{'torch':>10}")
    for size in options.sizes.split(","):
        height, width = (int(n) for n in size.split("x"))
        arrays, by = inputs(options.batch, height, width)
        pairs = {
            "plain": jax_runs(plain, arrays, by),
            "spikejax": jax_runs(ours, arrays, by),
            "torch": torch_runs(arrays, by),
        }
        outputs = np.asarray(pairs["spikejax"][0]()), pairs["torch"][0]().cpu().numpy()
        difference = np.abs(np.moveaxis(outputs[0], -1, 1) - outputs[1]).max()
        for index, what in enumerate(("forward", "forward and backward")):
            runs = {name: pair[index] for name, pair in pairs.items()}
            best = take_turns(runs, options.repeats, options.seconds)
            line = "".join(f"{ms:10.1f}" for ms in best.values())
            print(f"{f'{options.batch}x{size} {what}':34}{line}", flush=True)
        print(f"{'':4}outputs differ by {difference:.1e} at most")


if __name__ == "__main__":
    main()
