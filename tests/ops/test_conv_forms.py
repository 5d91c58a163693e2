"""Tests of every form against `direct`, also for shapes where `conv_cpu` does not choose it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from spikejax.ops import conv_forms as forms

PADS = {"uneven": ((2, 0), (3, 1)), "cropping": ((1, -1), (-1, 2))}


def normal(rng, *shape):
    return jnp.asarray(rng.standard_normal(shape).astype(np.float32))


def assert_same(form, expected, x, kernel):
    """Asserts that the values and both gradients agree."""

    @jax.jit
    def all_of(x, kernel):
        results = []
        for function in (form, expected):
            out, pull = jax.vjp(function, x, kernel)
            weight = jnp.cos(jnp.arange(float(out.size))).reshape(out.shape)
            results.append((out, *pull(weight)))
        return results

    for ours, plain in zip(*all_of(x, kernel), strict=True):
        assert ours.shape == plain.shape
        scale = float(jnp.abs(plain).max())
        np.testing.assert_allclose(ours, plain, rtol=0, atol=1e-5 * scale)


@pytest.mark.parametrize("pads", PADS.values(), ids=PADS.keys())
@pytest.mark.parametrize("stride", [1, 2])
def test_aligned(pads, stride, rng):
    assert_same(
        lambda x, k: forms.aligned(x, k, stride=stride, pads=pads, inputs=8, outputs=16),
        lambda x, k: forms.direct(x, k, stride=stride, pads=pads),
        normal(rng, 2, 5, 6, 3),
        normal(rng, 3, 3, 3, 9),
    )


@pytest.mark.parametrize("pads", PADS.values(), ids=PADS.keys())
@pytest.mark.parametrize("outputs", [1, 7])
def test_product_then_shifts(pads, outputs, rng):
    assert_same(
        lambda x, k: forms.product_then_shifts(x, k, pads=pads),
        lambda x, k: forms.direct(x, k, stride=1, pads=pads),
        normal(rng, 2, 5, 6, 10),
        normal(rng, 3, 2, 10, outputs),
    )


@pytest.mark.parametrize("pads", PADS.values(), ids=PADS.keys())
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize(("inputs", "groups"), [(2, 1), (1, 6), (3, 2)])
def test_shifted_products(pads, stride, inputs, groups, rng):
    assert_same(
        lambda x, k: forms.shifted_products(x, k, stride=stride, pads=pads, groups=groups),
        lambda x, k: forms.direct(x, k, stride=stride, pads=pads, groups=groups),
        normal(rng, 2, 5, 6, inputs * groups),
        normal(rng, 3, 3, inputs, inputs * groups),
    )


@pytest.mark.parametrize("pads", PADS.values(), ids=PADS.keys())
@pytest.mark.parametrize("columns", [2, 4])
@pytest.mark.parametrize("width", [5, 6])
def test_packed_columns(pads, columns, width, rng):
    assert_same(
        lambda x, k: forms.packed_columns(x, k, pads=pads, columns=columns),
        lambda x, k: forms.direct(x, k, stride=1, pads=pads),
        normal(rng, 1, 5, width, 2),
        normal(rng, 3, 4, 2, 3),
    )


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("outputs", [5, 8])
def test_pointwise(stride, outputs, rng):
    assert_same(
        lambda x, k: forms.pointwise(x, k, stride=stride, outputs=outputs),
        lambda x, k: forms.direct(x, k, stride=stride, pads=((0, 0), (0, 0))),
        normal(rng, 2, 5, 6, 3),
        normal(rng, 1, 1, 3, 5),
    )


@pytest.mark.parametrize("pads", PADS.values(), ids=PADS.keys())
@pytest.mark.parametrize("stride", [1, 2])
def test_separate_groups(pads, stride, rng):
    assert_same(
        lambda x, k: forms.separate_groups(x, k, stride=stride, pads=pads, groups=3),
        lambda x, k: forms.direct(x, k, stride=stride, pads=pads, groups=3),
        normal(rng, 1, 5, 6, 12),
        normal(rng, 3, 3, 4, 6),
    )
