"""Operators for `benchmarks/operators.py`: in plain JAX, in spikejax and in PyTorch."""

import dataclasses
import functools
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


@dataclasses.dataclass(frozen=True)
class Case:
    """A line of the table.

    Attributes:
        name: the operator and its shape.
        gflop: 1e9 floating-point operations, or 0 for operators without this figure.
        runs: one function per implementation.
    """

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
    """Converts a (B, H, W, C) array to torch's (B, C, H, W), channels last in memory."""
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
    """Yields the forward pass of a convolution, or its gradients by input and kernel."""
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
            out, torch_cotangent = rival[0](*arrays, None), nchw(cotangent)
            runs["torch"] = functools.partial(
                torch.autograd.grad, out, arrays[index], torch_cotangent, retain_graph=True
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
    """Warps with `map_coordinates`, mapped over batch and channels."""
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
        tensors = [nchw(a) for a in arrays]
        runs["torch"] = torch.inference_mode()(lambda: rival(*tensors))
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
