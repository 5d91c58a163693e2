"""What the tests of the zoo's recurrent networks share."""

import jax
import jax.numpy as jnp
import numpy as np

AS_SHIPPED = {"xla_backend_optimization_level": 3}
"""For what is held against the reference, other than most that tests compile."""


def is_finite_in_bfloat16(model, variables, shape, rng):
    """Checks image, state and gradient of a network that computes in bfloat16."""
    batch, height, width = shape
    spikes = (rng.random((batch, model.window, height, width)) < 0.3).astype(np.uint8)
    start = model.stream.init(variables, shape)

    def loss(params):
        changed = {**variables, "params": params}
        state, image = model.stream.step(changed, start, spikes)
        return image.mean(), (state, image)

    gradient, (state, image) = jax.jit(jax.grad(loss, has_aux=True))(variables["params"])
    assert image.shape == (*shape, 1) and image.dtype == jnp.float32
    assert all(leaf.dtype == jnp.float32 for leaf in jax.tree.leaves(state))
    for leaf in jax.tree.leaves((gradient, state, image)):
        assert bool(jnp.isfinite(leaf).all())
