import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.ndimage
from hypothesis import given
from hypothesis import strategies as st
from jax.test_util import check_grads

from spikejax import ops

MODES = ("border", "zeros")
warp = jax.jit(ops.warp, static_argnames="padding")


def nhwc(x):
    return np.ascontiguousarray(np.moveaxis(x, 1, -1))


@pytest.fixture
def image(rng):
    return jnp.asarray(rng.standard_normal((2, 7, 9, 3)).astype(np.float32))


def flow_of(image, x=0.0, y=0.0):
    return jnp.broadcast_to(jnp.array([x, y], jnp.float32), (*image.shape[:3], 2))


@pytest.mark.parametrize("jit", [False, True])
def test_warp_agrees_with_the_reference(golden, jit):
    reference = golden("operators")
    out = (warp if jit else ops.warp)(nhwc(reference["warp_image"]), nhwc(reference["warp_flow"]))
    np.testing.assert_allclose(out, nhwc(reference["warp_out"]), atol=1e-5)


@pytest.mark.parametrize("padding", MODES)
@pytest.mark.parametrize("jit", [False, True])
def test_zero_flow_is_the_identity(image, padding, jit):
    out = (warp if jit else ops.warp)(image, flow_of(image), padding=padding)
    np.testing.assert_array_equal(out, image)


@given(st.integers(-12, 12), st.integers(-10, 10))
def test_a_whole_pixel_flow_is_an_exact_shift(dx, dy):
    image = np.random.default_rng(0).standard_normal((1, 7, 9, 2)).astype(np.float32)
    y, x = np.mgrid[:7, :9]
    clamped = image[:, np.clip(y + dy, 0, 6), np.clip(x + dx, 0, 8)]
    inside = (y + dy >= 0) & (y + dy < 7) & (x + dx >= 0) & (x + dx < 9)
    flow = flow_of(image, dx, dy)
    np.testing.assert_array_equal(warp(image, flow), clamped)
    expected = np.where(inside[None, :, :, None], clamped, 0)
    np.testing.assert_array_equal(warp(image, flow, padding="zeros"), expected)


@pytest.mark.parametrize(("padding", "mode"), [("border", "nearest"), ("zeros", "constant")])
def test_scipy_agrees(image, rng, padding, mode):
    flow = rng.uniform(-12, 12, (2, 7, 9, 2)).astype(np.float32)
    # scipy's 'constant' does not fade between the edge and the black outside, so pad with black.
    ring = 2 if padding == "zeros" else 0
    y, x = np.mgrid[:7, :9].astype(np.float64) + ring
    out = warp(image, jnp.asarray(flow), padding=padding)
    for b in range(2):
        for c in range(3):
            expected = scipy.ndimage.map_coordinates(
                np.pad(np.asarray(image[b, :, :, c], np.float64), ring),
                [y + flow[b, :, :, 1], x + flow[b, :, :, 0]],
                order=1,
                mode=mode,
            )
            np.testing.assert_allclose(out[b, :, :, c], expected, atol=1e-5)


def test_x_comes_first_and_the_flow_points_to_the_source(image):
    out = warp(image, flow_of(image, x=1))
    np.testing.assert_array_equal(out[:, :, :-1], image[:, :, 1:])


@pytest.mark.parametrize("padding", MODES)
def test_a_constant_image_stays_exactly_constant_inside(padding, rng):
    image = jnp.full((1, 9, 9, 1), 0.3)
    flow = jnp.asarray(rng.uniform(-1, 1, (1, 9, 9, 2)).astype(np.float32))
    assert (warp(image, flow, padding=padding)[:, 1:-1, 1:-1] == image[0, 0, 0, 0]).all()


def test_zeros_fade_out_over_one_pixel_beyond_the_edge():
    image = jnp.ones((1, 1, 4, 1))
    shifts = jnp.array([3.25, 3.0, 2.5, 1.5], jnp.float32)  # to x = 3.25, 4, 4.5 and 4.5
    flow = jnp.stack([shifts, jnp.zeros(4)], -1).reshape(1, 1, 4, 2)
    out = warp(image, flow, padding="zeros")
    np.testing.assert_array_equal(out[0, 0, :, 0], [0.75, 0, 0, 0])


@pytest.mark.parametrize("padding", MODES)
def test_gradients_agree_with_finite_differences(image, rng, padding):
    # The slope jumps at whole pixels, so the flow avoids them.
    flow = rng.integers(-4, 4, (2, 7, 9, 2)) + rng.uniform(0.2, 0.8, (2, 7, 9, 2))
    check_grads(
        lambda image, flow: warp(image, flow, padding=padding),
        (image, jnp.asarray(flow, jnp.float32)),
        order=1,
        modes=("rev",),
        eps=1e-2,
        rtol=2e-2,
        atol=2e-2,
    )


