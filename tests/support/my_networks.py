"""Two networks as a user would add them: one reads windows, one has a memory."""

import flax.linen as nn
import jax
import jax.numpy as jnp

import spikejax as sj


class Mine(nn.Module):
    @nn.compact
    def __call__(self, spikes):
        x = jnp.moveaxis(spikes, 1, -1).astype(jnp.float32)
        return nn.Conv(1, (3, 3))(x)


@sj.models.register("mine")
def create_mine():
    net = Mine()
    return sj.models.Model(
        name="mine",
        description="spikes (B, 9, H, W) -> spikes per readout (B, H, W, 1); one convolution",
        window=9,
        module=net,
        init=lambda key: net.init(key, jnp.zeros((1, 9, 8, 8))),
        apply=net.apply,
    )


@sj.models.register("leaky")
def create_leaky():
    """An average over time whose decay is learned."""

    def step(variables, state, window):
        keep = jax.nn.sigmoid(variables["params"]["keep"])
        state = keep * state + (1 - keep) * window.astype(jnp.float32).mean(1)[..., None]
        return state, state

    return sj.models.Model(
        name="leaky",
        description="spikes (B, 20, H, W) and a state -> spikes per readout (B, H, W, 1)",
        window=20,
        module=None,
        init=lambda key: {"params": {"keep": jnp.zeros(())}},
        stream=sj.models.Stream(
            init=lambda variables, shape: jnp.zeros((*shape, 1)), step=step, warmup=3
        ),
    )
