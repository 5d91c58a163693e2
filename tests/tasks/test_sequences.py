"""A network with memory in training: which windows the gradient flows through, and statistics."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from spikejax import models
from spikejax.tasks.sequences import read_in_order


def leaky(*, train=None):
    """A network whose state is decay * state + mean of the window, and whose image is its state."""

    def step(variables, state, window):
        state = variables["params"]["decay"] * state + window.astype(jnp.float32).mean(1)
        return state, state[..., None]

    return models.Model(
        name="leaky",
        description="the leaky mean",
        window=3,
        module=nn.Module(),
        init=lambda key: {"params": {"decay": jnp.float32(0.5)}},
        stream=models.Stream(
            init=lambda variables, shape: jnp.zeros(shape), step=step, train=train
        ),
    )


@pytest.fixture
def scenes(rng):
    return jnp.asarray(rng.random((2, 5, 3, 4, 6)) < 0.5, jnp.uint8)


def expected(scenes, decay, chunk):
    """The images, and the derivative of the sum of the last one by `decay`, in float64."""
    means = np.asarray(scenes, np.float64).mean(2)
    state, slope, images = np.zeros_like(means[:, 0]), np.zeros_like(means[:, 0]), []
    for number in range(means.shape[1]):
        if chunk and number % chunk == 0:
            slope = np.zeros_like(slope)
        slope = state + decay * slope
        state = decay * state + means[:, number]
        images.append(state)
    return np.stack(images, 1)[..., None], slope.sum()


@pytest.mark.parametrize("chunk", [0, 1, 2, 5])
def test_the_gradient_flows_through_the_windows_of_a_chunk(scenes, chunk):
    def last(decay):
        images, _ = read_in_order(leaky(), {"params": {"decay": decay}}, scenes, chunk=chunk)
        return images[:, -1].sum(), images

    (_, images), slope = jax.value_and_grad(last, has_aux=True)(jnp.float32(0.5))
    wanted, wanted_slope = expected(scenes, 0.5, chunk)
    np.testing.assert_allclose(images, wanted, atol=1e-6)
    np.testing.assert_allclose(slope, wanted_slope, rtol=1e-6)


def test_the_statistics_of_each_step_go_to_the_next(scenes):
    def train(variables, state, window, *, axis_name=None):
        state = state + window.astype(jnp.float32).mean(1)
        count = variables["batch_stats"]["count"]
        return state, state[..., None] * count, {"count": count + 1}

    model = leaky(train=train)
    variables = {"params": {}, "batch_stats": {"count": jnp.float32(1)}}
    images, batch_stats = read_in_order(model, variables, scenes, train=True)
    sums = np.asarray(scenes, np.float32).mean(2).cumsum(1)
    np.testing.assert_allclose(images[..., 0], sums * np.arange(1, 6)[:, None, None], rtol=1e-6)
    assert batch_stats == {"count": 6}


def test_statistics_that_training_cannot_update_are_refused(scenes):
    variables = {"params": {"decay": jnp.float32(0.5)}, "batch_stats": {"mean": jnp.zeros(())}}
    with pytest.raises(ValueError, match="leaky has batch statistics"):
        read_in_order(leaky(), variables, scenes, train=True)
