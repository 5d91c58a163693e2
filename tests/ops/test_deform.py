import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.ndimage
import zoo_golden

from spikejax import ops
from spikejax.ops import deform

PLATFORMS = ("cpu", "gpu")  # the forms of both run on any device
NAMES = ("x", "kernel", "bias", "offsets", "mask")


def convolve(x, kernel, bias, offsets, mask):
    return ops.deform_conv2d(x, kernel, bias, offsets=offsets, mask=mask)


@functools.partial(jax.jit, static_argnames="platform")
def with_gradients(*arrays, by, platform="cpu"):
    """Returns the output, and the gradients of its scalar product with `by`."""
    with ops.programs_for(platform):
        out, pull = jax.vjp(convolve, *arrays)
        return out, pull(by.astype(out.dtype))


def case(rng, size=(2, 5, 7), channels=4, features=3, taps=(3, 3), groups=2, spread=3.0):
    count = taps[0] * taps[1]
    shapes = {
        "x": (*size, channels),
        "kernel": (*taps, channels, features),
        "bias": (features,),
        "offsets": (*size, groups, count, 2),
        "mask": (*size, groups, count),
    }
    arrays = {name: rng.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}
    arrays["offsets"] *= spread
    return [jnp.asarray(arrays[name]) for name in NAMES]


def by_scipy(x, kernel, bias, offsets, mask):
    """Reads each tap with scipy, in double precision, and sums."""
    (B, H, W, C), (kh, kw), groups = x.shape, kernel.shape[:2], offsets.shape[3]
    # scipy does not fade between the edge and the zeros outside, hence a ring of zeros.
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    y, x = np.mgrid[:H, :W] + 1.0
    out = np.tile(bias, (B, H, W, 1))
    for b, c, t in np.ndindex(B, C, kh * kw):
        g = c // (C // groups)
        places = (
            y + t // kw - kh // 2 + offsets[b, :, :, g, t, 0],
            x + t % kw - kw // 2 + offsets[b, :, :, g, t, 1],
        )
        value = scipy.ndimage.map_coordinates(padded[b, :, :, c], places, order=1, mode="constant")
        out[b] += (mask[b, :, :, g, t] * value)[..., None] * kernel[t // kw, t % kw, c]
    return out


def doubles(arrays):
    return [np.asarray(a, np.float64) for a in arrays]


def test_it_agrees_with_the_reference():
    file = zoo_golden.read("deform_conv")
    image, offset, mask = (jnp.moveaxis(file[k], 1, -1) for k in ("input", "offset", "mask"))
    taps = (*image.shape[:3], int(file["groups"]), 9)
    kernel = jnp.asarray(file["weight"].transpose(2, 3, 1, 0))
    out = jax.jit(convolve)(
        image, kernel, jnp.asarray(file["bias"]), offset.reshape(*taps, 2), mask.reshape(taps)
    )
    np.testing.assert_allclose(zoo_golden.channels_first(out), file["output"], atol=1e-5)


@pytest.mark.parametrize(
    "options",
    [
        {"size": (2, 6, 7)},
        {"size": (3, 1, 4), "groups": 1, "channels": 3},
        {"taps": (1, 1), "groups": 4},
        {"taps": (5, 1), "size": (1, 6, 2), "channels": 6, "groups": 3},
    ],
    ids=str,
)
@pytest.mark.parametrize("platform", PLATFORMS)
def test_values_and_gradients_agree_with_scipy(rng, options, platform, monkeypatch):
    monkeypatch.setattr(deform, "_BLOCK_FLOATS", 500)  # several blocks
    arrays = case(rng, **options)
    by = rng.standard_normal((*arrays[0].shape[:3], 3)).astype(np.float32)
    out, grads = with_gradients(*arrays, by=jnp.asarray(by), platform=platform)
    exact = doubles(arrays)
    np.testing.assert_allclose(out, by_scipy(*exact), atol=1e-5)
    for index, grad in enumerate(grads):
        direction = rng.standard_normal(grad.shape)
        step = 1e-6 * direction
        after, before = (
            by_scipy(*exact[:index], exact[index] + s, *exact[index + 1 :]) for s in (step, -step)
        )
        slope = (by * (after - before)).sum() / 2e-6
        np.testing.assert_allclose((grad * direction).sum(), slope, rtol=1e-4, atol=1e-3)


def test_without_offsets_it_is_the_convolution(rng):
    x, kernel, bias, offsets, mask = case(rng)
    out = ops.deform_conv2d(x, kernel, bias, offsets=jnp.zeros_like(offsets))
    np.testing.assert_allclose(out, ops.conv2d(x, kernel, bias), atol=1e-5)
    half = ops.deform_conv2d(
        x, kernel, offsets=jnp.zeros_like(offsets), mask=jnp.full_like(mask, 0.5)
    )
    np.testing.assert_allclose(half, ops.conv2d(x, 0.5 * kernel), atol=1e-5)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_at_whole_pixels_gradients_are_those_towards_larger_offsets(rng, platform):
    x, kernel, bias, offsets, mask = case(rng)
    by = jnp.asarray(rng.standard_normal((*x.shape[:3], 3)).astype(np.float32))
    at, beyond = (
        with_gradients(x, kernel, bias, jnp.round(offsets) + step, mask, by=by, platform=platform)[
            1
        ][3]
        for step in (0.0, 1e-3)
    )
    np.testing.assert_allclose(at, beyond, atol=0.05)
    assert float(jnp.abs(at).max()) > 1.0


@pytest.mark.parametrize("far", [-1e30, -1e9, 1e9, 1e30])
def test_taps_far_outside_read_nothing(rng, far):
    x, kernel, bias, offsets, mask = case(rng)
    arrays = (x, kernel, bias, jnp.full_like(offsets, far), mask)
    out, (by_x, by_kernel, _, by_offsets, by_mask) = with_gradients(
        *arrays, by=jnp.ones((2, 5, 7, 3))
    )
    np.testing.assert_array_equal(out, jnp.broadcast_to(bias.reshape(1, 1, 1, -1), out.shape))
    for gradient in (by_x, by_kernel, by_offsets, by_mask):
        np.testing.assert_array_equal(gradient, jnp.zeros_like(gradient))


@pytest.mark.parametrize("offset", [np.nan, np.inf, -np.inf])
def test_an_offset_that_is_no_number_reads_no_other_memory(rng, offset):
    """A training that diverges must go on to say so; the pixels elsewhere stay as they are."""
    arrays = case(rng)
    broken = [*arrays[:3], arrays[3].at[0, 2, 3].set(offset), arrays[4]]
    by = jnp.ones((2, 5, 7, 3), jnp.float32)
    (expected, _), (out, _) = (with_gradients(*a, by=by) for a in (arrays, broken))
    assert not bool(jnp.isfinite(out[0, 2, 3]).any())
    np.testing.assert_array_equal(out.at[0, 2, 3].set(0), expected.at[0, 2, 3].set(0))


def test_half_a_pixel_outside_half_of_the_edge_remains():
    x, kernel = jnp.ones((1, 3, 3, 1)), jnp.ones((1, 1, 1, 1))
    offsets = jnp.full((1, 3, 3, 1, 1, 2), -0.5)
    out = ops.deform_conv2d(x, kernel, offsets=offsets)[0, :, :, 0]
    np.testing.assert_array_equal(out, np.outer([0.5, 1, 1], [0.5, 1, 1]))


def test_it_can_be_mapped_over(rng):
    arrays = case(rng)
    stacked = [jnp.stack([a, 2 * a]) for a in arrays]
    out = jax.jit(jax.vmap(convolve))(*stacked)
    np.testing.assert_allclose(out[1], convolve(*(2 * a for a in arrays)), atol=1e-4)


def test_half_precision_stays_half_precision(rng):
    x, *others = arrays = case(rng)
    by = jnp.asarray(rng.standard_normal((2, 5, 7, 3)).astype(np.float32))
    out, grads = with_gradients(x.astype(jnp.bfloat16), *others, by=by)
    exact, exact_grads = with_gradients(*arrays, by=by)
    assert out.dtype == grads[0].dtype == jnp.bfloat16
    assert all(g.dtype == jnp.float32 for g in grads[1:])
    for a, b in zip((out, *grads), (exact, *exact_grads), strict=True):
        np.testing.assert_allclose(a.astype(jnp.float32), b, atol=0.02 * float(jnp.abs(b).max()))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": (2, 5, 7)}, r"expected x \(B, H, W, C\)"),
        ({"kernel": (3, 3, 5, 3)}, r"expected kernel \(kh, kw, 4, Cout\)"),
        ({"kernel": (2, 3, 4, 3)}, "odd"),
        ({"bias": (4,)}, r"expected bias \(3,\)"),
        ({"offsets": (2, 5, 7, 2, 8, 2)}, r"expected offsets \(B, H, W, G, 9, 2\)"),
        ({"offsets": (2, 5, 7, 36)}, r"expected offsets \(B, H, W, G, 9, 2\)"),
        ({"offsets": (2, 5, 7, 3, 9, 2)}, "a divisor of 4"),
        ({"mask": (2, 5, 7, 1, 9)}, r"expected mask \(2, 5, 7, 2, 9\)"),
    ],
)
def test_shapes_that_do_not_match_are_refused(rng, change, message):
    arrays = dict(zip(NAMES, case(rng), strict=True))
    arrays.update({name: jnp.zeros(shape) for name, shape in change.items()})
    with pytest.raises(ValueError, match=message):
        convolve(**arrays)


