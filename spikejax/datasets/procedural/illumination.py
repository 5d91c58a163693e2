"""Dim and uneven illumination of procedural scenes: level, vignette, and areas in shadow."""

import jax
import jax.numpy as jnp

_SHADED = 0.4  # share of dim scenes with an area in shadow
_DEEPEST = 0.01  # light of the deepest shadow, over that around it


def draw_illumination(
    keys: jax.Array, height: int, width: int, *, dim: float, darkest: float
) -> jax.Array:
    """Draws the factor by which each pixel of a scene is lit; it stays with the camera.

    A dim scene has a level, log-uniform from `darkest` to 1, a vignette (the fourth power of a
    cosine, around any centre), and in some an area in shadow with an edge of any softness, so that
    black areas meet bright ones.

    Args:
        keys: (B,) JAX random keys, one per scene.
        height: H, pixels.
        width: W, pixels.
        dim: share of dim scenes, from 0 to 1.
        darkest: the lowest level of a dim scene, above 0 and at most 1.

    Returns:
        (B, H, W) factors in (0, 1], 1 everywhere in scenes that are not dim.
    """
    y, x = jnp.meshgrid(
        jnp.linspace(-1.0, 1.0, height), jnp.linspace(-1.0, 1.0, width), indexing="ij"
    )

    def one(key: jax.Array) -> jax.Array:
        keys = jax.random.split(key, 4)
        level = jnp.exp(jax.random.uniform(keys[0], minval=jnp.log(darkest), maxval=0.0))
        factor = level * _vignette(keys[1], y, x) * _shadow(keys[2], y, x)
        return jnp.where(jax.random.bernoulli(keys[3], dim), factor, 1.0)

    return jax.vmap(one)(keys)


def _vignette(key: jax.Array, y: jax.Array, x: jax.Array) -> jax.Array:
    keys = jax.random.split(key)
    centre = jax.random.uniform(keys[0], (2,), minval=-0.5, maxval=0.5)
    strength = jax.random.uniform(keys[1]) ** 2  # most vignettes are weak
    return (1 + strength * ((y - centre[0]) ** 2 + (x - centre[1]) ** 2)) ** -2


def _shadow(key: jax.Array, y: jax.Array, x: jax.Array) -> jax.Array:
    """Half a plane in shadow, bounded by a line through any point of the image."""
    keys = jax.random.split(key, 5)
    angle = jax.random.uniform(keys[0], maxval=2 * jnp.pi)
    point = jax.random.uniform(keys[1], (2,), minval=-0.8, maxval=0.8)
    beyond = jnp.sin(angle) * (y - point[0]) + jnp.cos(angle) * (x - point[1])
    softness = jnp.exp(jax.random.uniform(keys[2], minval=jnp.log(0.02), maxval=0.0))
    depth = jnp.exp(jax.random.uniform(keys[3], minval=jnp.log(_DEEPEST), maxval=0.0))
    factor = 1 - (1 - depth) * jax.nn.sigmoid(beyond / softness)
    return jnp.where(jax.random.bernoulli(keys[4], _SHADED), factor, 1.0)
