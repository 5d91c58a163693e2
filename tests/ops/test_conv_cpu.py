import jax
import jax.numpy as jnp
import numpy as np
import pytest

from spikejax.ops import conv_cpu
from spikejax.ops.conv_forms import direct

PADS = {"even": ((1, 1), (1, 1)), "uneven": ((2, 0), (0, 3))}


def normal(rng, *shape):
    return jnp.asarray(rng.standard_normal(shape).astype(np.float32))


@pytest.mark.parametrize("pads", PADS.values(), ids=PADS.keys())
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("block_rows", [2, 100])
def test_blocks_add_up_to_the_weight_gradient(pads, stride, block_rows, rng):
    x, kernel = normal(rng, 2, 9, 8, 3), normal(rng, 3, 2, 3, 4)
    geometry = conv_cpu.Geometry(stride, pads)
    out, pull = jax.vjp(lambda k: direct(x, k, stride=stride, pads=pads), kernel)
    gradient = normal(rng, *out.shape)
    (expected,) = pull(gradient)
    blocks = jax.jit(
        lambda x, g: conv_cpu.weight_gradient_by_blocks(
            x, g, kernel.shape, geometry, block_floats=block_rows * out.shape[2] * 18
        )
    )(x, gradient)
    np.testing.assert_allclose(blocks, expected, rtol=0, atol=2e-5)


@pytest.mark.parametrize("stride", [1, 2])
def test_large_images_have_the_plain_gradients(stride, rng):
    x, kernel = normal(rng, 1, 50, 48, 3), normal(rng, 3, 3, 3, 9)
    geometry = conv_cpu.Geometry(stride, ((1, 1), (1, 1)))
    out, pull = jax.vjp(lambda *a: direct(*a, stride=stride, pads=geometry.pads), x, kernel)
    gradient = normal(rng, *out.shape)
    assert gradient.shape[1] * gradient.shape[2] >= conv_cpu._SMALL_IMAGE
    _, fast = jax.vjp(lambda *a: conv_cpu.conv(*a, geometry), x, kernel)
    for ours, plain in zip(jax.jit(fast)(gradient), pull(gradient), strict=True):
        scale = float(jnp.abs(plain).max())
        np.testing.assert_allclose(ours, plain, rtol=0, atol=1e-5 * scale)
