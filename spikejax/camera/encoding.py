"""Conversion between stored image values and linear light."""

from typing import Any

import jax
import jax.numpy as jnp

from spikejax.camera.neuron import checked_floats

Encoding = str | float
"""'srgb', 'linear', or the exponent of a power law such as 2.2."""


def to_linear(image: Any, encoding: Encoding = "srgb") -> jax.Array:
    """Decodes stored image values to linear intensity.

    Args:
        image: (...) float, stored values in [0, 1].
        encoding: 'srgb' (IEC 61966-2-1, the encoding of photographs and most videos), 'linear'
            (stored values are light: raw data and the published simulated datasets), or g for
            light = value^g.

    Returns:
        (...) of the same dtype, in [0, 1].

    Raises:
        ValueError: if the values are not floating or the encoding is unknown.
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
    """Encodes linear light as stored image values, the inverse of `to_linear`.

    Args:
        light: (...) float, linear intensity in [0, 1].
        encoding: as in `to_linear`.

    Returns:
        (...) of the same dtype, stored values in [0, 1].

    Raises:
        ValueError: if the values are not floating or the encoding is unknown.
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
    """Returns a valid encoding: 'srgb', 'linear' or a number.

    Raises:
        ValueError: if the encoding is unknown.
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
