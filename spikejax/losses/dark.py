"""A loss that sees errors in dark areas as well as in bright ones."""

import jax
import jax.numpy as jnp


def root_loss(image: jax.Array, target: jax.Array, *, offset: float = 0.004) -> jax.Array:
    """Mean absolute difference of square roots, which makes the noise of counted spikes uniform.

    The root is continued to negative values as an odd function, so that images need no clipping:
    sign(x) (sqrt(|x| + offset) - sqrt(offset)). Its slope at zero is 1 / (2 sqrt(offset)).

    Args:
        image: floating, any shape, spikes per readout.
        target: the same shape.
        offset: spikes per readout, above 0; darker values count almost linearly.

    Returns:
        A scalar, float32.

    Raises:
        ValueError: if the shapes differ or `offset` is not positive.

    Source: F. J. Anscombe, "The transformation of Poisson, binomial and negative-binomial data",
    Biometrika 1948.
    """
    if image.shape != target.shape:
        raise ValueError(
            f"root_loss: image {image.shape} and target {target.shape} differ in shape"
        )
    if not offset > 0:
        raise ValueError(f"root_loss: expected a positive offset, got {offset}")
    return jnp.mean(jnp.abs(_root(image, offset) - _root(target, offset)))


def _root(x: jax.Array, offset: float) -> jax.Array:
    x = jnp.asarray(x, jnp.float32)
    return x / (
        jnp.sqrt(jnp.abs(x) + offset) + offset**0.5
    )  # its gradient at 0 is that of the root
