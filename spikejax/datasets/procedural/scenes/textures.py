"""Textures of surfaces: noise with the spectrum of natural images, and regular patterns."""

from typing import NamedTuple

import jax
import jax.numpy as jnp


class Fill(NamedTuple):
    """The colours and textures of a surface.

    Attributes:
        colour: (C,) mean intensity.
        tint: (C,) intensity that one standard deviation of the texture adds.
        slope: (2,) growth of the intensity toward y and x, per canvas sample.
        weights: (3,) weights of rough noise, smooth noise, and the regular pattern.
        wave: (2,) frequency of the regular pattern toward y and x, radians per canvas sample.
        phase: (2,) phase of the regular pattern along and across the wave.
        sharpness: sharpness of its edges: 1 for a sine, larger values approach bars.
        crossed: 0 for bars, 1 for checks, values in between for a grid with lines.
    """

    colour: jax.Array
    tint: jax.Array
    slope: jax.Array
    weights: jax.Array
    wave: jax.Array
    phase: jax.Array
    sharpness: jax.Array
    crossed: jax.Array


def noise(key: jax.Array, side: int, *, exponent: float, density: float) -> jax.Array:
    """Draws periodic noise with amplitude spectrum 1/f^exponent, cut off where pixels would alias.

    Natural images have an exponent near 1 (Field, J. Opt. Soc. Am. A 4, 1987).

    Args:
        key: JAX random key.
        side: samples per side of the square canvas.
        exponent: exponent of the spectrum.
        density: canvas samples per pixel; frequencies above half a cycle per pixel are omitted.

    Returns:
        (side, side) with zero mean and unit variance.
    """
    f = jnp.hypot(jnp.fft.fftfreq(side)[:, None], jnp.fft.rfftfreq(side)[None])
    keep = jnp.where(f > 0, jax.nn.sigmoid((0.45 - f * density) / 0.03), 0.0)
    amplitude = keep * jnp.maximum(f, 1 / side) ** -exponent
    spectrum = jnp.fft.rfft2(jax.random.normal(key, (side, side)))
    field = jnp.fft.irfft2(spectrum * amplitude.astype(spectrum.dtype))
    return field / jnp.std(field)


def draw_fills(key: jax.Array, count: int, channels: int, *, density: float) -> Fill:
    """Draws `count` fills, each field with a leading axis of `count`.

    Args:
        key: JAX random key.
        count: number of fills.
        channels: 1 for grey, 3 for colour.
        density: canvas samples per pixel.

    Returns:
        The fills.
    """
    of_even, of_normal = jax.random.split(key)
    # A single draw, because many small ones take long to compile.
    even = jax.random.uniform(of_even, (14, count))
    normal = jax.random.normal(of_normal, (5, count))
    # Dark surfaces are more frequent than bright ones; some are nearly black or white.
    grey = jnp.where(even[0] < 0.6, even[1] ** 1.8, even[1])[:, None]
    saturation = 0.5 * even[2][:, None] ** 2
    hue = normal[:3].T if channels == 3 else jnp.zeros((count, channels))
    contrast = 0.5 * even[3][:, None] ** 1.5
    room = jnp.minimum(grey, 1 - grey) + 0.08
    mixed = jnp.array([[0.5, 0.45, 0.35]]) > even[4:7].T
    period = density * jnp.exp(1.0 + 2.4 * even[7])
    angle = 2 * jnp.pi * even[8]
    angle = jnp.where(even[9] < 0.4, jnp.round(angle / (jnp.pi / 2)) * (jnp.pi / 2), angle)
    wave = (2 * jnp.pi / period)[:, None] * jnp.stack([jnp.sin(angle), jnp.cos(angle)], -1)
    return Fill(
        colour=jnp.clip(grey * (1 + saturation * hue), 0.0, 1.0),
        tint=contrast * room * 1.6 * (1 + 0.5 * saturation * hue),
        slope=0.35 / 64 / density * normal[3:].T * room,
        weights=jnp.where(mixed, jnp.array([[0.6, 0.8, 1.0]]), 0.0),
        wave=wave,
        phase=2 * jnp.pi * even[10:12].T,
        sharpness=1 + 5 * even[12] ** 2,
        crossed=even[13] ** 2,
    )


def paint(fill: Fill, y: jax.Array, x: jax.Array, grain: jax.Array) -> jax.Array:
    """Returns the intensity of a surface.

    Args:
        fill: one fill.
        y: (h, w) canvas coordinates from the middle of the surface, downward.
        x: (h, w) canvas coordinates from the middle of the surface, rightward.
        grain: (2, h, w) noise of unit variance, rough and smooth.

    Returns:
        (C, h, w) intensity, in [0, 1].
    """
    along = jnp.sin(fill.wave[0] * y + fill.wave[1] * x + fill.phase[0])
    across = jnp.sin(fill.wave[1] * y - fill.wave[0] * x + fill.phase[1])
    regular = along * (1 - fill.crossed) + along * across * fill.crossed * 1.4
    regular = jnp.clip(fill.sharpness * regular, -1, 1)
    texture = fill.weights[0] * grain[0] + fill.weights[1] * grain[1]
    texture = texture + fill.weights[2] * regular
    shade = jnp.clip(fill.slope[0] * y + fill.slope[1] * x, -0.3, 0.3)
    colour, tint = fill.colour.reshape(-1, 1, 1), fill.tint.reshape(-1, 1, 1)
    return jnp.clip(colour + tint * texture[None] + shade[None], 0.0, 1.0)
