"""From the values that a picture file stores to light, and back."""

from typing import Any

import jax
import jax.numpy as jnp

from spikejax.camera.neuron import checked_floats

Encoding = str | float
"""'srgb', 'linear', or the exponent of a power law such as 2.2."""


def to_linear(image: Any, encoding: Encoding = "srgb") -> jax.Array:
    """Undoes the encoding of a picture: stored values to linear intensity.

    Args:
        image: (...) float, stored values in [0, 1].
        encoding: 'srgb' (IEC 61966-2-1, what photographs and most videos are made for), 'linear'
            (stored values are light: raw data, and how the published simulated datasets were
            made), or g for light = value^g.

    Returns:
        (...) of the same dtype, in [0, 1].

    Raises:
        ValueError: if the values are not floating or there is no such encoding.
    """
    image = checked_floats("to_linear", image)
    encoding = checked_encoding(encoding)
    if encoding == "linear":
        return image
    if encoding == "srgb":
        curve = ((jnp.maximum(image, 0.04045) + 0.055) / 1.055) ** 2.4
        return jnp.where(image <= 0.04045, image / 12.92, curve)
    return jnp.maximum(image, 0) ** float(encoding)


def from_linear(light: Any, encoding: Encoding = "srgb") -> jax.Array:
    """Encodes light as a picture stores it; undoes `to_linear`.

    Args:
        light: (...) float, linear intensity in [0, 1].
        encoding: as of `to_linear`.

    Returns:
        (...) of the same dtype, stored values in [0, 1].

    Raises:
        ValueError: if the values are not floating or there is no such encoding.
    """
    light = checked_floats("from_linear", light)
    encoding = checked_encoding(encoding)
    if encoding == "linear":
        return light
    if encoding == "srgb":
        curve = 1.055 * jnp.maximum(light, 0.0031308) ** (1 / 2.4) - 0.055
        return jnp.where(light <= 0.0031308, 12.92 * light, curve)
    return jnp.maximum(light, 0) ** (1 / float(encoding))


def checked_encoding(encoding: Encoding) -> Encoding:
    """The encoding, a number if it is one.

    Raises:
        ValueError: if there is no such encoding.
    """
    if encoding in ("srgb", "linear"):
        return encoding
    try:
        power = float(encoding)
    except (TypeError, ValueError):
        power = 0.0
    if not 0.1 <= power <= 10:
        raise ValueError(
            "encoding: expected srgb, linear or an exponent of 0.1 to 10 such as 2.2, "
            f"got {encoding!r}"
        )
    return power
