"""Every operator as plainly written, as spikejax computes it and as PyTorch does, in one run.

    python benchmarks/operators.py [--quick] [--only PATTERN] [--repeats 20] [--seconds 2]

The shapes are STIR's: a 256x400 image for the forward pass, eight 96x96 crops for the gradients.
Convolutions stand between two ReLUs, as in a network, where padding is fused into what comes
before. The competitors take turns and the fastest turn counts, since other work on the machine
only ever adds time. PyTorch (`pip install torch`) is optional. For the best figures on a CPU set
GLIBC_TUNABLES=glibc.malloc.hugetlb=1 (glibc 2.35 or later).
"""

import argparse
import dataclasses
import functools
import re
import time
from collections.abc import Callable, Iterator

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from spikejax import ops

try:
    import torch
    from torch.nn import functional as torch_nn
except ImportError:
    torch = None

COLUMNS = ("plain", "spikejax", "torch")


@dataclasses.dataclass(frozen=True)
class Case:
    """A line of the table: what is computed, its multiply-adds, and a function a competitor."""

    name: str
    gflop: float
    runs: dict[str, Callable[[], object]]


def normal(*shape):
    return np.random.default_rng(0).standard_normal(shape, np.float32)


def jitted(function, *arrays):
    arrays = [jnp.asarray(a) for a in arrays]
    compiled = jax.jit(function)
    return lambda: jax.block_until_ready(compiled(*arrays))


def nchw(x):
    """A (B, H, W, C) array as torch's (B, C, H, W), channels last in memory."""
    return torch.from_numpy(np.ascontiguousarray(x)).permute(0, 3, 1, 2)


def taps_first(kernel):
    return torch.from_numpy(np.ascontiguousarray(kernel.transpose(3, 2, 0, 1)))


# Convolutions


