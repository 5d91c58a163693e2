"""LRN against a plain transcription in scipy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.signal import correlate

from spikejax import models, weights


@pytest.fixture(scope="module")
def variables():
    """Weights of the networks with 41 and 50 inputs, with biases of both signs."""
    names = {41: "lrn", 50: "lrn200"}
    return {inputs: models.create(name).init(jax.random.key(1)) for inputs, name in names.items()}


@pytest.mark.parametrize(("inputs", "count"), [(41, 180_705), (50, 185_889)])
def test_it_has_the_published_number_of_parameters(variables, inputs, count):
    assert sum(p.size for p in jax.tree.leaves(variables[inputs]["params"])) == count


@pytest.mark.parametrize(("inputs", "window"), [(41, 41), (50, 200)])
def test_it_is_five_convolutions_with_relu_between(variables, rng, inputs, window):
    model = models.create("lrn", inputs=inputs)
    assert (model.window, model.centre) == (window, window // 2)
    spikes = (rng.random((1, window, 9, 7)) < 0.4).astype(np.uint8)
    x = spikes[0].astype(np.float64)
    if window == 200:
        x = sum(x[first::4] for first in range(4))
    for index in range(1, 6):
        layer = variables[inputs]["params"][f"conv{index}"]
        kernel, bias = np.asarray(layer["kernel"], np.float64), np.asarray(layer["bias"])
        padded = np.pad(x, ((0, 0), (1, 1), (1, 1)))
        x = np.stack(
            [
                correlate(padded, np.moveaxis(kernel[..., o], -1, 0), "valid", "direct")[0]
                + bias[o]
                for o in range(kernel.shape[-1])
            ]
        )
        if index < 5:
            x = np.maximum(x, 0)
    image = model.apply(variables[inputs], spikes)
    np.testing.assert_allclose(image[0, ..., 0], x[0], rtol=1e-4, atol=1e-6)


def test_200_readouts_have_a_name_of_their_own(variables, rng):
    model = models.create("lrn200")
    assert (model.window, model.centre, model.label, model.quality) == (200, 100, "LRN 200", 0)
    state = {f"module.convs.{k}": v for k, v in weights.to_torch("lrn200", variables[50]).items()}
    back = weights.from_torch("lrn200", state)
    spikes = rng.random((1, 200, 5, 6)) < 0.4
    image = model.apply({"params": back["params"]}, spikes)
    same = models.create("lrn", inputs=50).apply(variables[50], spikes.astype(np.uint8))
    np.testing.assert_allclose(image, same, atol=1e-6)
    in_bfloat16 = models.create("lrn200", dtype=jnp.bfloat16).apply(variables[50], spikes)
    assert in_bfloat16.dtype == jnp.float32
    np.testing.assert_allclose(in_bfloat16, image, atol=0.02)


def test_weights_of_the_other_window_are_refused(variables):
    with pytest.raises(ValueError, match=r"\(64, 50, 3, 3\), expected \(64, 41, 3, 3\)"):
        weights.from_torch("lrn", weights.to_torch("lrn200", variables[50]))
    with pytest.raises(ValueError, match=r"lrn200: expected spikes \(B, 200, H, W\)"):
        models.create("lrn200").apply(variables[50], np.zeros((1, 41, 8, 8), np.uint8))


def test_create_refuses_what_it_does_not_know():
    with pytest.raises(ValueError, match=r"no network 'strir'; there are .*lrn"):
        models.create("strir")
    with pytest.raises(ValueError, match=r"network 'lrn': .*depth"):
        models.create("lrn", depth=3)
    with pytest.raises(ValueError, match=r"network 'lrn': expected inputs 41 or 50, got 200"):
        models.create("lrn", inputs=200)


@pytest.mark.parametrize("name", ["lrn", "lrn200", "stir"])
def test_a_model_says_what_it_needs(name):
    model = models.create(name)
    assert model.window in (41, 61, 200)
    assert model.centre == model.window // 2
    assert str(model.window) in model.description
