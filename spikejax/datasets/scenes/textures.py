"""What surfaces look like: noise with the spectrum of natural images, and regular patterns."""

from typing import NamedTuple

import jax
import jax.numpy as jnp


class Fill(NamedTuple):
    """How a surface is painted; every field is of one surface.

    Attributes:
        colour: (C,) mean intensity.
        tint: (C,) what a texture of one standard deviation adds.
        slope: (2,) by how much the intensity grows toward y and x, a canvas sample.
        weights: (3,) of rough noise, smooth noise, and the regular pattern.
        wave: (2,) of the regular pattern, radians a canvas sample toward y and x.
        phase: (2,) of the regular pattern along and across the wave.
        sharpness: of its edges: 1 is a sine, larger ones become bars.
        crossed: 0 for bars, 1 for checks, between them for a grid with lines.
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
    """Periodic noise of amplitude spectrum 1/f^exponent, cut off where pixels would alias.

    Natural images have an exponent near 1 (Field, J. Opt. Soc. Am. A 4, 1987).

    Args:
        key: JAX random key.
        side: of the square canvas, samples.
        exponent: of the spectrum's fall.
        density: canvas samples a pixel; frequencies above half a cycle a pixel are left out.

    Returns:
        (side, side) of zero mean and unit variance.
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
        density: canvas samples a pixel.

    Returns:
        The fills.
    """
    keys = jax.random.split(key, 12)
    grey = jax.random.uniform(keys[0], (count, 1))
    # More dark surfaces than bright ones, and some nearly black and nearly white.
    grey = jnp.where(jax.random.bernoulli(keys[1], 0.6, (count, 1)), grey**1.8, grey)
    hue = jax.random.normal(keys[2], (count, channels)) if channels > 1 else jnp.zeros((count, 1))
    saturation = 0.25 * jax.random.uniform(keys[3], (count, 1)) ** 2 * 2
    colour = jnp.clip(grey * (1 + saturation * hue), 0.0, 1.0)
    contrast = 0.5 * jax.random.uniform(keys[4], (count, 1)) ** 1.5
    room = jnp.minimum(grey, 1 - grey) + 0.08
    mixed = jax.random.uniform(keys[5], (count, 3)) < jnp.array([[0.5, 0.45, 0.35]])
    period = density * jnp.exp(jax.random.uniform(keys[6], (count,), minval=1.0, maxval=3.4))
    angle = jax.random.uniform(keys[7], (count,), maxval=2 * jnp.pi)
    upright = jax.random.bernoulli(keys[8], 0.4, (count,))
    angle = jnp.where(upright, jnp.round(angle / (jnp.pi / 2)) * (jnp.pi / 2), angle)
    wave = (2 * jnp.pi / period)[:, None] * jnp.stack([jnp.sin(angle), jnp.cos(angle)], -1)
    return Fill(
        colour=colour,
        tint=contrast * room * 1.6 * (1 + 0.5 * saturation * hue),
        slope=0.35 / 64 / density * jax.random.normal(keys[9], (count, 2)) * room,
        weights=jnp.where(mixed, jnp.array([[0.6, 0.8, 1.0]]), 0.0),
        wave=wave,
        phase=jax.random.uniform(keys[10], (count, 2), maxval=2 * jnp.pi),
        sharpness=1 + 5 * jax.random.uniform(keys[11], (count,)) ** 2,
        crossed=jnp.mod(grey[:, 0] * 7.3, 1.0) ** 2,
    )


def paint(fill: Fill, y: jax.Array, x: jax.Array, grain: jax.Array) -> jax.Array:
    """The intensity of a surface.

    Args:
        fill: one fill.
        y: (h, w) canvas coordinates from the surface's middle, downward.
        x: (h, w) the same, rightward.
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