@pytest.mark.parametrize("padding", MODES)
def test_gradients_are_finite_at_and_beyond_the_border(image, padding):
    @jax.jit
    @jax.grad
    def slopes(arrays):
        return (ops.warp(*arrays, padding=padding) ** 2).sum()

    for reach in (0.0, -1.0, 0.5, 100.0, -1e9, 3e38):
        for flow in (flow_of(image, reach, 0.0), flow_of(image, 0.0, reach)):
            assert all(jnp.isfinite(g).all() for g in slopes((image, flow)))


def test_beyond_the_border_a_huge_flow_reads_the_edge_or_zero(image):
    flow = flow_of(image, 1e30, -1e30)
    corner = jnp.broadcast_to(image[:, :1, -1:], image.shape)
    np.testing.assert_array_equal(warp(image, flow), corner)
    assert (warp(image, flow, padding="zeros") == 0).all()


def test_beyond_the_border_the_flow_has_no_gradient(image):
    flow = flow_of(image, 50.5, 50.5)
    gradient = jax.grad(lambda flow: warp(image, flow).sum())(flow)
    assert (gradient == 0).all()


@pytest.mark.parametrize("padding", MODES)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_flow_that_is_not_finite_gives_nan_there_and_only_there(image, padding, bad):
    flow = flow_of(image).at[0, 3, 4, 1].set(bad)
    out = warp(image, flow, padding=padding)
    assert jnp.isnan(out[0, 3, 4]).all()
    assert jnp.isnan(out).sum() == 3


def test_half_precision_images_keep_full_precision_coordinates():
    ramp = jnp.broadcast_to(jnp.arange(512.0)[None, None, :, None], (1, 2, 512, 1))
    image = (ramp % 2).astype(jnp.bfloat16)  # bfloat16 does not resolve coordinates up to 512
    flow = flow_of(image, 0.25).astype(jnp.bfloat16)
    out = warp(image, flow)
    assert out.dtype == jnp.bfloat16
    expected = warp(image.astype(jnp.float32), flow.astype(jnp.float32))
    np.testing.assert_array_equal(out.astype(jnp.float32), expected)


def test_mapping_over_an_axis_is_stacking(image, rng):
    flow = jnp.asarray(rng.uniform(-3, 3, (2, 7, 9, 2)).astype(np.float32))
    mapped = jax.vmap(lambda image, flow: warp(image[None], flow[None])[0])(image, flow)
    np.testing.assert_allclose(mapped, warp(image, flow), atol=1e-6)


@pytest.mark.torch
@pytest.mark.parametrize("padding", MODES)
def test_torch_agrees(image, rng, padding):
    torch = pytest.importorskip("torch")
    flow = rng.uniform(-12, 12, (2, 7, 9, 2))
    y, x = np.mgrid[:7, :9]
    grid = np.stack([(x + flow[..., 0]) * 2 / 8 - 1, (y + flow[..., 1]) * 2 / 6 - 1], -1)
    expected = torch.nn.functional.grid_sample(
        torch.from_numpy(np.moveaxis(np.asarray(image, np.float64), -1, 1)),
        torch.from_numpy(grid),
        padding_mode=padding,
        align_corners=True,
    )
    out = warp(image, jnp.asarray(flow, jnp.float32), padding=padding)
    np.testing.assert_allclose(out, nhwc(expected.numpy()), atol=1e-5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda i, f: ops.warp(i[0], f), r"image \(B, H, W, C\) floating, got \(7, 9, 3\)"),
        (lambda i, f: ops.warp(i.astype(jnp.uint8), f), "floating, got .* uint8"),
        (lambda i, f: ops.warp(i, f[..., :1]), r"flow \(2, 7, 9, 2\)"),
        (lambda i, f: ops.warp(i, f.astype(jnp.int32)), "floating, got .* int32"),
        (lambda i, f: ops.warp(i, f, padding="reflect"), "got 'reflect'"),
    ],
)
def test_wrong_arguments_are_named(image, call, message):
    with pytest.raises(ValueError, match=message):
        call(image, flow_of(image))


def test_gradients_of_half_precision_images_are_summed_in_float32():
    y, x = jnp.mgrid[:32, :32]
    to_corner = -jnp.stack([x, y], -1)[None].astype(jnp.float32)
    image = jnp.ones((1, 32, 32, 1), jnp.bfloat16)
    gradient = jax.grad(lambda image: ops.warp(image, to_corner).astype(jnp.float32).sum())(image)
    assert gradient.dtype == jnp.bfloat16
    assert gradient[0, 0, 0, 0] == 1024  # a sum of ones in bfloat16 stops at 256
