"""LRN against a plain transcription in scipy."""

import jax
import numpy as np
import pytest
from scipy.signal import correlate

from spikejax import models


def test_it_has_the_published_number_of_parameters():
    variables = models.create("lrn").init(jax.random.key(0))
    assert sum(p.size for p in jax.tree.leaves(variables["params"])) == 180_705


def test_it_is_five_convolutions_with_relu_between(rng):
    model = models.create("lrn")
    variables = model.init(jax.random.key(1))
    spikes = (rng.random((1, 41, 9, 7)) < 0.4).astype(np.uint8)
    x = spikes[0].astype(np.float64)
    for index in range(1, 6):
        layer = variables["params"][f"conv{index}"]
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
    image = jax.jit(model.apply)(variables, spikes)
    np.testing.assert_allclose(image[0, ..., 0], x[0], rtol=1e-4, atol=1e-6)


def test_create_refuses_what_it_does_not_know():
    with pytest.raises(ValueError, match=r"no network 'strir'; there are .*lrn"):
        models.create("strir")
    with pytest.raises(ValueError, match=r"network 'lrn': .*depth"):
        models.create("lrn", depth=3)


@pytest.mark.parametrize("name", ["lrn", "stir"])
def test_a_model_says_what_it_needs(name):
    model = models.create(name)
    assert model.window in (41, 61)
    assert model.centre == model.window // 2
    assert str(model.window) in model.description
