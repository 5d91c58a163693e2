"""BSF against the reference numbers, and its attention against a loop over the pixels."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import zoo_golden
from zoo_golden import channels_first

from spikejax import models, ops, weights
from spikejax.models import bsf
from spikejax.models.bsf.attention import patch_attention

NAMED = {"encoder", "attention", "offsets", "alignment"}


@pytest.fixture(scope="module")
def file():
    return zoo_golden.read("bsf")


@pytest.fixture(scope="module")
def variables():
    return weights.from_torch("bsf", zoo_golden.state_dict("bsf"))


@pytest.fixture(scope="module")
def run():
    """Interval sums -> image and what the submodules in `NAMED` return. Compiled once for all."""
    module = models.create("bsf").module

    @jax.jit
    def run(variables, sums):
        return module.apply(
            variables,
            sums,
            method="from_intervals",
            capture_intermediates=lambda submodule, _: submodule.name in NAMED,
            mutable=["intermediates"],
        )

    return run


@pytest.fixture(scope="module")
def output(file, variables, run):
    """Image and intermediate tensors for the spikes of the reference."""
    return run(variables, sums_of(file))


@pytest.fixture(scope="module")
def apply_cropped(variables):
    """The network itself on a size that is no multiple of 4."""
    return lambda spikes: models.create("bsf").apply(variables, spikes[:, :, :14, :21])


def sums_of(file, prefix=""):
    return bsf.IntervalSums(
        *(jnp.asarray(file[prefix + name], jnp.int32) for name in bsf.IntervalSums._fields)
    )


def spikes_of(file):
    start, stop = file["used"]
    return zoo_golden.unpacked(file)[:, start:stop]


def intermediate(output, *path):
    tensors = output[1]["intermediates"]
    for name in path:
        tensors = tensors[name]
    return tensors["__call__"]


def test_it_has_the_published_number_of_parameters():
    variables = jax.eval_shape(models.create("bsf").init, jax.random.key(0))
    assert sum(p.size for p in jax.tree.leaves(variables)) == 2_476_870


def test_images_agree_with_the_reference(file, output):
    np.testing.assert_allclose(channels_first(output[0]), file["image"], atol=1e-5)


def test_images_from_published_intervals_agree_with_the_reference(file, variables, run):
    image, _ = run(variables, sums_of(file, "published_"))
    np.testing.assert_allclose(channels_first(image), file["image_published_intervals"], atol=1e-5)


def test_intermediate_tensors_agree_with_the_reference(file, output):
    batch = 2
    key_features = intermediate(output, "encoder")[0][2 * batch]
    attended = intermediate(output, "alignment", "attention")[0][0]  # level 3 comes first
    offsets = intermediate(output, "alignment", "level1", "offsets")[0][0]
    aligned = intermediate(output, "alignment")[0][3 * batch]
    for name, tensor, channels in (
        ("features_2", key_features, 16),
        ("attention_level3_0", attended, 64),
        ("offsets_level1_0", offsets, 36),
        ("aligned_3", aligned, 16),
    ):
        got = channels_first(tensor[None, ..., :channels])
        np.testing.assert_allclose(got, file[name], rtol=2e-6, atol=1e-5, err_msg=name)


def test_images_do_not_depend_on_the_batch(file, output, variables, run):
    swapped = jax.tree.map(lambda x: x[::-1], sums_of(file))
    np.testing.assert_allclose(run(variables, swapped)[0], output[0][::-1], atol=1e-6)


def test_other_sizes_are_padded_by_repeating_the_last_rows(file, variables, run, apply_cropped):
    spikes = spikes_of(file)
    rows, columns = [*range(14), 12, 13], [*range(21), 18, 19, 20]
    by_hand = jax.jit(bsf.interval_sums)(spikes[:, :, rows][..., columns])
    image = apply_cropped(spikes)
    assert image.shape == (2, 14, 21, 1)
    np.testing.assert_allclose(image, run(variables, by_hand)[0][:, :14, :21], atol=1e-6)


@pytest.mark.parametrize("rate", [0, 1])
def test_the_image_is_finite_where_nothing_or_everything_fires(file, apply_cropped, rate):
    assert np.isfinite(apply_cropped(np.full_like(spikes_of(file), rate))).all()


@pytest.mark.slow
@pytest.mark.parametrize(("dtype", "size"), [(jnp.bfloat16, (5, 3)), (jnp.float32, (17, 23))])
def test_images_and_gradients_of_all_parameters_are_finite(variables, rng, dtype, size):
    spikes = (rng.random((1, 61, *size)) < 0.4).astype(np.uint8)
    apply = models.create("bsf", dtype=dtype).apply

    def loss(params):
        image = apply({"params": params}, spikes)
        return jnp.abs(image).sum(), image

    gradient, image = jax.jit(jax.grad(loss, has_aux=True))(variables["params"])
    assert image.shape == (1, *size, 1)
    assert image.dtype == jnp.float32
    assert np.isfinite(image).all()
    for path, value in jax.tree.leaves_with_path(gradient):
        assert value.dtype == jnp.float32
        assert np.isfinite(value).all(), path
        assert np.any(value != 0), path


def test_the_attention_starts_switched_off_and_the_offsets_do_not():
    @jax.jit  # of all initial values, only these are computed
    def initial(key):
        params = models.create("bsf").init(key)["params"]["alignment"]
        offsets = params["level3"]["offsets"]["conv2"]["kernel"]
        return params["attention"]["gamma"], params["deform"], offsets

    gamma, deform, offsets = initial(jax.random.key(0))
    assert gamma == 0
    assert all(0.9 / 24 < np.abs(x).max() <= 1 / 24 for x in (deform["kernel"], deform["bias"]))
    assert 0.9 / 24 < np.abs(offsets).max() <= 1 / 24


@pytest.mark.parametrize("size", [(7, 5), (1, 2), (6, 3)])
def test_patch_attention_agrees_with_a_loop_over_the_pixels(size, rng):
    query, key, value = 4 * rng.standard_normal((3, *size, 4)).astype(np.float32)
    padded = [
        ops.pad_to_multiple(jnp.asarray(x[None]), 3, sides="end", fill="zeros")[0]
        for x in (query, key, value)
    ]
    got = jax.jit(patch_attention, static_argnums=3)(*padded, size)
    for y, x in np.ndindex(size):
        logits, values = [], []
        for row in range(y // 3 * 3 - 3, y // 3 * 3 + 6):
            for column in range(x // 3 * 3 - 3, x // 3 * 3 + 6):
                inside = 0 <= row < size[0] and 0 <= column < size[1]
                logits.append(query[y, x] @ key[row, column] if inside else -99)
                values.append(value[row, column] if inside else np.zeros(4))
        factors = np.exp(np.array(logits) - max(logits))
        expected = factors @ np.array(values) / factors.sum()
        np.testing.assert_allclose(got[0, y, x], expected, atol=1e-5)


@pytest.mark.parametrize("shape", [(61, 16, 16), (1, 41, 16, 16), (1, 61, 0, 16)])
def test_a_wrong_shape_is_refused(variables, shape):
    with pytest.raises(ValueError, match="bsf: expected"):
        models.create("bsf").apply(variables, np.zeros(shape, np.uint8))


def test_interval_sums_of_different_shapes_are_refused(variables):
    sums = [np.ones((1, 61, 8, size), np.int32) for size in (8, 8, 8, 4)]
    with pytest.raises(ValueError, match="bsf: expected four interval sums"):
        bsf.apply_to_intervals(variables, sums)