@pytest.mark.parametrize("name", ["x", "offsets", "mask"])
def test_integers_are_refused(rng, name):
    arrays = dict(zip(NAMES, case(rng), strict=True))
    arrays[name] = arrays[name].astype(jnp.int32)
    with pytest.raises(ValueError, match="floating"):
        convolve(**arrays)


@pytest.mark.torch
@pytest.mark.parametrize("platform", PLATFORMS)
def test_torchvision_agrees_on_values_and_gradients(rng, platform):
    torch = pytest.importorskip("torch")
    operator = pytest.importorskip("torchvision.ops").deform_conv2d
    arrays = case(rng, size=(2, 9, 11), channels=16, features=12, groups=4)
    by = jnp.asarray(rng.standard_normal((2, 9, 11, 12)).astype(np.float32))
    out, grads = with_gradients(*arrays, by=by, platform=platform)

    def leaf(array, order):
        flat = np.asarray(array).reshape(*array.shape[:3], -1) if array.ndim > 4 else array
        return torch.tensor(np.asarray(flat).transpose(order)).requires_grad_()

    orders = ((0, 3, 1, 2), (3, 2, 0, 1), (0,), (0, 3, 1, 2), (0, 3, 1, 2))
    x, kernel, bias, offsets, mask = leaves = [leaf(*a) for a in zip(arrays, orders, strict=True)]
    expected = operator(x, offsets, kernel, bias, padding=1, mask=mask)
    np.testing.assert_allclose(zoo_golden.channels_first(out), expected.detach(), atol=1e-4)
    by = torch.tensor(zoo_golden.channels_first(by))
    for grad, order, theirs in zip(
        grads, orders, torch.autograd.grad(expected, leaves, by), strict=True
    ):
        theirs = theirs.numpy().transpose(np.argsort(order)).reshape(grad.shape)
        np.testing.assert_allclose(grad, theirs, rtol=1e-4, atol=1e-3)