def plain_conv(x, kernel, *, stride=1, groups=1):
    pads = [((k - 1) // 2,) * 2 for k in kernel.shape[:2]]
    return lax.conv_general_dilated(
        x,
        kernel,
        (stride, stride),
        pads,
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        feature_group_count=groups,
    )


def plain_transposed(x, kernel):
    return lax.conv_transpose(
        x, jnp.flip(kernel, (0, 1)), (2, 2), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
    )


def our_transposed(x, kernel):
    k = kernel.shape[0]
    return ops.conv_transpose2d(x, kernel, padding=(k - 1) // 2, output_padding=k % 2)


def between_activations(conv):
    return lambda x, kernel, bias: jax.nn.relu(
        conv(jax.nn.relu(x), kernel) + bias.reshape(1, 1, 1, -1)
    )


def gradient(conv, index):
    def backward(x, kernel, cotangent):
        arrays = [x, kernel]
        _, pull = jax.vjp(lambda a: conv(*arrays[:index], a, *arrays[index + 1 :]), arrays[index])
        return pull(cotangent)[0]

    return backward


def conv_cases(label, plain, ours, rival, x, kernel, gflop, *, gradients) -> Iterator[Case]:
    """The forward pass of a convolution, or the gradients by its input and by its kernel."""
    pair = {"plain": plain, "spikejax": ours}
    if not gradients:
        bias = normal(kernel.shape[-1])
        runs = {k: jitted(between_activations(f), x, kernel, bias) for k, f in pair.items()}
        if torch:
            tx, tk, tb = nchw(x), rival[1], torch.from_numpy(bias)
            runs["torch"] = torch.inference_mode()(
                lambda: torch_nn.relu(rival[0](torch_nn.relu(tx), tk, tb))
            )
        yield Case(label, gflop, runs)
        return
    shape = jax.eval_shape(ours, x, kernel).shape
    cotangent = normal(*shape)
    for index, by in enumerate(("input", "kernel")):
        runs = {k: jitted(gradient(f, index), x, kernel, cotangent) for k, f in pair.items()}
        if torch:
            arrays = [nchw(x), rival[1].clone()]
            arrays[index].requires_grad_()
            out, there = rival[0](*arrays, None), nchw(cotangent)
            runs["torch"] = functools.partial(
                torch.autograd.grad, out, arrays[index], there, retain_graph=True
            )
        yield Case(f"{label}, gradient by {by}", gflop, runs)


def conv(B, H, W, inputs, outputs, k=3, stride=1, groups=1, *, gradients=False):
    x, kernel = normal(B, H, W, inputs), normal(k, k, inputs // groups, outputs)
    options = {"stride": stride, "groups": groups}
    label = f"conv{k}{'/2' if stride == 2 else ''} {inputs}->{outputs}"
    if groups > 1:
        label += f" in {groups} groups"
    return conv_cases(
        f"{label}, {B}x{H}x{W}",
        functools.partial(plain_conv, **options),
        functools.partial(ops.conv2d, **options),
        torch
        and (
            functools.partial(torch_nn.conv2d, padding=(k - 1) // 2, **options),
            taps_first(kernel),
        ),
        x,
        kernel,
        2e-9 * B * H * W * k * k * inputs * outputs / (groups * stride**2),
        gradients=gradients,
    )


def transposed(B, H, W, inputs, outputs, k=4, *, gradients=False):
    x, kernel = normal(B, H, W, inputs), normal(k, k, inputs, outputs)
    options = {"stride": 2, "padding": (k - 1) // 2, "output_padding": k % 2}
    return conv_cases(
        f"transposed conv{k} {inputs}->{outputs}, {B}x{H}x{W}",
        plain_transposed,
        our_transposed,
        torch
        and (
            functools.partial(torch_nn.conv_transpose2d, **options),
            torch.from_numpy(np.ascontiguousarray(kernel.transpose(2, 3, 0, 1))),
        ),
        x,
        kernel,
        2e-9 * B * H * W * k * k * inputs * outputs,
        gradients=gradients,
    )


# Warping and resampling


def plain_warp(image, flow):
    """`map_coordinates`, mapped over batch and channels."""
    B, H, W, _ = image.shape
    y = lax.broadcasted_iota(jnp.float32, (B, H, W), 1) + flow[..., 1]
    x = lax.broadcasted_iota(jnp.float32, (B, H, W), 2) + flow[..., 0]
    sample = functools.partial(jax.scipy.ndimage.map_coordinates, order=1, mode="nearest")
    over_channels = jax.vmap(sample, (-1, None), -1)
    return jax.vmap(over_channels)(image, jnp.stack([y, x], 1))


def torch_warp(image, flow):
    H, W = image.shape[2:]
    y, x = torch.meshgrid(torch.arange(H), torch.arange(W), indexing="ij")
    x = (x + flow[:, 0]) * (2 / (W - 1)) - 1
    y = (y + flow[:, 1]) * (2 / (H - 1)) - 1
    grid = torch.stack([x, y], -1)
    return torch_nn.grid_sample(image, grid, padding_mode="border", align_corners=True)


def torch_with_gradients(function, *arrays):
    arrays = [nchw(a).requires_grad_() for a in arrays]
    return lambda: torch.autograd.grad(function(*arrays).square().sum(), arrays)


def with_gradients(function, count):
    return jax.grad(lambda *a: (function(*a) ** 2).sum(), tuple(range(count)))


def pixels_cases(label, plain, ours, rival, *arrays) -> Iterator[Case]:
    runs = {"plain": jitted(plain, *arrays), "spikejax": jitted(ours, *arrays)}
    both = {
        name: jitted(with_gradients(function, len(arrays)), *arrays)
        for name, function in (("plain", plain), ("spikejax", ours))
    }
    if torch:
        there = [nchw(a) for a in arrays]
        runs["torch"] = torch.inference_mode()(lambda: rival(*there))
        both["torch"] = torch_with_gradients(rival, *arrays)
    yield Case(label, 0.0, runs)
    yield Case(f"{label}, with gradients", 0.0, both)


def warp(B, H, W, C):
    image = normal(B, H, W, C)
    return pixels_cases(
        f"warp {B}x{H}x{W}x{C}",
        plain_warp,
        ops.warp,
        torch and torch_warp,
        image,
        4 * normal(B, H, W, 2),
    )


def upsample2(B, H, W, C):
    return pixels_cases(
        f"upsample2 {B}x{H}x{W}x{C}",
        lambda x: jax.image.resize(x, (B, 2 * H, 2 * W, C), "bilinear"),
        ops.upsample2,
        torch
        and functools.partial(
            torch_nn.interpolate, scale_factor=2, mode="bilinear", align_corners=False
        ),
        normal(B, H, W, C),
    )


# What is measured


def cases(quick: bool) -> Iterator[Callable[[], Iterator[Case]]]:
    """One maker a shape: arrays and programs exist only while they are measured."""
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
    """Milliseconds of the fastest of up to `repeats` turns of each, after a first call."""
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
    parser.add_argument("--only", default="", help="a regular expression for the lines to run")
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=2.0, help="for a line, about")
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
