import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from spikejax.ops.conv_forms import direct
from spikejax.ops.transpose_forms import by_phases, transposed_direct


@pytest.mark.parametrize("padding", [0, 2])
@pytest.mark.parametrize("k", [1, 2, 3, 4, 5, 7])
@pytest.mark.parametrize("size", [(6, 8), (5, 9)])
def test_phases_are_the_transposed_convolution_at_any_size(k, padding, size, rng):
    x = jnp.asarray(rng.standard_normal((2, 3, 4, 5)).astype(np.float32))
    kernel = jnp.asarray(rng.standard_normal((k, k, 5, 3)).astype(np.float32))
    form = functools.partial(by_phases, convolution=_plain)
    options = {"padding": (padding, min(padding, 1)), "size": size}
    out, expected = jax.jit(lambda *a: (form(*a, **options), transposed_direct(*a, **options)))(
        x, kernel
    )
    assert expected.shape == (2, *size, 3)
    np.testing.assert_allclose(out, expected, rtol=0, atol=2e-5)


def _plain(x, kernel, pads):
    return direct(x, kernel, stride=1, pads=pads)


@pytest.mark.parametrize("k", [2, 3, 4, 5])
@pytest.mark.parametrize("size", [(7, 8), (6, 9)])
def test_both_forms_are_the_input_gradient_of_a_strided_convolution(k, size, rng):
    x = jnp.asarray(rng.standard_normal((1, *size, 2)).astype(np.float32))
    kernel = jnp.asarray(rng.standard_normal((k, k, 2, 3)).astype(np.float32))
    low = (k - 1) // 2
    out, pull = jax.vjp(lambda x: direct(x, kernel, stride=2, pads=((low, low), (low, low))), x)
    gradient = jnp.asarray(rng.standard_normal(out.shape).astype(np.float32))
    (expected,) = pull(gradient)
    turned = kernel.transpose(0, 1, 3, 2)
    for form in (transposed_direct, functools.partial(by_phases, convolution=_plain)):
        result = form(gradient, turned, padding=(low, low), size=size)
        np.testing.assert_allclose(result, expected, rtol=0, atol=2e-5)
