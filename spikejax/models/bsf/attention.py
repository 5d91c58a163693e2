"""BSF's attention from the patches of one image to the patches around them in another."""

import flax.linen as nn
import jax
import jax.numpy as jnp

from spikejax import ops
from spikejax.models import initializers, layers

PATCH = 3
_OUTSIDE = -99.0
"""The logit of a key outside the image, as published."""


class PatchAttention(nn.Module):
    """Adds to an image the result of attention from a key image to it, patch by patch.

    The 9 pixels of a 3x3 patch of the key image attend to the 9x9 pixels around the patch in the
    other. The cost per pixel does not depend on the size of the image. The result starts as the
    other image, because the factor `gamma` starts at 0.
    """

    @nn.compact
    def __call__(self, key_image: jax.Array, image: jax.Array) -> jax.Array:
        """Key image, image, both (B, H, W, C) -> (B, H, W, C)."""
        _, height, width, channels = image.shape
        gamma = self.param("gamma", initializers.zeros, (1,)).astype(image.dtype)

        def project(name: str, x: jax.Array) -> jax.Array:
            x, _ = ops.pad_to_multiple(x, PATCH, sides="end", fill="zeros")
            return layers.Conv(channels, size=1, use_bias=False, name=name)(x)

        query = project("query", key_image)
        key = project("key", image) * channels**-0.5
        attended = patch_attention(query, key, project("value", image), (height, width))
        return image + gamma[None, None, None] * attended[:, :height, :width]


def patch_attention(
    query: jax.Array, key: jax.Array, value: jax.Array, size: tuple[int, int]
) -> jax.Array:
    """Attends from every 3x3 patch to the 9x9 pixels around it.

    The neighbourhoods are handled as three rows of three patches, so that an image is copied three
    times at a time rather than nine.

    Args:
        query: (B, H, W, C), H and W multiples of 3.
        key: (B, H, W, C), 0 outside `size`.
        value: (B, H, W, C), 0 outside `size`.
        size: rows and columns before padding; keys outside have the logit -99.

    Returns:
        (B, H, W, C), the mean of the values weighted by softmax(query . key).
    """
    queries, values = _patches(query), _patch_rows(_patches(value))
    logits = [
        jnp.einsum("bhwkc,bhwqc->bhwkq", keys, queries, preferred_element_type=jnp.float32) + bias
        for keys, bias in zip(
            _patch_rows(_patches(key)), _patch_rows(_bias(query, size), _OUTSIDE), strict=True
        )
    ]
    weights = jax.nn.softmax(jnp.concatenate(logits, -2), axis=-2).astype(value.dtype)
    attended = [
        jnp.einsum("bhwkq,bhwkc->bhwqc", part, x)
        for part, x in zip(jnp.split(weights, 3, -2), values, strict=True)
    ]
    return _image(attended[0] + attended[1] + attended[2])


def _bias(image: jax.Array, size: tuple[int, int]) -> jax.Array:
    """Returns what is added to the logits of the keys, 0 or -99, (1, H / 3, W / 3, 9, 1)."""
    _, height, width, _ = image.shape
    rows, columns = jnp.arange(height) < size[0], jnp.arange(width) < size[1]
    inside = rows[None, :, None, None] & columns[None, None, :, None]
    return _patches(jnp.where(inside, 0.0, _OUTSIDE).astype(jnp.float32))


def _patches(x: jax.Array) -> jax.Array:
    """(B, H, W, C) -> (B, H / 3, W / 3, 9, C)."""
    B, H, W, C = x.shape
    x = x.reshape(B, H // PATCH, PATCH, W // PATCH, PATCH, C).transpose(0, 1, 3, 2, 4, 5)
    return x.reshape(B, H // PATCH, W // PATCH, PATCH**2, C)


def _image(patches: jax.Array) -> jax.Array:
    """(B, H / 3, W / 3, 9, C) -> (B, H, W, C)."""
    B, h, w, _, C = patches.shape
    x = patches.reshape(B, h, w, PATCH, PATCH, C).transpose(0, 1, 3, 2, 4, 5)
    return x.reshape(B, h * PATCH, w * PATCH, C)


def _patch_rows(patches: jax.Array, outside: float = 0.0) -> list[jax.Array]:
    """(B, h, w, 9, C) -> the rows above, at and below, each of three patches: (B, h, w, 27, C)."""
    _, h, w, _, _ = patches.shape
    widths = ((0, 0), (1, 1), (1, 1), (0, 0), (0, 0))
    padded = jnp.pad(patches, widths, constant_values=outside)
    rows = jnp.concatenate([padded[:, :, j : j + w] for j in range(3)], 3)
    return [rows[:, i : i + h] for i in range(3)]
