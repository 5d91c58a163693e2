"""Trunks against scipy, PyTorch, and their published sizes."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import synthetic_trunks
from scipy.signal import correlate

from spikejax.models import trunks


@pytest.mark.parametrize(
    ("name", "count"), [("vgg16", 14_714_688), ("vgg19", 20_024_384), ("alexnet", 2_469_696)]
)
def test_a_trunk_has_the_published_number_of_parameters(name, count):
    params = jax.eval_shape(lambda key: trunks.init(key, name), jax.random.key(0))
    assert sum(p.size for p in jax.tree.leaves(params)) == count


def convolved(x, kernel, bias, stride, padding):
    """(H, W, C) -> (H', W', F) in float64."""
    x = np.pad(np.moveaxis(x, -1, 0), ((0, 0), (padding, padding), (padding, padding)))
    planes = [
        correlate(x, np.moveaxis(kernel[..., f], -1, 0), "valid", "fft")[0, ::stride, ::stride]
        + bias[f]
        for f in range(kernel.shape[-1])
    ]
    return np.stack(planes, -1)


def pooled(x, size):
    windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), (0, 1))
    return windows[::2, ::2].max((-2, -1))


def test_alexnet_begins_as_published(rng):
    params = synthetic_trunks.params("alexnet")
    x = rng.normal(0, 1, (1, 39, 47, 3)).astype(np.float32)
    first, second = (params[f"features{i}"] for i in (0, 3))
    y0 = convolved(
        x[0].astype(np.float64),
        np.asarray(first["kernel"], np.float64),
        np.asarray(first["bias"]),
        4,
        2,
    )
    y1 = pooled(np.maximum(y0, 0), 3)
    y2 = convolved(y1, np.asarray(second["kernel"], np.float64), np.asarray(second["bias"]), 1, 2)
    run = jax.jit(lambda p, x: trunks.apply("alexnet", p, x, (0, 2, 3)))
    for got, expected in zip(run(params, x), (y0, y1, y2), strict=True):
        np.testing.assert_allclose(got[0], expected, atol=2e-5)


def test_vgg_alternates_convolutions_relus_and_pools(rng):
    params = synthetic_trunks.params("vgg16")
    x = rng.normal(0, 1, (1, 7, 6, 3)).astype(np.float32)
    y = x[0].astype(np.float64)
    for index in (0, 2):
        own = params[f"features{index}"]
        y = convolved(y, np.asarray(own["kernel"], np.float64), np.asarray(own["bias"]), 1, 1)
        y = np.maximum(y, 0)
    got = trunks.apply("vgg16", params, x, (3, 4))
    np.testing.assert_allclose(got[0][0], y, atol=1e-4)
    np.testing.assert_allclose(got[1][0], pooled(y, 2)[:3], atol=1e-4)


@pytest.mark.parametrize(
    ("name", "tap", "least"), [("vgg16", 29, 16), ("vgg19", 29, 16), ("alexnet", 11, 31)]
)
def test_the_least_size_is_the_least_that_gives_a_pixel(name, tap, least):
    params = jax.eval_shape(lambda: trunks.init(jax.random.key(0), name))

    def size(pixels):
        image = jax.ShapeDtypeStruct((1, pixels, pixels, 3), jnp.float32)
        run = functools.partial(trunks.apply, name, taps=(tap,))
        return jax.eval_shape(run, params, image)[0].shape[1:3]

    assert trunks.smallest(name, tap) == least
    assert size(least) == (1, 1)
    with pytest.raises(ValueError, match=f"at least {least} x {least} pixels"):
        size(least - 1)


def test_half_precision_goes_through():
    params = synthetic_trunks.params("alexnet")
    x = jnp.ones((1, 31, 31, 3), jnp.bfloat16)
    (y,) = trunks.apply("alexnet", params, x, (4,))
    assert y.dtype == jnp.bfloat16


def test_gradients_reach_the_image(rng):
    params = synthetic_trunks.params("alexnet")
    x = jnp.asarray(rng.normal(0, 1, (1, 31, 31, 3)), jnp.float32)

    def total(x):
        return sum(jnp.sum(y**2) for y in trunks.apply("alexnet", params, x, (4, 11)))

    gradient = jax.jit(jax.grad(total))(x)
    step = 1e-2 * gradient / jnp.linalg.norm(gradient)
    change = (total(x + step) - total(x - step)) / 2
    np.testing.assert_allclose(change, 1e-2 * jnp.linalg.norm(gradient), rtol=0.02)


@pytest.mark.parametrize(
    ("name", "shape", "taps", "message"),
    [
        ("vgg11", (1, 32, 32, 3), (0,), "no trunk 'vgg11'; there are alexnet, vgg16, vgg19"),
        ("vgg16", (1, 32, 32, 1), (0,), r"expected \(B, H, W, 3\) floating"),
        ("vgg16", (1, 32, 32, 3), (31,), "0 to 30"),
        ("vgg16", (1, 32, 32, 3), (4, 2), "ascending"),
        ("vgg16", (1, 32, 32, 3), (), "ascending"),
    ],
)
def test_what_does_not_fit_is_refused(name, shape, taps, message):
    with pytest.raises(ValueError, match=message):
        trunks.apply(name, {}, jnp.zeros(shape), taps)


@pytest.mark.torch
@pytest.mark.parametrize("name", ["vgg19", "alexnet"])
def test_a_trunk_computes_what_pytorch_computes(name, rng):
    torch = pytest.importorskip("torch")
    state = synthetic_trunks.state_dict(name)
    modules = []
    for layer in trunks.LAYERS[name]:
        match layer:
            case trunks.Conv(i, o, k, s, p):
                modules.append(torch.nn.Conv2d(i, o, k, s, p))
            case trunks.Relu():
                modules.append(torch.nn.ReLU())
            case trunks.Pool(k):
                modules.append(torch.nn.MaxPool2d(k, 2))
    theirs = torch.nn.Sequential(*modules)
    tensors = {k.removeprefix("features."): torch.from_numpy(v) for k, v in state.items()}
    theirs.load_state_dict(tensors)
    x = rng.normal(0, 1, (2, 67, 75, 3)).astype(np.float32)
    taps = tuple(range(len(modules)))
    got = jax.jit(lambda p, x: trunks.apply(name, p, x, taps))(synthetic_trunks.params(name), x)
    y = torch.from_numpy(x.transpose(0, 3, 1, 2))
    with torch.no_grad():
        for module, mine in zip(theirs, got, strict=True):
            y = module(y)
            np.testing.assert_allclose(mine, y.numpy().transpose(0, 2, 3, 1), atol=1e-4)
