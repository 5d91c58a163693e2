"""The motion of layers: maps from pixels to canvas places at any time, and back.

At time t (readouts from the centre) the pixel x (y then x, from the middle of the image) shows the
canvas at

    origin + density * shear( exp(zoom t) rotation(angle + spin t) (x - v t - a t^2 / 2) ),

where `shear` bends the layer by two waves that travel over it: first rows by columns, then columns
by rows. The inverse is exact.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp


class Motion(NamedTuple):
    """The motion of one layer, or of several along a leading axis.

    Attributes:
        origin: (2,) canvas samples, the place in the middle of the image at time 0.
        velocity: (2,) pixels per readout.
        acceleration: (2,) pixels per readout squared.
        angle: radians, at time 0.
        spin: radians per readout.
        zoom: relative growth per readout of the visible part of the canvas; a positive value makes
            the layer shrink.
        bend: (2,) pixels, heights of the waves.
        wave: (2,) periods per pixel.
        phase: (2,) periods, at time 0.
        pulse: (2,) periods per readout.
    """

    origin: jax.Array
    velocity: jax.Array
    acceleration: jax.Array
    angle: jax.Array
    spin: jax.Array
    zoom: jax.Array
    bend: jax.Array
    wave: jax.Array
    phase: jax.Array
    pulse: jax.Array


def draw_motions(
    key: jax.Array, layers: int, *, side: int, speed: float, fastest: float, still: float
) -> Motion:
    """Draws the motions of the layers of a scene.

    A layer has the motion of the camera, which is stronger for nearer layers, and a motion of its
    own.

    Args:
        key: JAX random key.
        layers: number of layers, the farthest first.
        side: S, samples per side of the canvases.
        speed: median speed, pixels per readout; the distribution is log-normal.
        fastest: highest speed, pixels per readout.
        still: probability that nothing moves.

    Returns:
        The motions, with a leading axis of `layers`.
    """
    of_even, of_normal = jax.random.split(key)
    even = jax.random.uniform(of_even, (12, layers + 1))
    normal = jax.random.normal(of_normal, (7, layers + 1))
    speeds = speed * jnp.exp(0.9 * normal[0])
    ways = 2 * jnp.pi * even[0]
    velocities = speeds[:, None] * jnp.stack([jnp.sin(ways), jnp.cos(ways)], -1)
    camera, own = velocities[:1], 0.7 * velocities[1:]
    own = own.at[0].set(0.0)
    near = jnp.linspace(0.7, 1.3, layers)[:, None] if layers > 1 else jnp.ones((1, 1))
    velocity = camera * near + own
    norm = jnp.linalg.norm(velocity, axis=-1, keepdims=True)
    velocity = velocity * jnp.minimum(1.0, fastest / jnp.maximum(norm, 1e-6))
    moves = jnp.where(even[1, 0] < still, 0.0, 1.0)
    even, normal = even[:, 1:], normal[:, 1:]
    # Over a window of 61 readouts the acceleration changes the velocity by about a quarter.
    acceleration = 0.004 * (norm + 0.3 * speed) * normal[1:3].T
    strong = even[2] ** 3
    return Motion(
        origin=side * even[3:5].T,
        velocity=moves * velocity,
        acceleration=moves * acceleration,
        angle=2 * jnp.pi * even[5],
        spin=moves * 0.012 * strong * normal[3],
        zoom=moves * 0.006 * strong * normal[4],
        bend=1.5 * even[6:8].T ** 3,
        wave=1 / (40.0 + 120.0 * even[8:10].T),
        phase=even[10:12].T,
        pulse=moves * 0.01 * normal[5:7].T,
    )


def to_canvas(
    motion: Motion, time: jax.Array, y: jax.Array, x: jax.Array, *, density: float
) -> tuple[jax.Array, jax.Array]:
    """Maps pixels to places on the canvas of a layer.

    Args:
        motion: motion of one layer.
        time: () readouts from the centre.
        y: (...) pixels from the middle of the image, downward.
        x: (...) pixels from the middle of the image, rightward.
        density: canvas samples per pixel.

    Returns:
        Rows and columns of the canvas, (...), not wrapped.
    """
    moved = motion.velocity * time + 0.5 * motion.acceleration * time**2
    y, x = y - moved[0], x - moved[1]
    angle, scale = motion.angle + motion.spin * time, jnp.exp(motion.zoom * time)
    cos, sin = scale * jnp.cos(angle), scale * jnp.sin(angle)
    y, x = cos * y + sin * x, cos * x - sin * y
    y = y + _ripple(motion, 0, x, time)
    x = x + _ripple(motion, 1, y, time)
    return motion.origin[0] + density * y, motion.origin[1] + density * x


def to_picture(
    motion: Motion, time: jax.Array, row: jax.Array, column: jax.Array, *, density: float
) -> tuple[jax.Array, jax.Array]:
    """Maps places on the canvas of a layer to pixels, the inverse of `to_canvas`.

    Args:
        motion: motion of one layer.
        time: () readouts from the centre.
        row: (...) rows of the canvas, not wrapped.
        column: (...) columns of the canvas, not wrapped.
        density: canvas samples per pixel.

    Returns:
        y and x, (...), pixels from the middle of the image.
    """
    y, x = (row - motion.origin[0]) / density, (column - motion.origin[1]) / density
    x = x - _ripple(motion, 1, y, time)
    y = y - _ripple(motion, 0, x, time)
    angle, scale = motion.angle + motion.spin * time, jnp.exp(-motion.zoom * time)
    cos, sin = scale * jnp.cos(angle), scale * jnp.sin(angle)
    y, x = cos * y - sin * x, cos * x + sin * y
    moved = motion.velocity * time + 0.5 * motion.acceleration * time**2
    return y + moved[0], x + moved[1]


def _ripple(motion: Motion, axis: int, along: jax.Array, time: jax.Array) -> jax.Array:
    """Returns a wave of parabolas, which looks like a sine at a fraction of its cost."""
    turns = motion.wave[axis] * along + (motion.phase[axis] + motion.pulse[axis] * time)
    side = 2 * (turns - jnp.floor(turns)) - 1
    return 4 * motion.bend[axis] * side * (1 - jnp.abs(side))
