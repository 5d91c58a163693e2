"""LPIPS against reference numbers, with synthetic trunks and the published heads."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import synthetic_trunks

import spikejax as sj
from spikejax.metrics import lpips, lpips_variables

TRUNKS = {"alex": "alexnet", "vgg": "vgg16"}


def variables(net):
    return lpips_variables(net, trunk=synthetic_trunks.params(TRUNKS[net]))


def images(golden):
    return (golden("perceptual")[key].transpose(0, 2, 3, 1) for key in "ab")


@pytest.fixture
def pair(rng):
    a = rng.random((2, 33, 37, 3)).astype(np.float32)
    return a, np.clip(a + rng.normal(0, 0.1, a.shape), 0, 1).astype(np.float32)


@pytest.mark.parametrize("net", ["alex", "vgg"])
@pytest.mark.parametrize(("scaling", "suffix"), [("unit", ""), ("direct", "_unscaled")])
def test_golden(golden, net, scaling, suffix):
    expected = golden("perceptual")[f"lpips_{net}{suffix}"]
    got = lpips(*images(golden), net=net, scaling=scaling, variables=variables(net))
    np.testing.assert_allclose(got, expected, atol=1e-7)


@pytest.mark.parametrize("net", ["alex", "vgg"])
def test_the_heads_that_ship_are_the_published_ones(golden, net):
    for index, head in enumerate(variables(net)["heads"]):
        np.testing.assert_array_equal(head, golden("perceptual")[f"lpips_{net}_lin{index}"])


def test_equal_images_are_at_distance_zero_with_a_gradient_of_zero(pair):
    a = jnp.asarray(pair[0])
    for x in (a, jnp.zeros_like(a), jnp.full_like(a, 0.5)):
        value, gradient = jax.value_and_grad(
            lambda y, x=x: lpips(x, y, variables=variables("alex")).sum()
        )(x)
        assert 0 <= value < 1e-12  # the two sides may be rounded differently
        np.testing.assert_allclose(gradient, 0, atol=1e-7)


def test_features_that_are_all_zero_leave_the_gradient_finite(pair):
    dead = jax.tree.map(lambda p: -jnp.abs(p), synthetic_trunks.params("alexnet"))
    own = lpips_variables("alex", trunk=dead)
    a, b = (jnp.asarray(x) for x in pair)
    gradient = jax.grad(lambda x: lpips(x, b, scaling="unit", variables=own).sum())(a * 0 + 1)
    assert np.isfinite(gradient).all()


def test_it_is_symmetric_and_grows_with_the_noise(pair, rng):
    a, b = pair
    own = variables("alex")
    np.testing.assert_allclose(lpips(a, b, variables=own), lpips(b, a, variables=own), rtol=1e-6)
    noise = rng.normal(0, 1, a.shape).astype(np.float32)
    distances = [lpips(a, a + s * noise, variables=own).mean() for s in (0.01, 0.05, 0.2)]
    assert distances == sorted(distances)


def test_one_image_is_a_batch_of_one_and_grey_is_three_equal_channels(pair):
    a, b = pair
    own = variables("alex")
    both = lpips(a, b, variables=own)
    assert both.shape == (2,)
    one = lpips(a[1], b[1], variables=own)
    assert one.shape == ()
    np.testing.assert_allclose(one, both[1], rtol=1e-5)
    grey = lpips(a[0, ..., 0], b[0, ..., 0], variables=own)
    np.testing.assert_allclose(grey, lpips(a[:1, ..., :1], b[:1, ..., :1], variables=own)[0])
    three = lpips(a[..., :1].repeat(3, -1), b[..., :1].repeat(3, -1), variables=own)
    np.testing.assert_allclose(grey, three[0], rtol=1e-5)


def test_unit_scaling_is_direct_scaling_of_the_wider_range(pair):
    a, b = pair
    own = variables("alex")
    wide = lpips(2 * a - 1, 2 * b - 1, scaling="direct", variables=own)
    np.testing.assert_allclose(lpips(a, b, variables=own), wide, rtol=1e-5)


def test_it_is_the_same_under_jit_and_vmap(pair):
    a, b = pair
    own = variables("alex")
    plain = lpips(a, b, variables=own)
    jitted = jax.jit(lambda v, a, b: lpips(a, b, variables=v))(own, a, b)
    mapped = jax.vmap(lambda a, b: lpips(a, b, variables=own))(a, b)
    np.testing.assert_allclose(jitted, plain, rtol=1e-5)
    np.testing.assert_allclose(mapped, plain, rtol=1e-5)


@pytest.mark.parametrize(
    ("shapes", "options", "message"),
    [
        (((32, 32), (32, 33)), {}, r"differ in shape, \(32, 32\) and \(32, 33\)"),
        (((30, 40), (30, 40)), {}, r"lpips \(alex\): images are at least 31 x 31"),
        (((15, 40), (15, 40)), {"net": "vgg"}, r"lpips \(vgg\): images are at least 16 x 16"),
        (((32, 32, 2), (32, 32, 2)), {}, r"C 1 or 3, got \(32, 32, 2\)"),
        (((32, 32), (32, 32)), {"net": "squeeze"}, "'alex' or 'vgg', got 'squeeze'"),
        (((32, 32), (32, 32)), {"scaling": "stir"}, "'unit' or 'direct', got 'stir'"),
    ],
)
def test_invalid_arguments_are_refused(shapes, options, message):
    with pytest.raises(ValueError, match=message):
        lpips(*(np.zeros(s, np.float32) for s in shapes), **options)


def test_eight_bits_are_refused():
    image = np.zeros((32, 32), np.uint8)
    with pytest.raises(ValueError, match="uint8; divide 8 bits by 255"):
        lpips(image, image)


def test_heads_of_other_widths_are_refused():
    with pytest.raises(ValueError, match="heads of"):
        lpips_variables("alex", trunk={}, heads=variables("vgg")["heads"])


def test_a_missing_trunk_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.delenv("SPIKEJAX_VGG16", raising=False)
    with pytest.raises(sj.weights.WeightsError, match=r"vgg16-397923af\.pth"):
        lpips(np.zeros((32, 32), "f4"), np.zeros((32, 32), "f4"), net="vgg")


def test_a_trunk_is_loaded_from_its_file(tmp_path, monkeypatch, pair):
    path = tmp_path / "a.safetensors"
    sj.weights.save_trunk(path, "alexnet", synthetic_trunks.params("alexnet"))
    monkeypatch.setenv("SPIKEJAX_ALEXNET", str(path))
    expected = lpips(*pair, variables=variables("alex"))
    np.testing.assert_allclose(lpips(*pair), expected, rtol=1e-6)
